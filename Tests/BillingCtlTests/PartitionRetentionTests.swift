import Core
import Drivers
import Reference
import TestSupport
import Testing

@testable import BillingCtl

@Suite("Partition retention")
struct PartitionRetentionTests {
    private let now = Instant(parsing: "2026-11-23T12:00:00.000Z")!
    private let old = UsageDay(parsing: "2025-10-22")!
    private let kept = UsageDay(parsing: "2025-10-23")!

    private func with(_ body: (PostgresPool, PartitionRetention) async throws -> Void) async throws {
        try await withMigratedDatabase { database in
            let pool = PostgresPool(configuration: try database.configuration(), size: 4)
            do {
                for table in ["raw_cdr", "rated_cdr"] {
                    for day in [old, kept] {
                        _ = try await pool.query("SELECT billing.ensure_partition(\(table), \(day))")
                    }
                }
                try await body(pool, PartitionRetention(pool: pool, now: now))
            } catch {
                await pool.close()
                throw error
            }
            await pool.close()
        }
    }

    private func addRated(_ number: Int64, on day: UsageDay, customer: CustomerID? = nil, in pool: PostgresPool)
        async throws
    {
        try await pool.execute(
            """
            INSERT INTO billing.rated_cdr (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, sip_uuid,
                customer_id, status, flags, answered, rating_instant, jurisdiction, tax_jurisdiction, class_key, charge,
                ref_version)
            VALUES (\(UsageID(.random())), \(number), \(day), \(day), \(number), 'test', \(day.startUTC), \(day.startUTC),
                'call', \(customer), 'rated', '{}', true, \(day.startUTC), 'interstate', 'interstate',
                'TERMINATING:DOMESTIC:INTERSTATE', '0.01', '1')
            """)
    }

    private func partition(
        _ table: String, _ day: UsageDay, of retention: PartitionRetention
    ) async throws -> PartitionRetention.Partition? {
        try await retention.partitions().first { $0.table == table && $0.day == day }
    }

    private func obstacle(_ table: String, of retention: PartitionRetention) async throws -> String? {
        try await retention.obstacle(of: #require(try await partition(table, old, of: retention)))
    }

    @Test("every day of every table is found, with its size")
    func list() async throws {
        try await with { _, retention in
            let found = try await retention.partitions()
            #expect(
                found.map { "\($0.table) \($0.day.text)" } == [
                    "rated_cdr 2025-10-22", "rated_cdr 2025-10-23", "raw_cdr 2025-10-22", "raw_cdr 2025-10-23",
                ])
            #expect(found.allSatisfy { $0.state == .attached && $0.bytes > 0 })
        }
    }

    @Test("a day of the last 13 months stays, even an empty one")
    func young() async throws {
        try await with { _, retention in
            let young = try #require(try await partition("raw_cdr", kept, of: retention))
            #expect(try await retention.obstacle(of: young) == "younger than 13 months")
            #expect(try await obstacle("raw_cdr", of: retention) == nil)
        }
    }

    @Test("rated usage stays until it is posted, summed, invoiced and in BigQuery")
    func rated() async throws {
        try await with { pool, retention in
            let customer = CustomerID(.random())
            try await pool.execute(
                """
                INSERT INTO billing.customers (customer_id, name, model, cycle, initial_credit_limit, initial_balance,
                    billed_from, created_at, updated_at)
                VALUES (\(customer), 'Old', 'POSTPAID', 'monthly', '0', '0', '2025-10-01', \(now), \(now))
                """)
            try await addRated(7, on: old, customer: customer, in: pool)
            func mark(_ table: SQL, _ number: Int64) async throws {
                try await pool.execute(
                    """
                    INSERT INTO billing.\(table) (source, through_seq, updated_at) VALUES ('rated', \(number), \(now))
                    ON CONFLICT (source) DO UPDATE SET through_seq = excluded.through_seq
                    """)
            }
            #expect(try await obstacle("rated_cdr", of: retention) == "1 rows that wallet has not posted")
            try await mark("wallet_progress", 7)
            try await mark("biller_progress", 6)
            #expect(try await obstacle("rated_cdr", of: retention) == "1 rows that biller has not summed")
            try await mark("biller_progress", 7)
            #expect(try await obstacle("rated_cdr", of: retention) == "1 charged rows that are on no invoice")
            try await pool.execute(
                """
                INSERT INTO billing.invoice_cuts (customer_id, period_from, period_until, previous_cut_seq, cut_seq, period_end)
                VALUES (\(customer), '2025-10-01', '2025-11-01', 0, 7, '2025-10-31')
                """)
            #expect(try await obstacle("rated_cdr", of: retention) == nil)
            try await pool.execute(
                """
                INSERT INTO billing.bigquery_loads (batch_id, table_name, from_seq, through_seq, usage_days, row_count, amount,
                    body_bytes, row_format, job_id, state, assigned_at)
                VALUES (gen_random_uuid(), 'rated_cdr', 0, 7, \([old]), 1, '0.01', 1, '1', 'job', 'submitted', \(now))
                """)
            #expect(try await obstacle("rated_cdr", of: retention) == "1 rows that are not in BigQuery")
            try await pool.execute("UPDATE billing.bigquery_loads SET state = 'loaded'")
            #expect(try await obstacle("rated_cdr", of: retention) == nil)
        }
    }

