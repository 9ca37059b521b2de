import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("The daemon", .needsServices, .serialized)
struct ServeTests {
    @Test("a doorbell on a raw stream becomes a rated row and a doorbell on the rated stream")
    func doorbell() async throws {
        try await PollerWorld.with { world in
            try await world.serving { daemon in
                let redis = RedisConnection(try Services.redis())
                let streams = RedisStreams(redis)
                let spans = try await world.add(.call, [Sample.call("u1"), Sample.call("u2")])
                try await world.ring(.rawCDR, spans)
                try await world.until("two rated rows") {
                    try await world.count("SELECT count(*) FROM billing.rated_cdr") == 2
                }
                let rated = world.redisPrefix + StreamName.ratedUsage.rawValue
                try await streams.createGroup("tests", on: rated)
                let read = try await streams.read([rated], group: "tests", consumer: "1", count: 10, wait: .seconds(5))
                let body = try #require(read[rated]?.first?.bytes(EnvelopeField.body))
                let found = try UsageSpan.parse(body: body)
                #expect(found.map(\.kind) == [.ratedCDR])
                #expect(found.map(\.count) == [2])
                let metrics = try await daemon.get("/metrics").text
                #expect(metrics.contains("warp_poller_records_total{kind=\"cdr\",outcome=\"rated\"} 2"))
                await redis.close()
            }
        }
    }

    @Test("without any doorbell the sweep rates what lies in the tables; /readyz waits for reference data")
    func sweep() async throws {
        try await PollerWorld.with(reference: false) { world in
            try await world.add(.attempt, [Sample.attempt("u1")])
            try await world.add(.call, [Sample.call("u1")])
            try await world.serving { daemon in
                try await world.until("a first look") { try await daemon.get("/readyz").text.contains("no reference") }
                let before = try await daemon.get("/readyz")
                #expect(before.status == 503)
                _ = try await world.load(directory: PollerWorld.reference)
                try await world.until("a rated call and its attempt") {
                    try await world.count("SELECT count(*) FROM billing.vendor_cdr") == 1
                }
                let after = try await daemon.get("/readyz")
                #expect(after.status == 200)
            }
        }
    }

