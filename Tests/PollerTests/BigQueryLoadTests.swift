import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Rated usage to BigQuery", .needsPostgres, .serialized)
struct BigQueryLoadTests {
    private static let day = UsageDay(parsing: "2025-03-12")!

    @Test(
        "every row arrives once with every stored digit, and both stores agree on the day; a second load has nothing to do"
    )
    func load() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateDay()
            try await world.rateAttempts()
            let compared = try #require(try await world.loader(service).load(everything: true, comparing: nil))
            let calls = try #require(compared.first { $0.table == .calls })
            #expect(calls.day == Self.day && calls.rows == 3 && calls.amount.text(.charge) == "0.02136")
            #expect(compared.map { $0.table } == [.calls, .messages, .queries, .attempts])
            #expect(compared.allSatisfy { $0.isEqual })
            for table in ExportTable.allCases { try await world.expectSameRows(table, service) }
            let call = try Core.JSONValue(parsing: try #require(service.rows(.calls).first))
            #expect(call["charge"]?.string == "0.00712")
            #expect(call["answer_stamp"]?.string == "2025-03-12T15:00:05Z")
            #expect(call["usage_day"]?.string == "2025-03-12")
            #expect(call["corrects"] == nil)

            let sent = service.bodies.count
            #expect(try await world.loader(service).load(everything: true, comparing: nil) == [])
            #expect(service.bodies.count == sent)
            let states = try await world.texts("SELECT DISTINCT state FROM billing.bigquery_loads")
            #expect(states == ["loaded"])
        }
    }

    @Test("a call says exported_to_bq once its batch is loaded")
    func exported() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateDay()
            let flags: SQL = "SELECT DISTINCT exported_to_bq::text FROM billing.raw_cdr_progress"
            #expect(try await world.texts(flags) == ["false"])
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            #expect(try await world.texts(flags) == ["true"])
        }
    }

    @Test("a batch waits until it is old enough or full, and is cut where it is full")
    func due() async throws {
        try await LoadWorld.with { world, service in
            let bounds = BatchBounds(rows: 2, bytes: 64 << 20, age: .seconds(300))
            let loader = world.loader(service, bounds: bounds)
            try await world.rateCalls(["a"])
            try await loader.pass()
            #expect(service.rows(.calls).count == 1)
            try await world.rateCalls(["b"])
            world.clock.advance(seconds: 299)
            try await loader.pass()
            #expect(service.rows(.calls).count == 1)
            world.clock.advance(seconds: 1)
            try await loader.pass()
            #expect(service.rows(.calls).count == 2)
            try await world.rateCalls(["c", "d", "e"])
            try await loader.pass()
            #expect(service.rows(.calls).count == 5)
            let ranges = try await world.texts(
                """
                SELECT row_count::text FROM billing.bigquery_loads WHERE table_name = 'rated_cdr' ORDER BY from_seq
                """)
            #expect(ranges == ["1", "1", "2", "1"])
            let gaps = try await world.count(
                """
                SELECT count(*) FROM billing.bigquery_loads AS load WHERE table_name = 'rated_cdr' AND from_seq <> 0
                AND NOT EXISTS (SELECT FROM billing.bigquery_loads AS earlier WHERE earlier.table_name = load.table_name
                    AND earlier.through_seq = load.from_seq)
                """)
            #expect(gaps == 0)
        }
    }

    // MARK: Once

    @Test(
        "a batch whose answer is lost, or that was sent but not recorded, is there once: the service is asked before anything is sent again"
    )
    func lostAnswer() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateDay()
            // Over a kept connection that dies, the request goes out once more by itself.
            service.fail("POST /upload", .loseAnswer)
            service.fail("POST /upload", .loseAnswer)
            await #expect(throws: BigQueryError.self) {
                _ = try await world.loader(service).load(everything: true, comparing: nil)
            }
            #expect(try await world.states() == ["rated_cdr submitted 1"])
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            try await world.expectSameRows(.calls, service)
            #expect(service.bodies.count == 4)
            #expect(Set(service.bodies).count == 3)
            #expect(try await world.states().allSatisfy { $0.hasSuffix("loaded 1") })
        }
    }

    @Test("who sends a job again that the service knows is refused, and takes what became of it")
    func duplicate() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a", "b"])
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            // As a process would find it that was killed before it could say that it sends.
            try await world.admin.execute("UPDATE billing.bigquery_loads SET state = 'assigned', loaded_at = NULL")
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            try await world.expectSameRows(.calls, service)
            #expect(service.bodies.count == 2)
            #expect(service.bodies.first == service.bodies.last)
            #expect(service.jobs.count == 1)
            #expect(try await world.states() == ["rated_cdr loaded 1"])
        }
    }

    @Test("a batch that never arrived goes out again with the same bytes under the same id")
    func neverArrived() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a"])
            service.fail("POST /upload", .refuse(status: 503, reason: "backendError"))
            await #expect(throws: BigQueryError.self) {
                _ = try await world.loader(service).load(everything: true, comparing: nil)
            }
            let job = try await world.texts("SELECT job_id FROM billing.bigquery_loads")
            try await world.rateCalls(["b"])
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            try await world.expectSameRows(.calls, service)
            #expect(service.jobs.contains(try #require(job.first)))
            #expect(service.jobs.count == 2)
        }
    }

    @Test("a job that failed is followed by the next attempt when its time has come, and not before")
    func failedJob() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a"])
            let readiness = Readiness(metrics: PrometheusRegistry())
            let dependency = readiness.register("bigquery", isRequired: false, state: .up)
            let loader = world.loader(service)
            service.fail("POST /upload", .failJob(reason: "invalid"))
            await #expect(throws: LoadFault.self) { try await loader.pass() }
            #expect(try await world.states() == ["rated_cdr failed 1"])
            let again = world.loader(service, readiness: dependency)
            world.clock.advance(seconds: 599)
            try await again.pass()
            #expect(try await world.states() == ["rated_cdr failed 1"])
            #expect(readiness.isReady && readiness.summary.contains("rated_cdr waits for another try: invalid: no"))
            world.clock.advance(seconds: 1)
            try await again.pass()
            #expect(readiness.summary == "ready")
            #expect(try await world.states() == ["rated_cdr loaded 2"])
            #expect(service.jobs.map { String($0.suffix(3)) }.sorted() == ["_a1", "_a2"])
            try await world.expectSameRows(.calls, service)
        }
    }

    @Test("a job that waits and runs is waited for, and a batch is loaded when it is done")
    func slowJob() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a"])
            service.fail("POST /upload", .slowJob(looks: 2))
            let compared = try #require(try await world.loader(service).load(everything: true, comparing: nil))
            #expect(compared.allSatisfy { $0.isEqual } && compared.count == 1)
            #expect(try await world.states() == ["rated_cdr loaded 1"])
            #expect(service.lines.filter { $0.hasPrefix("GET") && $0.contains("/jobs/") }.count == 2)
            try await world.expectSameRows(.calls, service)
        }
    }

    @Test("who stops while a job runs leaves it running; the next one asks for it and sends nothing again")
    func stoppedMeanwhile() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a"])
            service.fail("POST /upload", .slowJob(looks: 4))
            let first = world.loader(service)
            let loading = Task { try await first.pass() }
            try await eventually("the job was asked for") { service.lines.contains { $0.contains("/jobs/") } }
            loading.cancel()
            _ = await loading.result
            #expect(try await world.states() == ["rated_cdr submitted 1"])
            #expect(service.rows(.calls).isEmpty)
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            #expect(try await world.states() == ["rated_cdr loaded 1"])
            #expect(service.bodies.count == 1)
            try await world.expectSameRows(.calls, service)
        }
    }

    @Test("a big batch goes in chunks, and on from the byte that arrived last, in another process too")
    func chunks() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls((1...900).map { "u\($0)" })
            let chunk = BigQueryClient.chunkUnit
            service.fail("PUT", .loseAnswer)
            await #expect(throws: BigQueryError.self) {
                _ = try await world.loader(service, chunk: chunk).load(everything: true, comparing: nil)
            }
            // The first request only asks how much has arrived.
            service.fail("PUT", .halfOfChunk)
            service.fail("PUT", .halfOfChunk)
            await #expect(throws: BigQueryError.self) {
                _ = try await world.loader(service, chunk: chunk).load(everything: true, comparing: nil)
            }
            _ = try await world.loader(service, chunk: chunk).load(everything: true, comparing: nil)
            try await world.expectSameRows(.calls, service)
            #expect(service.lines.count { $0.contains("uploadType=resumable") } == 1)
            #expect(service.bodies.count == 1)
            let left = try await world.texts("SELECT coalesce(upload_url, 'none') FROM billing.bigquery_loads")
            #expect(left == ["none"])
        }
    }

    @Test("two pollers at once load each row once")
    func two() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls((1...50).map { "u\($0)" })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        _ = try await world.loader(service, bounds: BatchBounds(rows: 7)).load(
                            everything: true, comparing: nil)
                    }
                }
                try await group.waitForAll()
            }
            try await world.expectSameRows(.calls, service)
        }
    }

    // MARK: Days

    @Test("the corrections of a re-rating follow by themselves, and the day is equal again")
    func rerated() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateDay()
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            _ = try await world.load(.plan, RerateTests.dearerPlan)
            _ = try await world.apply(try await world.preview(RerateScope(days: Self.day...Self.day)))
            let compared = try #require(try await world.loader(service).load(everything: true, comparing: nil))
            let calls = try #require(compared.first { $0.table == .calls })
            #expect(calls.rows == 9 && calls.isEqual)
            #expect(calls.bigQueryAmount.text(.charge) == "0.06600")
            try await world.expectSameRows(.calls, service)
        }
    }

    @Test("a day on which the stores differ is told, shown and counted")
    func different() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateDay()
            let metrics = PrometheusRegistry()
            let loader = world.loader(service, metrics: metrics)
            _ = try await loader.load(everything: true, comparing: nil)
            service.lose(.calls)
            let compared = try #require(
                try await loader.load(everything: true, comparing: Self.day...Self.day))
            #expect(compared.filter { !$0.isEqual }.map { $0.table } == [.calls])
            let status = try await LoadStatus.read(world.pool, days: nil, onlyDifferent: true).text
            #expect(status.contains("2025-03-12  rated_cdr     3         0  0.02136   0.00000  -3 rows, -0.02136"))
            #expect(metrics.value(.pollerBigQueryDifferentRows, "rated_cdr") == 3)
            #expect(metrics.value(.pollerBigQueryDifferentDays, "rated_mdr") == 0)
        }
    }

    // MARK: The service

    @Test("tables are made, and a column that one lacks is added as NULLABLE")
    func tables() async throws {
        try await LoadWorld.with { world, service in
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            service.dropColumn("reverses", of: .calls)
            _ = try await world.loader(service).load(everything: true, comparing: nil)
            let names = Set(ExportTable.calls.columns.map { $0.name } + ["batch_id"])
            #expect(service.columns(.calls) == names)
            #expect(service.lines.count { $0.hasPrefix("PATCH") } == 1)
        }
    }

    @Test("an allowance that is used up is left alone for ten minutes")
    func quota() async throws {
        try await LoadWorld.with { world, service in
            try await world.rateCalls(["a"])
            let loader = world.loader(service)
            service.fail("POST /upload", .refuse(status: 403, reason: "quotaExceeded"))
            await #expect(throws: BigQueryError.self) { try await loader.pass() }
            let asked = service.lines.count
            try await loader.pass()
            #expect(service.lines.count == asked)
        }
    }

    @Test(
        "what follows depends on what became of the job",
        arguments: [
            (nil, .send), (.running, .wait), (.loaded(rows: 7), .record(rows: 7)),
            (
                .failed(reason: "backendError", message: "m"),
                .giveUp(reason: "backendError", message: "m", pauseSeconds: 5)
            ),
            (.failed(reason: "invalid", message: "m"), .giveUp(reason: "invalid", message: "m", pauseSeconds: 600)),
        ] as [(BigQueryJobState?, LoadStep)])
    func steps(job: BigQueryJobState?, step: LoadStep) {
        #expect(LoadStep(after: job) == step)
    }
}

