import Core
import Foundation

@testable import Biller

/// Customers of tests: as `customers load` takes them.
enum TestCustomers {
    static let prairie = "7e000000-0000-4000-8000-000000000001"
    static let summit = "7e000000-0000-4000-8000-000000000002"

    /// One customer as JSON; `fields` replace what stands here.
    static func json(_ fields: [String: Core.JSONValue] = [:]) -> Core.JSONValue {
        var all: [String: Core.JSONValue] = [
            "ban": .string("BAN1"), "id": .string(prairie), "name": .string("Prairie Freight"),
            "model": .string("POSTPAID"), "cycle": .string("monthly"), "payment_terms": .string("NET_30"),
            "credit_limit": .null, "billing_timezone": .string("UTC"), "anchor_day": .number("1"), "btn": .null,
            "service_state": .string("IL"), "lines": .number("0"), "wholesale": .bool(false),
            "exemptions": .array([]), "numbers": .array([]), "billed_from": .string("2026-11-01"),
        ]
        all.merge(fields) { _, given in given }
        return .object(all.sorted { $0.key < $1.key }.map { Core.JSONValue.Field(name: $0.key, value: $0.value) })
    }
}

extension BillerWorld {
    /// Loads customers, each given by what differs from `TestCustomers.json`.
    func load(_ customers: [String: Core.JSONValue]...) async throws {
        let file = try CustomerFile(customers.map(TestCustomers.json))
        _ = try await CustomerStore(pool: own).load(file.customers, actor: "operator:test", at: now)
    }

    /// Loads a small tax table: the federal fund at a tenth, and 5 % of Illinois on everything in the state.
    func loadTaxes() async throws {
        let file = try TaxFile(
            Array(
                """
                {"usf":[{"effective":"2026-01-01","factor":"0.1"}],
                 "rules":[{"id":"il_telecom","state":"IL","kind":"percent","rate":"0.05","base":["intrastate"]}]}
                """.utf8))
        try await TaxTable(pool: own).load(file.rates, actor: "operator:test", at: now)
    }

    /// Sells interstate calls as SKU001.
    func loadSKUs() async throws {
        try await loadReference(
            plans: [], skus: [.init(name: "TERMINATING:DOMESTIC:INTERSTATE", value: .string("SKU001"))])
    }
}

extension TestUsage {
    /// An interstate call of a minute at a price, accrued whole.
    static func call(_ charge: String, at: String, of customer: String = TestCustomers.prairie) -> TestUsage {
        TestUsage(
            customer: customer, classKey: "TERMINATING:DOMESTIC:INTERSTATE", at: at, seconds: 60, charge: charge,
            accrued: charge.hasSuffix("0") ? String(charge.dropLast()) : charge)
    }
}
