import Core
import Drivers
import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@testable import Poller

@Suite("Replay", .needsPostgres, .serialized)
struct ReplayTests {
    private static let day = UsageDay(parsing: "2025-03-12")!

    @Test("a day on which reference data, customers and vendors changed comes out as it is stored")
    func identical() async throws {
        try await PollerWorld.with { world in
            try await world.rate("a")
            _ = try await world.load(.sku, "{\"API:LRN\":\"SKU999\"}")
            try await world.rate("b")
            try await world.admin.execute("UPDATE billing.customers SET margin_alert_pct = 99.00")
            try await world.rate("c")
            try await world.admin.execute("UPDATE billing.vendors SET terms = terms - 'deck'")
            try await world.rate("d")

            let versions = try await world.texts(
                "SELECT DISTINCT ref_version FROM billing.rated_cdr ORDER BY ref_version")
            #expect(versions.count == 4)
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day)
            #expect(report.differences == [])
            #expect(report.isIdentical)
            #expect(report.sums.contains(Replay.Sum(day: Self.day, kind: .call, rows: 4)))
            #expect(report.sums.contains(Replay.Sum(day: Self.day, kind: .message, rows: 4)))
            #expect(report.sums.contains(Replay.Sum(day: Self.day, kind: .query, rows: 4)))
        }
    }

    @Test("attempts come out as stored, with their call and alone, before and after a vendor's terms changed")
    func attempts() async throws {
        try await PollerWorld.with { world in
            let pipeline = world.parts().pipeline
            try await pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1", number: 1, mos: "null")]))
            try await world.admin.execute("UPDATE billing.vendors SET terms = terms - 'deck'")
            try await world.parts().pipeline.handle(
                try await world.add(.attempt, [Sample.attempt("u1", number: 2)]))
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.attempt])
            #expect(report.differences == [])
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .attempt, rows: 2)])
        }
    }

    @Test(
        "calls that a portability service was asked for come out by its stored answer, though numbers were ported since"
    )
    func dips() async throws {
        try await DipWorld.with { world, service in
            try await service.port("3122005555", to: "2126001111")
            try await world.parts(dips: service.settings).pipeline.handle(
                try await world.add(.call, [Sample.call("u1"), Sample.call("u2", to: "3122005556")]))
            try await service.port("3122005555", to: "2126002222")
            let sources = try await world.texts("SELECT dni_lrn_source FROM billing.rated_cdr")
            #expect(sources == ["dip", "dip"])
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(report.differences == [])
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .call, rows: 2)])
        }
    }

    @Test("a record that was corrected before its release comes out as corrected")
    func corrected() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            _ = try await orders.fix(
                "u1", set: [FieldSetting("customer_ban", "BAN001")], because: "trunk moved", by: "ada")
            _ = try await orders.release("u1", by: "bob")
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(report.differences == [])
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .call, rows: 1)])
        }
    }

    @Test("after a re-rating the first row, its reversal and the correction each come out; a changed reversal is found")
    func rerated() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, RerateTests.dearerPlan)
            _ = try await world.apply(try await world.preview(RerateTests.scope))
            let rows = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            let reversals = try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE reverses IS NOT NULL")
            #expect(reversals == 3)
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(report.differences == [])
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .call, rows: rows)])

            try await world.admin.execute(
                "UPDATE billing.rated_cdr SET charge = -9 WHERE reverses IS NOT NULL AND sip_uuid = 'u1'")
            let changed = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(changed.sums == [Replay.Sum(day: Self.day, kind: .call, rows: rows, different: 1)])
            #expect(changed.differences.map { $0.column } == ["charge"])
            try await world.admin.execute(
                "DELETE FROM billing.rated_cdr WHERE reverses IS NULL AND corrects IS NULL AND sip_uuid = 'u1'")
            let lost = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(lost.sums == [Replay.Sum(day: Self.day, kind: .call, rows: rows - 1, different: 1)])
        }
    }

    @Test("how far a day is, is told while it is replayed")
    func progress() async throws {
        try await PollerWorld.with { world in
            try await world.rate("a")
            try await world.rate("b")
            let told = Mutex<[Replay.Sum]>([])
            _ = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call]) { sum in
                told.withLock { $0.append(sum) }
            }
            #expect(told.withLock { $0 }.last == Replay.Sum(day: Self.day, kind: .call, rows: 2))
        }
    }

    @Test("a row whose raw row is gone counts as different")
    func lost() async throws {
        try await PollerWorld.with { world in
            try await world.rate("a")
            try await world.rate("b")
            try await world.admin.execute("DELETE FROM billing.raw_cdr WHERE sip_uuid = 'u-a'")
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .call, rows: 2, different: 1)])
            #expect(report.differences.map { $0.id } == [RatedCall.id(sipUUID: "u-a").text])
        }
    }

    @Test("a row that somebody changed is found with its column")
    func tampered() async throws {
        try await PollerWorld.with { world in
            try await world.rate("a")
            try await world.rate("b")
            try await world.admin.execute("UPDATE billing.rated_cdr SET charge = 9 WHERE sip_uuid = 'u-a'")
            let report = try await Replay(pool: world.pool).run(Self.day...Self.day, [.call])
            #expect(!report.isIdentical)
            #expect(report.sums == [Replay.Sum(day: Self.day, kind: .call, rows: 2, different: 1)])
            #expect(report.differences.map { $0.column } == ["charge"])
            #expect(report.differences.map { $0.stored } == ["9.00000"])
            #expect(report.differences.map { $0.again } == ["0.00712"])
            #expect(report.text.contains("charge: stored 9.00000, again 0.00712"))
        }
    }
}

extension PollerWorld {
    /// Rates a call, a message and a query by a poller that has just begun.
    fileprivate func rate(_ name: String) async throws {
        let spans =
            try await add(.call, [Sample.call("u-\(name)")]) + add(.message, [Sample.message("m-\(name)")])
            + add(.query, [Sample.query("q-\(name)")])
        try await parts().pipeline.handle(spans)
    }
}
