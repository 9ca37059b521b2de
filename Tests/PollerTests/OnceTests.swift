import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@testable import Poller

@Suite("Once", .needsPostgres, .serialized)
struct OnceTests {
    @Test("a call, a message and a query of one commit each reach their row, and the doorbell names the rows' numbers")
    func doorbell() async throws {
        try await PollerWorld.with { world in
            let spans =
                try await world.add(.call, (1...3).map { Sample.call("u\($0)") })
                + world.add(.message, [Sample.message("m1")]) + world.add(.query, [Sample.query("q1")])
            let parts = world.parts()
            try await parts.pipeline.handle(spans)

            let day = try #require(UsageDay(parsing: "2025-03-12"))
            #expect(
                parts.rung.spans == [
                    UsageSpan(kind: .ratedCDR, day: day, first: 1, last: 3),
                    UsageSpan(kind: .ratedMDR, day: day, first: 4, last: 4),
                    UsageSpan(kind: .ratedAPIUsage, day: day, first: 5, last: 5),
                ])
            let charges = try await world.texts(
                """
                SELECT service || ' ' || count || ' ' || charges
                FROM billing.rated_spans ORDER BY first_seq
                """)
            #expect(charges == ["voice 3 0.02136", "message 1 0.01500", "api 1 0.00080"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "5")
        }
    }

    @Test("two pollers that hold the same spans rate each record once")
    func twoPollers() async throws {
        try await PollerWorld.with { world in
            var spans: [UsageSpan] = []
            for batch in 0..<8 {
                spans += try await world.add(.call, (0..<25).map { Sample.call("u\(batch)-\($0)") })
            }
            let all = spans
            try await withThrowingTaskGroup(of: Void.self) { group in
                for poller in 0..<3 {
                    let parts = world.parts(batchRows: 40)
                    group.addTask {
                        for _ in 0..<2 { try await parts.pipeline.handle(poller == 1 ? all.reversed() : all) }
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rows == 200)
            let counts = try await world.counts()
            #expect(counts["rated"] == "200")
            let spanned = try await world.count("SELECT sum(count)::bigint FROM billing.rated_spans")
            #expect(spanned == 200)
            let numbers = try await world.count("SELECT count(DISTINCT rated_seq) FROM billing.rated_cdr")
            #expect(numbers == 200)
        }
    }

    @Test("records whose doorbell was lost are found by the sweep, and its mark comes to the horizon")
    func sweep() async throws {
        try await PollerWorld.with { world in
            let rung = try await world.add(.call, [Sample.call("u1")])
            try await world.add(.call, (2...5).map { Sample.call("u\($0)") })
            try await world.add(.message, [Sample.message("m1")])
            let parts = world.parts(batchRows: 2)
            try await parts.pipeline.handle(rung)
            try await world.sweep(parts)
            try await world.sweep(parts)

            let rows = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rows == 5)
            let messages = try await world.count("SELECT count(*) FROM billing.rated_mdr")
            #expect(messages == 1)
            let marks = try await world.texts(
                "SELECT source || ' ' || through_seq FROM billing.poller_progress WHERE source NOT LIKE '%:%' ORDER BY 1"
            )
            #expect(marks == ["raw_cdr 5", "raw_mdr 1"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "6")
        }
    }

    @Test("a sweep leaves to the consumers what they have to do, and its mark does not pass them")
    func leavesToConsumers() async throws {
        try await PollerWorld.with { world in
            try await world.add(.call, (1...5).map { Sample.call("u\($0)") })
            var parts = world.parts()
            // They are at number 4, and go on after a second look.
            let looks = Mutex(0)
            parts.tick.consumersAreAt = { _ in
                looks.withLock {
                    $0 += 1; return $0 < 3 ? 4 : nil
                }
            }
            let tick = parts.tick
            let horizon = try await Horizon("raw_cdr").through(world.pool)
            let sweep = Task { try await tick.sweep(.call, through: horizon) }
            try await eventually("the sweep looks again") { looks.withLock { $0 >= 2 } }
            let before = try await world.texts("SELECT sip_uuid::text FROM billing.rated_cdr ORDER BY 1")
            #expect(before == ["u1", "u2", "u3"])
            try await sweep.value
            let mark = try await world.count(
                "SELECT through_seq FROM billing.poller_progress WHERE source = 'raw_cdr'")
            #expect(mark == 5)
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 5)
        }
    }

    @Test("spans of many days and commits are read once each, in several lanes")
    func manySpans() async throws {
        try await PollerWorld.with { world in
            var spans: [UsageSpan] = []
            for number in 0..<60 {
                let day = number % 3 + 10
                spans += try await world.add(
                    .call, [Sample.call("u\(number)").replacing("2025-03-12T", with: "2025-03-\(day)T")])
            }
            #expect(Set(spans.map { $0.day }).count == 3)
            let parts = world.parts(batchRows: 7)
            let read = try await parts.pipeline.reader.rows(of: .call, in: spans)
            #expect(read.map { $0.key }.sorted() == (0..<60).map { "u\($0)" }.sorted())
            #expect(read.map { $0.day } == read.map { $0.day }.sorted())
            try await parts.pipeline.handle(spans.shuffled())
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 60)
            #expect(try await parts.pipeline.reader.withoutOutcome(.call, in: spans).isEmpty)
        }
    }

    @Test("a poller that dies in the middle of its transaction leaves nothing, and the next one does the work")
    func killedInTheMiddle() async throws {
        try await PollerWorld.with { world in
            let spans = try await world.add(.call, (1...4).map { Sample.call("u\($0)") })
            try await world.admin.execute(
                """
                CREATE FUNCTION public.kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
                """)
            try await world.admin.execute(
                "CREATE TRIGGER kill AFTER INSERT ON billing.rating_counts EXECUTE FUNCTION public.kill()")
            let failure = await #expect(throws: PostgresError.self) {
                try await world.parts().pipeline.handle(spans)
            }
            #expect(failure?.isTransient == true)
            for table in ["rated_cdr", "unrated_usage", "rated_spans", "rating_counts"] {
                let rows = try await world.count("SELECT count(*) FROM \(identifier: "billing.\(table)")")
                #expect(rows == 0, "\(table)")
            }
            try await world.admin.execute("DROP TRIGGER kill ON billing.rating_counts")
            try await world.parts().pipeline.handle(spans)
            let rows = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rows == 4)
            let counts = try await world.counts()
            #expect(counts["rated"] == "4")
        }
    }

    @Test("the same key with other content is held beside the first, neither enriched nor rated")
    func conflict() async throws {
        try await PollerWorld.with { world in
            try await world.add(.call, [Sample.call("u1")])
            try await world.add(.call, [Sample.call("u1", seconds: 120)], isConflict: true)
            try await world.sweep(world.parts())
            let rated = try await world.texts("SELECT charge::text FROM billing.rated_cdr")
            #expect(rated == ["0.00712"])
            let held = try await world.columns(
                of: """
                    SELECT parked.status, parked.flags, parked.natural_key, parked.evidence->>'charge' AS charge,
                        parked.conflicts_with = rated.id AS names_the_first
                    FROM billing.unrated_usage AS parked, billing.rated_cdr AS rated
                    """)
            #expect(
                held == [
                    "status": "held", "flags": "[\"DUPLICATE_CONFLICT\"]", "natural_key": "u1",
                    "names_the_first": "true",
                ])
            let counts = try await world.counts()
            #expect(counts["rated"] == "1")
            #expect(counts["held"] == "1")
        }
    }

    @Test("a record older than the keys is held as too old; one whose switch lives far ahead, as of the future")
    func age() async throws {
        try await PollerWorld.with { world in
            try await world.add(
                .call,
                [
                    Sample.call("old", answer: "2024-02-12T15:09:59.999Z"),
                    Sample.call("kept", answer: "2024-02-12T15:10:00.000Z"),
                    Sample.call("ahead", answer: "2025-03-19T23:00:00.000Z", created: "2025-03-20T00:00:00.000Z"),
                    Sample.call("future", answer: "2025-03-20T00:00:00.000Z", created: "2025-03-20T01:00:00.000Z"),
                ])
            try await world.sweep(world.parts())
            let held = try await world.texts(
                """
                SELECT natural_key || ' ' || array_to_string(flags, ' ') FROM billing.unrated_usage WHERE status = 'held'
                ORDER BY natural_key
                """)
            #expect(held == ["future FUTURE_TIMESTAMP", "old TOO_OLD"])
            let days = try await world.texts("SELECT usage_day::text FROM billing.rated_cdr ORDER BY 1")
            #expect(days == ["2024-02-12", "2025-03-19"])
        }
    }

    @Test(
        "an answer that another will follow is evidence: counted once, no outcome, its message rated under its own key")
    func evidence() async throws {
        try await PollerWorld.with { world in
            let interim = try await world.add(
                .message, [Sample.message("m1", status: "ESME_RTHROTTLED", isFinal: false)])
            try await world.add(.message, [Sample.message("m1")])
            let parts = world.parts()
            try await parts.pipeline.handle(interim)
            try await world.sweep(parts)
            try await world.sweep(parts)
            let rated = try await world.texts(
                "SELECT message_id || ' ' || status || ' ' || message_status || ' ' || units FROM billing.rated_mdr")
            #expect(rated == ["m1 rated submitted 2"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "1")
            #expect(counts["evidence"] == "1")
            let gauges = PollerGauges(
                pool: world.pool, parked: parts.retry.parked, metrics: parts.pipeline.loop.metrics)
            let difference = try await gauges.conservationDifference(now: world.now)
            #expect(difference == 0)
        }
    }

    @Test(
        "the statuses of an SMPP gateway are those of rule S4",
        arguments: [
            ("ESME_ROK", "submitted"), ("esme_rok", "submitted"), ("ESME_RTHROTTLED", "throttled"),
            ("ESME_RINVDSTADR", "rejected"), ("delivered", "delivered"), ("RECEIVED", "RECEIVED"),
        ])
    func status(sent: String, word: String) {
        #expect(Enricher.messageStatus(sent) == word)
    }
}