/// A world with a stand-in of BigQuery beside it.
struct LoadWorld: Sendable {
    static func with(
        _ body: @escaping @Sendable (PollerWorld, BigQueryStandIn) async throws -> Void
    ) async throws {
        try await PollerWorld.with { world in
            try await body(world, try BigQueryStandIn())
        }
    }
}

extension PollerWorld {
    fileprivate func loader(
        _ service: BigQueryStandIn, bounds: BatchBounds = BatchBounds(), chunk: Int = 8 << 20,
        metrics: PrometheusRegistry = PrometheusRegistry(), readiness: Readiness.Dependency? = nil
    ) -> BigQueryLoader {
        let clock = self.clock
        return BigQueryLoader(
            pool: pool, client: service.client(), dataset: "billing",
            limits: .init(bounds: bounds, chunkBytes: chunk), readiness: readiness,
            loop: Loop(
                logger: Logger(label: "poller-tests") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics,
                watchdog: Watchdog(), clock: Clock { clock.now.milliseconds }))
    }

    fileprivate func rateCalls(_ keys: [String]) async throws {
        try await parts().pipeline.handle(try await add(.call, keys.map { Sample.call($0) }))
    }

    /// One attempt of a rated call.
    fileprivate func rateAttempts() async throws {
        try await parts().pipeline.handle(try await add(.attempt, [Sample.attempt("u1")]))
    }

