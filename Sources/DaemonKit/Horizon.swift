public import Drivers

/// The commit horizon of a kind of facts (M2): which numbers are drawn under it and how far they are all visible.
public struct Horizon: Sendable {
    /// The kind, as `billing.sequence_kinds` names it: `raw_cdr`, `rated`.
    public let kind: String

    /// The horizon of a kind.
    public init(_ kind: String) {
        self.kind = kind
    }

    /// To be called in the writer's transaction before it draws a number of this kind; held until it commits. It goes to the server
    /// with the next statement.
    public func lock(in transaction: PostgresTransaction) {
        transaction.queue("SELECT billing.lock_sequence(\(kind))")
    }

    /// The number at or below which every fact is committed and visible to the next statement.
    /// - Throws: a transient `PostgresError` when writers kept it from being read for two seconds.
    public func through(_ pool: PostgresPool) async throws -> Int64 {
        guard let row = try await pool.query("SELECT billing.horizon(\(kind)) AS through").first else {
            throw PostgresError.decoding(column: "through", reason: "no row")
        }
        return try row.value("through")
    }
}

/// One row of a daemon's own progress table (M3): through which number of a source it has handled every fact.
public struct Progress: Sendable {
    /// The daemon's table, `billing.poller_progress`.
    public let table: String
    /// The row's key: what is being read, and for what.
    public let source: String

    /// The progress of one source in one table.
    public init(table: String, source: String) {
        self.table = table
        self.source = source
    }

    /// Through which number everything is handled; 0 before the first.
    public func through(in transaction: PostgresTransaction) throws(PostgresError) -> Int64 {
        let rows = try transaction.query(
            "SELECT through_seq FROM \(identifier: table) WHERE source = \(source)")
        return try rows.first?.value("through_seq") ?? 0
    }

    /// The same, and the row stays locked until the transaction ends, so that one instance at a time moves on.
    public func lockedThrough(in transaction: PostgresTransaction, now: Int64) throws(PostgresError) -> Int64 {
        transaction.queue(
            """
            INSERT INTO \(identifier: table) (source, through_seq, updated_at)
            VALUES (\(source), 0, \(InstantText.text(now))::timestamptz)
            ON CONFLICT (source) DO NOTHING
            """)
        let rows = try transaction.query(
            "SELECT through_seq FROM \(identifier: table) WHERE source = \(source) FOR UPDATE")
        return try rows.first?.value("through_seq") ?? 0
    }

    /// Says that everything through a number is handled; it never goes back. The statement goes out with the next one, or with COMMIT.
    public func advance(in transaction: PostgresTransaction, to through: Int64, now: Int64) {
        transaction.queue(
            """
            INSERT INTO \(identifier: table) AS progress (source, through_seq, updated_at)
            VALUES (\(source), \(through), \(InstantText.text(now))::timestamptz)
            ON CONFLICT (source) DO UPDATE
            SET through_seq = greatest(progress.through_seq, excluded.through_seq), updated_at = excluded.updated_at
            """)
    }
}
