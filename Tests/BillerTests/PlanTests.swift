import Core
import TestSupport
import Testing

@testable import Biller

@Suite("What plans change on invoices")
struct PlanTests {
    private func plan(_ id: String, from: String, to: String?, rates: String) throws -> Core.JSONValue {
        .object([
            .init(name: "id", value: .string(id)), .init(name: "type", value: .string("voice")),
            .init(name: "customer_id", value: .string(TestCustomers.prairie)),
            .init(name: "effective_date", value: .string(from)),
            .init(name: "expiry_date", value: to.map(Core.JSONValue.string) ?? .null),
            .init(name: "rates", value: try Core.JSONValue(parsing: rates)),
        ])
    }

    @Test("a monthly fee is an invoice without usage, too, and waits for its SKU", .needsPostgres)
    func fee() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            try await world.loadReference(
                plans: [try plan("prairie", from: "2026-01-01", to: nil, rates: #"{"monthly_fee":"30.00"}"#)], skus: [])
            let document = try #require(try await world.biller().run.run().issued.first?.document)
            #expect(document.lines.map { "\($0.classKey) \($0.amount) \($0.export)" } == ["RECURRING 30.00 held"])
        }
    }

    @Test("fees go by days: of the customer's first month, and of plans that follow one another", .needsPostgres)
    func proration() async throws {
        try await BillerWorld.with { world in
            try await world.load(["billed_from": .string("2026-11-16")])
            try await world.loadReference(
                plans: [
                    try plan("old", from: "2026-01-01", to: "2026-11-21", rates: #"{"monthly_fee":"30.00"}"#),
                    try plan("new", from: "2026-11-21", to: nil, rates: #"{"monthly_fee":"60.00"}"#),
                ], skus: [])
            let document = try #require(try await world.biller().run.run().issued.first?.document)
            // 16 to 20 November: 5 of 30 days of 30.00; 21 to 30: 10 of 30 days of 60.00.
            #expect(document.lines.map(\.amount) == ["25.00"])
            #expect(document.periodStart == "2026-11-16")
        }
    }

    @Test("with weekly cycles the fee stands once a month, and a bundle lasts for the month", .needsPostgres)
    func weekly() async throws {
        try await BillerWorld.with(at: "2026-12-21T06:00:00Z") { world in
            try await world.load(["cycle": .string("weekly"), "billed_from": .string("2026-12-01")])
            try await world.loadReference(
                plans: [
                    try plan(
                        "prairie", from: "2026-01-01", to: nil,
                        rates: """
                            {"monthly_fee":"10.00","bundles":[{"id":"b","keys":["TERMINATING:DOMESTIC:LOCAL"],"seconds":90}]}
                            """)
                ], skus: [])
            var calls: [TestUsage] = []
            for day in ["02", "09", "16"] {
                var call = TestUsage.call("1.00000", at: "2026-12-\(day)T10:00:00Z")
                call.classKey = "TERMINATING:DOMESTIC:LOCAL"
                call.ratePerMinute = "1.0000000"
                calls.append(call)
            }
            try await world.add(calls)
            let issued = try await world.biller().run.run().issued.map(\.document)
            // 60 of the 90 seconds in the first week, 30 in the second, none in the third.
            #expect(issued.map { $0.lines[0].bundleCredit } == ["1.00000", "0.50000", "0.00000"])
            #expect(issued.map { $0.lines.count } == [2, 1, 1])
            #expect(issued[0].lines[1].amount == "10.00")
        }
    }

    @Test("a preview is the invoice that comes, but for its number", .needsPostgres)
    func preview() async throws {
        try await BillerWorld.with(at: "2026-11-30T12:00:00Z") { world in
            try await world.load([:])
            try await world.loadTaxes()
            try await world.loadReference(
                plans: [
                    try plan(
                        "prairie", from: "2026-01-01", to: nil,
                        rates: #"{"monthly_fee":"10.00","promotions":[{"id":"p","type":"percent","value":"10"}]}"#)
                ], skus: [])
            try await world.add([.call("5.00000", at: "2026-11-10T10:00:00Z")])
            let biller = world.biller()
            let preview = try #require(try await biller.run.preview(ban: "BAN1", on: nil))
            #expect(preview.number == nil)
            #expect(try await world.count("SELECT count(*) FROM billing.invoices") == 0)
            try world.move(to: "2026-12-01T12:00:00Z")
            var issued = try #require(try await biller.run.run().issued.first?.document)
            issued.number = nil
            #expect(issued == preview)
        }
    }
}