    /// Each batch's table, state and attempt.
    fileprivate func states() async throws -> [String] {
        try await texts(
            """
            SELECT table_name || ' ' || state || ' ' || attempt FROM billing.bigquery_loads ORDER BY table_name, from_seq
            """)
    }

    /// BigQuery has PostgreSQL's rows, column by column.
    fileprivate func expectSameRows(_ table: ExportTable, _ service: BigQueryStandIn) async throws {
        let stored = try await admin.query(
            """
            SELECT jsonb_strip_nulls(to_jsonb(stored))::text AS row
            FROM \(identifier: table.source) AS stored ORDER BY \(identifier: table.sequence)
            """)
        let loaded = service.rows(table)
        #expect(loaded.count == stored.count)
        for (line, row) in zip(loaded, stored) {
            let there = try Core.JSONValue(parsing: line)
            let here = try Core.JSONValue(parsing: try row.value("row", as: String.self))
            let fields = (there.fields ?? []).filter { $0.name != "batch_id" }
            #expect(Set(fields.map { $0.name }) == Set((here.fields ?? []).map { $0.name }))
            for field in fields { #expect(Self.plain(field.value) == Self.plain(here[field.name]), "\(field.name)") }
        }
    }

    /// A value as text: PostgreSQL's JSON writes the zone of an instant otherwise, and amounts without quotes.
    private static func plain(_ value: Core.JSONValue?) -> String {
        var writer = JSONWriter()
        value?.write(to: &writer)
        return writer.text.replacing("\"", with: "").replacing("+00:00", with: "Z")
    }
}
