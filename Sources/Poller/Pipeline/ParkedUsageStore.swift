import Core
import DaemonKit
import Drivers
import Reference

/// Where a parked record's raw row lies.
struct ParkedPlace: Sendable, Hashable {
    let kind: RawKind
    let id: UsageID
    let day: UsageDay
    let number: Int64
    let parkedAt: Instant
}

/// An open row that the transaction has locked.
struct LockedParked: Sendable, Hashable {
    let status: ParkedUsage.Status
    /// How many corrections the record has by now.
    let corrections: Int
}

/// Reads and settles the rows of `unrated_usage`.
struct ParkedUsageStore: Sendable {
    let pool: PostgresPool

    /// Open rows of a kind that wait for reference data and were last rated with another version, the first by number.
    func unrated(_ kind: RawKind, notBy version: String, after: Int64, limit: Int) async throws -> [ParkedPlace] {
        let rows = try await pool.query(
            """
            SELECT id, raw_day, raw_seq, parked_at
            FROM billing.unrated_usage
            WHERE kind = \(kind.fact.rawValue) AND status = 'unrated' AND resolved_at IS NULL
                AND raw_seq > \(after) AND ref_version <> \(version)
            ORDER BY raw_seq
            LIMIT \(limit)
            """)
        return try rows.map { try ParkedPlace(kind: kind, $0) }
    }

    /// Waiting rows of a kind that are due, the longest due first: those that may have broken the process, or the others.
    func due(_ kind: RawKind, suspect: Bool = false, at now: Instant, limit: Int) async throws -> [ParkedPlace] {
        let rows = try await pool.query(
            """
            SELECT id, raw_day, raw_seq, parked_at
            FROM billing.unrated_usage
            WHERE kind = \(kind.fact.rawValue) AND status = 'waiting' AND resolved_at IS NULL AND retry_at <= \(now)
                AND (\(ParkedUsage.suspectFlag) = ANY (flags)) = \(suspect)
            ORDER BY retry_at
            LIMIT \(limit)
            """)
        return try rows.map { try ParkedPlace(kind: kind, $0) }
    }

    /// Which of these records wait.
    func waiting(_ kind: RawKind, among ids: [UsageID]) async throws -> Set<UsageID> {
        guard !ids.isEmpty else { return [] }
        let rows = try await pool.query(
            """
            SELECT id
            FROM billing.unrated_usage
            WHERE kind = \(kind.fact.rawValue) AND id = ANY (\(ids)) AND status = 'waiting' AND resolved_at IS NULL
            """)
        return Set(try rows.map { try $0.value("id", as: UsageID.self) })
    }

    /// Notes that a record that may have broken the process is tried now, and says how often it was; nil where it waits no more.
    func beginTry(of row: RawRow, retryAt: Instant) async throws -> Int? {
        let rows = try await pool.query(
            """
            UPDATE billing.unrated_usage SET attempts = attempts + 1, retry_at = \(retryAt)
            WHERE kind = \(row.kind.fact.rawValue) AND id = \(row.id) AND status = 'waiting' AND resolved_at IS NULL
                AND \(ParkedUsage.suspectFlag) = ANY (flags)
            RETURNING attempts - 1 AS tries
            """)
        return try rows.first?.value("tries")
    }

    /// Takes such a try back: it failed, and the process is still there.
    func endTry(of row: RawRow) async throws {
        try await pool.execute(
            """
            UPDATE billing.unrated_usage SET attempts = attempts - 1
            WHERE kind = \(row.kind.fact.rawValue) AND id = \(row.id) AND status = 'waiting' AND resolved_at IS NULL
                AND \(ParkedUsage.suspectFlag) = ANY (flags)
            """)
    }

