import Core
import Drivers
import Foundation
import Reference
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
