import Core
import DaemonKit
import Drivers
import Reference

/// Day partitions (M34) and their end. A day goes in two steps, each of which may be the last before a crash: it is detached while
/// writers of other days go on, and then dropped with a line in `dropped_partitions`; the next run goes on where one broke off.
struct PartitionRetention: Sendable {
    let pool: PostgresPool
    let now: Instant

    /// One day of a table.
    struct Partition: Sendable, Equatable {
        enum State: Sendable, Equatable {
            case attached
            /// A detachment was broken off in the middle: only its end is missing.
            case detaching
            case detached
        }

        let table: String
        let day: UsageDay
        let state: State
        let bytes: Int64

        var name: String { "billing.\(table)_\(day.text.replacing("-", with: ""))" }
    }

    /// What a day held when it was dropped.
    struct Dropped: Sendable, Equatable {
        let rows: Int64
        let bytes: Int64
    }

    /// Another run drops days at this moment.
    struct Busy: Error, CustomStringConvertible {
        var description: String { "another process drops partitions at this moment" }
    }

    /// All partitions, by table and day.
    func partitions() async throws -> [Partition] {
        let rows = try await pool.query(
            """
            SELECT parent.table_name, to_date(right(part.relname, 8), 'YYYYMMDD') AS day,
                inherits.inhrelid IS NOT NULL AS is_attached, coalesce(inherits.inhdetachpending, false) AS is_detaching,
                pg_total_relation_size(part.oid) AS bytes
            FROM billing.partitioned_tables AS parent
            JOIN pg_class AS part ON part.relnamespace = 'billing'::regnamespace AND part.relkind = 'r'
                AND part.relname ~ ('^' || parent.table_name || '_[0-9]{8}$')
            LEFT JOIN pg_inherits AS inherits ON inherits.inhrelid = part.oid
            ORDER BY parent.table_name, day
            """)
        return try rows.map { row in
            let (isAttached, isDetaching): (Bool, Bool) = (
                try row.value("is_attached"), try row.value("is_detaching")
            )
            return Partition(
                table: try row.value("table_name"), day: try row.value("day"),
                state: isDetaching ? .detaching : isAttached ? .attached : .detached, bytes: try row.value("bytes"))
        }
    }

    /// Why a day must stay, nil where it may go. What is detached already was found to be done with before.
    func obstacle(of partition: Partition) async throws -> String? {
        if partition.table == "usage_postings" { return "the ledger's chain needs it" }
        guard partition.day < now.usageDay.oldestKept else { return "younger than 13 months" }
        guard partition.state == .attached else { return nil }
        for work in OpenWork.all(of: partition.table, on: partition.day) {
            let count: Int64 = try await pool.query(work.count).first?.value("count") ?? 0
            if count > 0 { return "\(count) \(work.what)" }
        }
        return nil
    }

    /// Drops a day. Waits for transactions that began before, and blocks nobody who writes other days meanwhile.
    func drop(_ partition: Partition, by actor: String) async throws -> Dropped {
        let parent: SQL = "billing.\(identifier: partition.table)"
        let name: SQL = "\(identifier: partition.name)"
        switch partition.state {
        case .attached: try await pool.execute("ALTER TABLE \(parent) DETACH PARTITION \(name) CONCURRENTLY")
        case .detaching: try await pool.execute("ALTER TABLE \(parent) DETACH PARTITION \(name) FINALIZE")
        case .detached: break
        }
        let now = self.now
        return try await pool.withTransaction { transaction in
            let held = try transaction.query(
                "SELECT count(*) AS rows, pg_total_relation_size(\(partition.name)::regclass) AS bytes FROM \(name)")
            let dropped = Dropped(
                rows: try held.first?.value("rows") ?? 0, bytes: try held.first?.value("bytes") ?? 0)
            try transaction.execute("DROP TABLE \(name)")
            try transaction.execute(
                """
                INSERT INTO billing.dropped_partitions (table_name, usage_day, row_count, bytes, dropped_by, dropped_at)
                VALUES (\(partition.table), \(partition.day), \(dropped.rows), \(dropped.bytes), \(actor), \(now))
                """)
            return dropped
        }
    }

    /// Runs the body while no other process drops partitions.
    /// - Throws: `Busy`
    func alone(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let held: Void? = try await pool.withAdvisoryLock(Singleton.key(of: "partitions"), body)
        guard held != nil else { throw Busy() }
    }
}

/// What somebody has still to do with rows of a day.
private struct OpenWork {
    let what: String
    let count: SQL

    static func all(of table: String, on day: UsageDay) -> [OpenWork] {
        switch table {
        case "raw_cdr", "raw_vendor_cdr", "raw_mdr", "raw_api_usage":
            [
                above("raw_seq", table, day, mark: "poller_progress", table, "rows that poller has not swept"),
                OpenWork(
                    what: "records parked",
                    count: """
                        SELECT count(*) AS count FROM billing.unrated_usage
                        WHERE kind = \(table) AND raw_day = \(day) AND resolved_at IS NULL
                        """),
            ]
        case "rated_cdr", "rated_mdr", "rated_api_usage":
            [
                above("rated_seq", table, day, mark: "wallet_progress", "rated", "rows that wallet has not posted"),
                above("rated_seq", table, day, mark: "biller_progress", "rated", "rows that biller has not summed"),
                notInvoiced(table, day), notInBigQuery("rated_seq", table, day),
            ]
        case "vendor_cdr": [notInBigQuery("vendor_cdr_seq", table, day)]
        default: []
        }
    }

    private static func above(
        _ number: SQL, _ table: String, _ day: UsageDay, mark: SQL, _ source: String, _ what: String
    ) -> OpenWork {
        OpenWork(
            what: what,
            count: """
                SELECT count(*) AS count FROM billing.\(identifier: table)
                WHERE usage_day = \(day) AND \(number) > coalesce(
                    (SELECT through_seq FROM billing.\(mark) WHERE source = \(source)), 0)
                """)
    }

    /// Charged usage that no invoice claims: rated_seq up to a cut whose period ends after it (M22).
    private static func notInvoiced(_ table: String, _ day: UsageDay) -> OpenWork {
        OpenWork(
            what: "charged rows that are on no invoice",
            count: """
                SELECT count(*) AS count
                FROM billing.\(identifier: table) AS rated
                JOIN billing.customers AS customer ON customer.customer_id = rated.customer_id
                WHERE rated.usage_day = \(day) AND rated.status = 'rated' AND rated.charge <> 0
                    AND rated.usage_day >= customer.billed_from
                    AND NOT EXISTS (
                        SELECT FROM billing.invoice_cuts AS cut
                        WHERE cut.customer_id = rated.customer_id AND cut.cut_seq >= rated.rated_seq
                            AND cut.period_until > rated.rating_instant)
                """)
    }

    /// Where usage is loaded into BigQuery, which keeps it for good.
    private static func notInBigQuery(_ number: SQL, _ table: String, _ day: UsageDay) -> OpenWork {
        OpenWork(
            what: "rows that are not in BigQuery",
            count: """
                SELECT count(*) AS count FROM billing.\(identifier: table) AS rated
                WHERE usage_day = \(day) AND EXISTS (SELECT FROM billing.bigquery_loads WHERE table_name = \(table))
                    AND NOT EXISTS (
                        SELECT FROM billing.bigquery_loads AS load
                        WHERE load.table_name = \(table) AND load.state = 'loaded' AND load.from_seq < rated.\(number)
                            AND load.through_seq >= rated.\(number))
                """)
    }
}