    @Test("a customer sees the default plans and their own, and what a call would cost by them")
    func ratePlans() async throws {
        try await PollerWorld.with { world in
            try await world.addKey("token-1", customer: "00000000-0000-4000-8000-000000000001")
            try await world.addKey("token-2", customer: "00000000-0000-4000-8000-000000000002")
            try await world.addKey("token-op", customer: nil)
            try await world.serving { daemon in
                let list = "/api/v1/billing/rate-plans"
                let nobody = try await daemon.get(list)
                #expect(nobody.status == 401)
                let own = try await daemon.get(list, token: "token-1")
                #expect(own.status == 200)
                #expect(try Self.ids(own) == ["dflt-api", "dflt-sms", "dflt-tf", "c1-voice", "dflt-voice-q2"])
                let other = try await daemon.get("\(list)/c1-voice", token: "token-2")
                #expect(other.status == 404)
                let one = try await daemon.get("\(list)/c1-voice", token: "token-1")
                let plan = try JSONValue(parsing: one.body)
                #expect(plan["default"] == .bool(false))
                #expect(plan["rates"]?["schema"] == .string("voice/1"))
                let asked = try await daemon.get(
                    "\(list)/c1-voice?customer_id=00000000-0000-4000-8000-000000000001", token: "token-op")
                #expect(asked.status == 200)

                let question = #"{"from":"2126001111","to":"3122005555","seconds":61,"at":"2025-03-12T15:00:05.000Z"}"#
                let answer = try await daemon.post("\(list)/calculate", question, token: "token-1")
                let price = try JSONValue(parsing: answer.body)
                #expect(answer.status == 200)
                #expect(price["charge"] == .string("0.00712"))
                #expect(price["rate_plan_id"] == .string("c1-voice"))
                #expect(price["rate_prefix"] == .string("312200"))
                #expect(price["rate_per_minute"] == .string("0.0070000"))
                #expect(price["billed_seconds"] == .number("61"))
                #expect(price["jurisdiction"] == .string("interstate"))
                #expect(price["flags"] == .array([]))
                let steps = (price["explanation"]?.elements ?? []).compactMap { $0["step"]?.string }
                #expect(steps.contains("rate") && steps.contains("charge"))
                #expect(!steps.contains("cost") && !steps.contains("margin"))
                #expect(price.fields?.contains { $0.name.contains("vendor") || $0.name.contains("margin") } == false)

                let bad = try await daemon.post(
                    "\(list)/calculate", #"{"from":"1","to":"2","seconds":-1}"#, token: "token-1")
                #expect(bad.status == 422)
                #expect(bad.text.contains("/seconds"))
            }
        }
    }

    @Test("operators are told how stored usage came to its charge; customers and unknown ids are refused")
    func explain() async throws {
        try await PollerWorld.with { world in
            try await world.addKey("token-1", customer: "00000000-0000-4000-8000-000000000001")
            try await world.addKey("token-op", customer: nil)
            let parts = world.parts()
            try await parts.pipeline.handle(
                try await world.add(.call, [Sample.call("u1"), Sample.call("u2", ban: "NOBODY")]))
            let rated = RatedCall.id(sipUUID: "u1").text
            let parked = RatedCall.id(sipUUID: "u2").text
            let charge = try await world.texts("SELECT charge::text FROM billing.rated_cdr").first
            try await world.serving { daemon in
                func path(_ id: String) -> String { "/internal/v1/usage/\(id)/explain" }
                let answer = try await daemon.get(path(rated), token: "token-op")
                #expect(answer.status == 200)
                let told = try JSONValue(parsing: answer.body)
                #expect(told["same_again"] == .bool(true))
                #expect(told["stored"]?["charge"] == charge.map { .string($0) })
                #expect(told["explanation"]?["record"]?["charge"] == charge.map { .string($0) })
                let held = try JSONValue(parsing: try await daemon.get(path(parked), token: "token-op").body)
                #expect(held["stored"]?["status"] == .string("held"))
                #expect(held["explanation"]?["record"]?["status"] == .string("held"))
                #expect(try await daemon.get(path(rated), token: "token-1").status == 403)
                let unknown = RatedCall.id(sipUUID: "nothing").text
                #expect(try await daemon.get(path(unknown), token: "token-op").status == 404)
                #expect(try await daemon.get(path("u1"), token: "token-op").status == 422)
            }
        }
    }

    @Test(
        "a plan is shown from the day on which it takes effect until the day on which it has expired, by the daemon's clock",
        arguments: [
            (now: "2025-03-31T23:00:00.000Z", shown: "dflt-voice", hidden: "dflt-voice-q2"),
            (now: "2025-04-01T00:00:00.000Z", shown: "dflt-voice-q2", hidden: "dflt-voice"),
        ])
    func ratePlansInForce(now: String, shown: String, hidden: String) async throws {
        try await PollerWorld.with { world in
            try await world.addKey("token-1", customer: "00000000-0000-4000-8000-000000000001")
            let clock = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)")
            try now.write(to: clock, atomically: true, encoding: .utf8)
            defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: clock) } }
            try await world.serving(with: ["environment": "test", "clock.file": clock.path]) { daemon in
                let list = "/api/v1/billing/rate-plans"
                let plans = try await daemon.get(list, token: "token-1")
                #expect(try Self.ids(plans) == ["dflt-api", "dflt-sms", "dflt-tf", "c1-voice", shown])
                #expect(try await daemon.get("\(list)/\(shown)", token: "token-1").status == 200)
                #expect(try await daemon.get("\(list)/\(hidden)", token: "token-1").status == 404)
            }
        }
    }

    private static func ids(_ response: HTTPClientResponse) throws -> [String] {
        let plans = try JSONValue(parsing: response.body)["rate_plans"]?.elements ?? []
        return plans.compactMap { $0["id"]?.string }
    }
}

extension PollerWorld {
    /// The daemon's configuration, under its own role and in a hurry.
    var settings: [String: String] {
        database.settings().merging(
            [
                "postgres.user": "warp_poller", "redis.keyPrefix": redisPrefix, "sweep.intervalSeconds": "1",
                "reference.pollSeconds": "1", "attempts.retrySeconds": "1",
            ]
        ) { _, own in own }
    }

    /// Rings for spans as cdr-ingest does.
    func ring(_ stream: StreamName, _ spans: [UsageSpan]) async throws {
        try await TestSupport.ring(redisPrefix + stream.rawValue, type: stream.entryType, spans.map(\.json))
    }

    /// Runs the whole daemon under its own role beside the body; `values` are more of its configuration.
    func serving(with values: [String: String] = [:], _ body: (RunningDaemon) async throws -> Void) async throws {
        let settings = settings.merging(values) { _, given in given }
        try await withDaemon(PollerCommand.daemon, values: settings, build: { try PollerCommand.build($0) }, body: body)
    }

    /// Asks until the answer is yes.
    func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<300 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(what): not within fifteen seconds")
    }

    fileprivate func addKey(_ token: String, customer: String?) async throws {
        try await admin.execute(
            """
            INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
            VALUES (\(Digest.sha256(token)), \(token), \(customer == nil ? "operator" : "customer"), \(customer), \(now))
            """)
    }
}
