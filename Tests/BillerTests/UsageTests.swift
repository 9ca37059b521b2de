import Core
import DaemonKit
import TestSupport
import Testing

@testable import Biller

@Suite("Customer-days")
struct UsageTests {
    @Test("usage is added once, however often it is swept", .needsPostgres)
    func once() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            let days = CustomerDays(pool: world.own, batchSize: 2, now: { world.now })
            var messages = TestUsage.call("0.02000", at: "2026-11-10T12:00:00Z")
            messages.classKey = "SMS:INBOUND"
            messages.units = 3
            var tollFree = TestUsage.call("0.10000", at: "2026-11-10T13:00:00Z")
            tollFree.classKey = "ORIGINATING:TOLLFREE"
            var query = TestUsage.call("0.00080", at: "2026-11-10T14:00:00Z")
            query.classKey = "API:LRN"
            query.units = 1
            try await world.add([.call("1.25004", at: "2026-11-10T10:00:00Z"), messages, tollFree, query])
            let horizon = try await Horizon("rated").through(world.own)
            try await days.add(upTo: horizon)
            try await days.add(upTo: horizon)
            try await world.add([
                .call("1.00000", at: "2026-11-10T23:59:59.999Z"), .call("2.00000", at: "2026-11-11T00:00:00Z"),
            ])
            let next = try await Horizon("rated").through(world.own)
            async let one: Void = days.add(upTo: next)
            async let other: Void = days.add(upTo: next)
            _ = try await (one, other)
            #expect(
                try await world.texts(
                    """
                    SELECT concat_ws(' ', usage_date, voice_seconds, voice_charges, sms_count, sms_charges, toll_free_seconds,
                        toll_free_charges, total_charges, record_count)
                    FROM billing.usage_summary ORDER BY usage_date
                    """) == [
                        "2026-11-10 120 2.25004 3 0.02000 60 0.10000 2.37084 5",
                        "2026-11-11 60 2.00000 0 0.00000 0 0.00000 2.00000 1",
                    ])
        }
    }
}
