import Core
import Drivers
import TestSupport
import Testing

@testable import VendorRecon

@Suite("Scorecards", .needsPostgres)
struct ScorecardsTests {
    @Test("a vendor's day is graded from its attempts, and grading again replaces the card")
    func day() async throws {
        try await ReconWorld.with { world in
            for (call, billed) in [("a", 60), ("b", 120)] {
                try await world.addAttempt(
                    callID: call, start: "2026-11-22T10:00:00Z", billed: billed, rate: "0.0045", cost: "0.0045")
            }
            let scorecards = Scorecards(pool: world.own, now: { ReconWorld.now })
            for _ in 0..<2 { _ = try await scorecards.make(day: world.day) }
            let card = try await world.text(
                """
                SELECT concat_ws(' ', attempts, answered, asr, ner, acd_seconds, pdd_p95_ms, total_cost, cost_per_success)
                FROM billing.vendor_scorecards
                """)
            #expect(card == "2 2 100.00 100.00 90.00 900 0.00900 0.00450")
        }
    }
}
