import Drivers
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Horizon, progress and partitions", .needsPostgres)
struct OwnTablesTests {
    @Test("the horizon waits for a writer that has drawn a number and not yet committed")
    func horizon() async throws {
        try await withMigratedPool { pool in
            let horizon = Horizon("rated")
            #expect(try await horizon.through(pool) == 0)
            try await pool.withTransaction { transaction in
                horizon.lock(in: transaction)
                _ = try transaction.query("SELECT nextval('billing.rated_seq') AS n")
            }
            #expect(try await horizon.through(pool) == 1)

            async let writer: Void = pool.withTransaction { transaction in
                horizon.lock(in: transaction)
                _ = try transaction.query("SELECT nextval('billing.rated_seq') AS n, pg_sleep(0.5)")
            }
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await horizon.through(pool) == 2)
            try await writer
        }
    }

    @Test("progress moves on and never back")
    func progress() async throws {
        try await withMigratedPool { pool in
            let progress = Progress(table: "billing.poller_progress", source: "raw_cdr")
            let marks = try await pool.withTransaction { transaction in
                var marks = [try progress.through(in: transaction)]
                for through in [Int64(10), 7, 12] {
                    progress.advance(in: transaction, to: through, now: 0)
                    marks.append(try progress.lockedThrough(in: transaction, now: 0))
                }
                return marks
            }
            #expect(marks == [0, 10, 10, 12])
        }
    }

    @Test("partitions are made around the day of the daemons' clock, older ones when asked for")
    func partitions() async throws {
        try await withMigratedPool { pool in
            let metrics = PrometheusRegistry()
            let noon = try #require(InstantText.parse("2026-12-01T12:00:00Z"))
            let partitions = Partitions(
                tables: ["raw_cdr", "raw_mdr"], daysBack: 2, pool: pool,
                loop: testLoop(metrics: metrics, clock: DaemonKit.Clock { noon }))
            try await partitions.ensureAhead()
            try await partitions.ensureAhead()
            #expect(metrics.value(.partitionsMade, "raw_cdr") == 10)
            let rows = try await pool.query(
                """
                SELECT min(relname::text) AS first, max(relname::text) AS last
                FROM pg_class WHERE relname ~ '^raw_mdr_2'  AND relkind = 'r'
                """)
            #expect(try rows.first?.value("first") == "raw_mdr_20261129")
            #expect(try rows.first?.value("last") == "raw_mdr_20261208")
            try await partitions.ensure("raw_cdr", days: [daysSince1970(year: 2026, month: 3, day: 1)])
            #expect(metrics.value(.partitionsMade, "raw_cdr") == 11)
        }
    }

    @Test("a sweep runs at once, whenever its bell rings, and without Redis")
    func sweep() async throws {
        try await withMigratedPool { pool in
            let through = Seen<Int64>()
            let sweep = Sweep("rated", kind: "rated", every: .seconds(60), pool: pool, loop: testLoop()) {
                through.add($0)
            }
            try await running(sweep) {
                try await eventually { through.all == [0] }
                try await pool.execute("SELECT nextval('billing.rated_seq')")
                sweep.ring()
                try await eventually { through.all == [0, 1] }
            }
        }
    }

    @Test("the services of a singleton run in one place at a time, and in the next when that one ends")
    func singleton() async throws {
        try await withMigratedPool { pool in
            let starts = Seen<String>()
            func single(_ instance: String) -> Singleton {
                let work = ScheduledWork("work", .every(seconds: 3_600), loop: testLoop()) { starts.add(instance) }
                return Singleton("test", pool: pool, services: [work], loop: testLoop())
            }
            let first = Task { try await single("first").run() }
            try await eventually { starts.all == ["first"] }
            try await running(single("second")) {
                try await Task.sleep(for: .milliseconds(300))
                #expect(starts.all == ["first"])
                first.cancel()
                _ = await first.result
                try await eventually { starts.all == ["first", "second"] }
            }
        }
    }

    @Test("the audit trail keeps who did what")
    func audit() async throws {
        try await withMigratedPool { pool in
            try await pool.withTransaction { transaction in
                try Audit(table: "billing.poller_audit").record(
                    in: transaction, actor: "operator:ada", action: "rate-plan.load", subject: "plan-1",
                    detail: #"{"rows": 3}"#, at: 1_795_366_994_486)
            }
            let rows = try await pool.query("SELECT actor, detail->>'rows' AS rows FROM billing.poller_audit")
            #expect(try rows.first?.value("actor") == "operator:ada")
            #expect(try rows.first?.value("rows") == "3")
        }
    }
}