    /// How many rows are open, by status.
    func openCounts() async throws -> [String: Int] {
        let rows = try await pool.query(
            """
            SELECT status, count(*) AS count
            FROM billing.unrated_usage
            WHERE resolved_at IS NULL
            GROUP BY status
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try $0.value("status"), try $0.value("count", as: Int.self)) })
    }

    // MARK: In a transaction

    /// The open rows among these, locked: who has the lock settles them.
    static func lockOpen(
        _ kind: RawKind, _ ids: [UsageID], in transaction: PostgresTransaction
    ) throws -> [UsageID: LockedParked] {
        let rows = try transaction.query(
            """
            SELECT id, status, corrections
            FROM billing.unrated_usage
            WHERE kind = \(kind.fact.rawValue) AND id = ANY (\(ids)) AND resolved_at IS NULL
            ORDER BY id
            FOR UPDATE
            """)
        var open: [UsageID: LockedParked] = [:]
        for row in rows {
            let status = ParkedUsage.Status(rawValue: try row.value("status"))
            guard let status else {
                throw PostgresError.decoding(column: "status", reason: "no status of parked usage")
            }
            open[try row.value("id")] = LockedParked(status: status, corrections: try row.value("corrections"))
        }
        return open
    }

    /// Closes rows whose records are rated now: `resolved_by` names the rated rows, which have the same ids.
    static func resolve(
        _ kind: RawKind, _ ids: [UsageID], resolution: String, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        guard !ids.isEmpty else { return }
        try transaction.execute(
            """
            UPDATE billing.unrated_usage
            SET resolved_at = \(now), resolved_by = id, resolution = \(resolution), retry_at = NULL
            WHERE kind = \(kind.fact.rawValue) AND id = ANY (\(ids))
            """)
    }

    /// Brings rows that stay parked up to date: what they lack now, and with which version that was found. What begins to wait is
    /// parked anew, so that it waits its full time.
    static func update(_ parked: [ParkedUsage], at now: Instant, in transaction: PostgresTransaction) throws {
        guard let kind = parked.first?.row.kind else { return }
        try transaction.execute(
            """
            UPDATE billing.unrated_usage AS parked
            SET status = news.status, flags = string_to_array(news.flags, ','), customer_ban = news.customer_ban,
                waits_for = news.waits_for, evidence = news.evidence::jsonb, ref_version = news.ref_version,
                retry_at = news.retry_at, attempts = attempts + 1,
                parked_at = CASE WHEN news.status = 'waiting'
                    AND (parked.status <> 'waiting' OR \(ParkedUsage.suspectFlag) = ANY (parked.flags)) THEN \(now)
                    ELSE parked.parked_at END
            FROM unnest(
                    \(parked.map(\.row.id)), \(parked.map(\.status.rawValue))::text[],
                    \(parked.map { $0.flags.joined(separator: ",") })::text[], \(parked.map(\.customerBAN))::text[],
                    \(parked.map(\.waitsFor)), \(parked.map { String(decoding: $0.evidence, as: UTF8.self) })::text[],
                    \(parked.map(\.refVersion))::text[], \(parked.map(\.retryAt)))
                AS news (id, status, flags, customer_ban, waits_for, evidence, ref_version, retry_at)
            WHERE parked.kind = \(kind.fact.rawValue) AND parked.id = news.id
            """)
    }

    /// Puts off waiting rows that are still due.
    func postpone(_ kind: RawKind, _ ids: [UsageID], dueAt now: Instant, until retryAt: Instant) async throws {
        guard !ids.isEmpty else { return }
        try await pool.execute(
            """
            UPDATE billing.unrated_usage
            SET retry_at = \(retryAt), attempts = attempts + 1
            WHERE kind = \(kind.fact.rawValue) AND status = 'waiting' AND resolved_at IS NULL AND id = ANY (\(ids))
                AND retry_at <= \(now)
            """)
    }
}

extension ParkedPlace {
    fileprivate init(kind: RawKind, _ row: PostgresRow) throws(PostgresError) {
        self.kind = kind
        id = try row.value("id")
        day = try row.value("raw_day")
        number = try row.value("raw_seq")
        parkedAt = try row.value("parked_at")
    }
}