    @Test("raw records stay while one of them is parked or was never looked at")
    func raw() async throws {
        try await with { pool, retention in
            try await pool.execute(
                """
                INSERT INTO billing.raw_cdr (raw_seq, usage_day, id, source, received_at, is_conflict, sip_uuid, document)
                VALUES (3, \(old), \(UsageID(.random())), 'test', \(old.startUTC), false, 'call', '{}')
                """)
            #expect(try await obstacle("raw_cdr", of: retention) == "1 rows that poller has not swept")
            try await pool.execute(
                "INSERT INTO billing.poller_progress (source, through_seq, updated_at) VALUES ('raw_cdr', 3, \(now))")
            try await pool.execute(
                """
                INSERT INTO billing.unrated_usage (kind, id, raw_day, raw_seq, natural_key, source, received_at, status, flags,
                    ref_version, parked_at, evidence)
                VALUES ('raw_cdr', gen_random_uuid(), \(old), 3, 'call', 'test', \(now), 'held', '{}', '1', \(now), '{}')
                """)
            #expect(try await obstacle("raw_cdr", of: retention) == "1 records parked")
            try await pool.execute("UPDATE billing.unrated_usage SET resolved_at = \(now)")
            #expect(try await obstacle("raw_cdr", of: retention) == nil)
        }
    }

    @Test("a dropped day leaves a line with what it held; other days keep their rows")
    func drop() async throws {
        try await with { pool, retention in
            try await addRated(1, on: old, in: pool)
            try await addRated(2, on: old, in: pool)
            try await addRated(3, on: kept, in: pool)
            let dropped = try await retention.drop(
                #require(try await partition("rated_cdr", old, of: retention)), by: "ada")
            #expect(dropped.rows == 2)
            #expect(try await partition("rated_cdr", old, of: retention) == nil)
            #expect(
                try await pool.query("SELECT rated_seq FROM billing.rated_cdr").map { try $0.value(at: 0) as Int64 }
                    == [3])
            let line = try await pool.query(
                "SELECT table_name || ' ' || usage_day || ' ' || row_count || ' ' || dropped_by AS line FROM billing.dropped_partitions"
            )
            #expect(try line.map { try $0.value("line") as String } == ["rated_cdr 2025-10-22 2 ada"])
        }
    }

    @Test("writers of other days go on while a drop waits for an old transaction; one broken off there is gone on with")
    func writersGoOn() async throws {
        try await with { pool, retention in
            try await addRated(1, on: old, in: pool)
            let part = try #require(try await partition("rated_cdr", old, of: retention))
            let waits = """
                SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'ALTER TABLE%DETACH%'
                    AND wait_event_type = 'Lock'
                """
            try await pool.withConnection { reader in
                try await reader.execute("BEGIN")
                _ = try await reader.query("SELECT count(*) FROM billing.rated_cdr")
                let dropping = Task { try await retention.drop(part, by: "ada") }
                try await eventually("the drop waits") { try await !pool.query(SQL(verbatim: waits)).isEmpty }
                // Whoever has to wait for a lock now fails.
                try await pool.withTransaction { transaction in
                    try transaction.execute("SET LOCAL lock_timeout = '1ms'")
                    try transaction.execute("LOCK TABLE ONLY billing.rated_cdr IN ROW EXCLUSIVE MODE")
                }
                try await addRated(2, on: kept, in: pool)
                _ = try await pool.query(SQL(verbatim: "SELECT pg_cancel_backend(pid) FROM (\(waits)) AS waiting"))
                await #expect(throws: PostgresError.self) { try await dropping.value }
                try await reader.execute("ROLLBACK")
            }
            let broken = try #require(try await partition("rated_cdr", old, of: retention))
            #expect(broken.state == .detaching)
            #expect(try await retention.obstacle(of: broken) == nil)
            #expect(try await retention.drop(broken, by: "ada").rows == 1)
            #expect(try await partition("rated_cdr", old, of: retention) == nil)
        }
    }

    @Test("a day that was detached and not dropped goes with the next run")
    func detached() async throws {
        try await with { pool, retention in
            try await pool.execute("ALTER TABLE billing.rated_cdr DETACH PARTITION billing.rated_cdr_20251022")
            let part = try #require(try await partition("rated_cdr", old, of: retention))
            #expect(part.state == .detached)
            _ = try await retention.drop(part, by: "ada")
            #expect(try await partition("rated_cdr", old, of: retention) == nil)
        }
    }

    @Test("two runs at once: the second says so")
    func alone() async throws {
        try await with { _, retention in
            try await retention.alone {
                await #expect(throws: PartitionRetention.Busy.self) { try await retention.alone {} }
            }
        }
    }

    @Test(
        "sizes in steps of a thousand",
        arguments: [
            (Int64(0), "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (12_450_000, "12.4 MB"),
            (7_000_000_000_000, "7.0 TB"),
        ])
    func sizes(bytes: Int64, text: String) {
        #expect(PartitionsCommand.size(bytes) == text)
    }
}
