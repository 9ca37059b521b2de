import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Vendor attempts", .needsPostgres, .serialized)
struct AttemptTests {
    /// What the answered attempt of `Sample` costs: 66 s at 0.0020000 by the prefix of its call's number.
    private static let expected = [
        "attempt_number": "1", "vendor_name": "telnyx", "ani": "+12126001111", "dni": "+13122005555",
        "class_key": "TERMINATING:DOMESTIC:INTERSTATE", "rate_prefix": "312200", "billed_seconds": "66",
        "vendor_rate": "0.0020000", "vendor_cost": "0.00220", "mos_score": "4.21", "packet_loss": "0.50",
        "pdd_ms": "850", "flags": "[]", "names_its_call": "true",
    ]

    @Test("an attempt that comes after its call is stored at once, with the cost that its call gives it")
    func afterCall() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1")]))
            let stored = try await world.attempt("u1")
            #expect(stored == Self.expected)
            let parked = try await world.count("SELECT count(*) FROM billing.unrated_usage")
            #expect(parked == 0)
        }
    }

    @Test("attempts that come first wait, and are stored in the transaction that rates their call")
    func beforeCall() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let attempts = [
                Sample.attempt("u1"), Sample.attempt("u1", number: 2, isAnswered: false), Sample.attempt("u2"),
            ]
            let rung = try await world.add(.attempt, attempts)
            try await parts.pipeline.handle(rung)
            let waiting = try await world.texts(
                "SELECT natural_key FROM billing.unrated_usage WHERE status = 'waiting' ORDER BY 1")
            #expect(waiting == ["u1|1", "u1|2", "u2|1"])

            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            let stored = try await world.attempt("u1")
            #expect(stored == Self.expected)
            let unanswered = try await world.attempt("u1", number: 2)
            #expect(unanswered["vendor_cost"] == "0.00000")
            #expect(unanswered["billed_seconds"] == "0")
            let left = try await world.texts("SELECT natural_key FROM billing.unrated_usage")
            #expect(left == ["u2|1"])

            try await parts.pipeline.handle(rung)
            try await world.sweep(parts)
            let rows = try await world.count("SELECT count(*) FROM billing.vendor_cdr")
            #expect(rows == 2)
        }
    }

    @Test("an attempt whose call and itself were handled at the same moment is found when it is due")
    func due() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1")]))
            // As if the call's poller had looked for attempts before this one was parked.
            try await world.admin.execute("UPDATE billing.unrated_usage SET status = 'held'")
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await world.admin.execute("UPDATE billing.unrated_usage SET status = 'waiting'")
            try await parts.tick.retryParked()
            let tooEarly = try await world.count("SELECT count(*) FROM billing.vendor_cdr")
            #expect(tooEarly == 0)

            world.clock.advance(seconds: 60)
            try await parts.tick.retryParked()
            let stored = try await world.attempt("u1")
            #expect(stored == Self.expected)
            let left = try await world.count("SELECT count(*) FROM billing.unrated_usage")
            #expect(left == 0)
        }
    }

    @Test("after fifteen minutes alone an attempt is stored without cost, flagged NO_CALL; its call may still come")
    func noCall() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1")]))
            for minute in 1...16 {
                world.clock.advance(seconds: 60)
                if minute == 15 {
                    // The calls' sweep has not come so far yet: the call may lie in the table.
                    try await parts.tick.retryParked()
                    let early = try await world.count("SELECT count(*) FROM billing.vendor_cdr")
                    #expect(early == 0)
                }
                try await world.sweep(parts)
                try await parts.tick.retryParked()
            }
            let stored = try await world.attempt("u1")
            #expect(stored["flags"] == "[\"NO_CALL\"]")
            #expect(stored["vendor_cost"] == nil)
            #expect(stored["dni"] == nil)

            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await world.sweep(parts)
            let calls = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            let attempts = try await world.count("SELECT count(*) FROM billing.vendor_cdr")
            #expect(calls == 1)
            #expect(attempts == 1)
        }
    }

    @Test("an attempt need not wait for a parked call to be rated: the vendor bills it either way")
    func parkedCall() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let calls = [
                Sample.call("unrated", to: "+2348012345678"), Sample.call("held", ban: "NOBODY"),
                Sample.call("nowhere", to: "5550100"),
            ]
            try await parts.pipeline.handle(try await world.add(.call, calls))
            try await parts.pipeline.handle(
                try await world.add(.attempt, ["unrated", "held", "nowhere"].map { Sample.attempt($0) }))
            // Neither has a vendor's rate: the deck has no Lagos, a held call is not looked up at all.
            let unrated = try await world.attempt("unrated")
            #expect(unrated["class_key"] == "TERMINATING:INTERNATIONAL")
            #expect(unrated["flags"] == "[\"NO_VENDOR_RATE\"]")
            let held = try await world.attempt("held")
            #expect(held["dni"] == "+13122005555")
            #expect(held["vendor_cost"] == nil)
            #expect(held["flags"] == "[]")
            // Nothing is looked up for a call that cannot be classified.
            let nowhere = try await world.attempt("nowhere")
            #expect(nowhere["class_key"] == "TERMINATING:INVALID")
            #expect(nowhere["vendor_cost"] == nil)
            let waiting = try await world.count("SELECT count(*) FROM billing.unrated_usage WHERE status = 'waiting'")
            #expect(waiting == 0)
        }
    }

    @Test("a vendor that nobody knows has no rate, and says so")
    func unknownVendor() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1", vendor: "acme")]))
            let stored = try await world.attempt("u1")
            #expect(stored["flags"] == "[\"NO_VENDOR_RATE\"]")
            #expect(stored["vendor_cost"] == nil)
        }
    }
}

extension AttemptTests {
    @Test("an opinion score that was not sent is estimated from loss, jitter and latency (Q4)")
    func estimatedOpinionScore() async throws {
        try await PollerWorld.with { world in
            let pipeline = world.parts().pipeline
            try await pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await pipeline.handle(
                try await world.add(
                    .attempt,
                    [Sample.attempt("u1", number: 1), Sample.attempt("u1", number: 2, mos: "null")]))
            #expect(try await world.attempt("u1", number: 1)["mos_score"] == "4.21")
            // R = 93.2 - (50 + 14 + 10) / 40 - 2.5 * 0.5 = 90.1
            #expect(try await world.attempt("u1", number: 2)["mos_score"] == "4.34")
        }
    }
}

extension PollerWorld {
    /// What is stored of an attempt.
    fileprivate func attempt(_ key: String, number: Int = 1) async throws -> [String: String] {
        let call = UsageID(RecordReader.id(.cdr, naturalKey: key))
        return try await columns(
            of: """
                SELECT attempt_number, vendor_name, ani, dni, class_key, rate_prefix, billed_seconds, vendor_rate,
                    vendor_cost, mos_score, packet_loss, pdd_ms, flags, customer_cdr_id = \(call) AS names_its_call
                FROM billing.vendor_cdr
                WHERE sip_uuid = \(key) AND attempt_number = \(number)
                """)
    }
}
