import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import VendorRecon

@Suite("Reconciliation", .needsPostgres)
struct ReconciliationTests {
    /// One line of a statement: 10:00:00, both numbers as the vendor writes them.
    private func line(_ callID: String, billed: Int = 60, rate: String = "0.0045000", cost: String = "0.00450")
        -> String
    {
        "2026-11-22T10:00:00.000Z,\(callID),outbound,16304207501,+16467007042,55,\(billed),\(rate),\(cost),USD\n"
    }

    @Test("a call that agrees matches, a longer one is found and disputed")
    func mismatch() async throws {
        try await ReconWorld.with { world in
            for call in ["a", "b"] {
                try await world.addAttempt(
                    callID: call, start: "2026-11-22T10:00:00Z", billed: 60, rate: "0.0045", cost: "0.0045")
            }
            try await world.importStatement(line("a") + line("b", billed: 66, cost: "0.00495"))
            let result = try await world.reconciliation.run(
                vendor: "telnyx", day: world.day, disputeDate: ReconWorld.now.usageDay)
            #expect(result.count(of: .matched) == 1)
            #expect(result.count(of: .durationMismatch) == 1)
            let dispute = try await world.text(
                "SELECT concat_ws(' ', state, amount, records, window_until) FROM billing.disputes")
            #expect(dispute == "open 0.00045 1 2026-12-23")
        }
    }

    @Test("running again replaces what was found and opens no second dispute; a late file moves its amount, or ends it")
    func again() async throws {
        try await ReconWorld.with { world in
            try await world.addAttempt(
                callID: "a", start: "2026-11-22T10:00:00Z", billed: 60, rate: "0.0045", cost: "0.0045")
            try await world.importStatement(line("a") + line("unknown"))
            for _ in 0..<2 {
                _ = try await world.reconciliation.run(
                    vendor: "telnyx", day: world.day, disputeDate: ReconWorld.now.usageDay)
            }
            let runs: SQL = "SELECT count(*) FROM billing.reconciliation_runs WHERE superseded_at IS NULL"
            #expect(try await world.text(runs) == "1")
            #expect(try await world.text("SELECT string_agg(amount::text, ',') FROM billing.disputes") == "0.00450")
            try await world.addAttempt(
                callID: "unknown", start: "2026-11-22T10:00:00Z", billed: 60, rate: "0.0045", cost: "0.0045")
            _ = try await world.reconciliation.run(
                vendor: "telnyx", day: world.day, disputeDate: ReconWorld.now.usageDay)
            #expect(try await world.text("SELECT string_agg(state, ',') FROM billing.disputes") == "withdrawn")
        }
    }

    @Test("a statement that came while its day was read is next to be looked at; a day without lines holds nobody up")
    func lateStatement() async throws {
        try await ReconWorld.with { world in
            func lines() async throws -> String? {
                try await world.text(
                    """
                    SELECT string_agg(concat(run.usage_day, ' ', statement_line), ', ' ORDER BY run.usage_day, ordinal)
                    FROM billing.vendor_matches
                    JOIN billing.reconciliation_runs AS run ON run.id = run_id AND run.superseded_at IS NULL
                    """)
            }
            try await world.importStatement(line("a"), name: "telnyx-1.csv")
            try await world.reconciliation.runOpenDays()
            #expect(try await lines() == "2026-11-22 1")
            // In the same millisecond, and with the 23rd quiet.
            let later = line("c").replacing("2026-11-22", with: "2026-11-24")
            try await world.importStatement(line("b") + later, name: "telnyx-2.csv")
            try await world.reconciliation.runOpenDays()
            #expect(try await lines() == "2026-11-22 1, 2026-11-22 1, 2026-11-24 2")
            let runs = try await world.text("SELECT count(*) FROM billing.reconciliation_runs")
            try await world.reconciliation.runOpenDays()
            #expect(try await world.text("SELECT count(*) FROM billing.reconciliation_runs") == runs)
        }
    }

    @Test(
        "of two runs of a day at once the later reads after the earlier has ended, so nothing old replaces something new"
    )
    func twoAtOnce() async throws {
        try await ReconWorld.with { world in
            try await world.importStatement(line("a"))
            let key = try #require(
                try await world.admin.query(
                    "SELECT hashtextextended(\("recon:telnyx:\(world.day.text)"), 0) AS key"
                ).first?.value("key") as Int64?)
            // Another run is at work, and an attempt comes while ours waits for it.
            async let other: Bool? = world.admin.withAdvisoryLock(key) {
                try await world.advisoryLock(isGranted: false)
                try await world.addAttempt(
                    callID: "a", start: "2026-11-22T10:00:00Z", billed: 60, rate: "0.0045", cost: "0.0045")
                return true
            }
            try await world.advisoryLock(isGranted: true)
            let result = try await world.reconciliation.run(
                vendor: "telnyx", day: world.day, disputeDate: ReconWorld.now.usageDay)
            #expect(try await other == true)
            #expect(result.count(of: .matched) == 1)
        }
    }

    @Test("behind the thirtieth day nothing is claimed")
    func windowClosed() async throws {
        try await ReconWorld.with { world in
            try await world.importStatement(line("unknown"))
            let late = ReconWorld.invoiceDate.advanced(days: 31)
            _ = try await world.reconciliation.run(vendor: "telnyx", day: world.day, disputeDate: late)
            #expect(try await world.text("SELECT count(*) FROM billing.disputes") == "0")
        }
    }

    @Test("a day without a statement is refused by name")
    func noStatement() async throws {
        try await ReconWorld.with { world in
            await #expect(throws: ReconError.self) {
                try await world.reconciliation.run(
                    vendor: "telnyx", day: world.day, disputeDate: ReconWorld.now.usageDay)
            }
        }
    }

    @Test("days with a statement that nobody has looked at since it came are run once")
    func openDays() async throws {
        try await ReconWorld.with { world in
            try await world.importStatement(line("unknown"))
            try await world.reconciliation.runOpenDays()
            try await world.reconciliation.runOpenDays()
            #expect(try await world.text("SELECT count(*) FROM billing.reconciliation_runs") == "1")
        }
    }
}
