import Core
import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("The tutorial's invoices")
struct TutorialTests {
    @Test("both runs come to what was worked out without us, for every customer", .needsPostgres)
    func expected() async throws {
        try await BillerWorld.with(at: "2026-11-23T06:00:00Z") { world in
            try await world.loadTutorial()
            let biller = world.biller()
            try await world.add(try records(late: false))
            let first = try await biller.runCycle(waiting: .zero)
            #expect(first.run.issued.map(\.document.customer.ban) == ["BAN300002"])

            try await world.add(try records(late: true))
            try world.move(to: "2026-12-01T06:00:00Z")
            let second = try await biller.runCycle(waiting: .zero)
            #expect(second.run.parked.isEmpty)
            #expect(first.export.exported + second.export.exported == 9)

            let document = try Core.JSONValue(parsing: try tutorial("expected.json"))
            var expected: [[String: Core.JSONValue]] = []
            for customer in try #require(document["customers"]?.fields) {
                for invoice in try #require(customer.value["invoices"]?.elements) {
                    expected.append(Comparison.expected(invoice, ban: customer.name))
                }
            }
            var issued: [[String: Core.JSONValue]] = []
            for entry in first.run.issued + second.run.issued { issued.append(try Comparison.issued(entry.document)) }
            #expect(issued.count == expected.count)
            for wanted in expected {
                let found = try #require(
                    issued.first {
                        $0["ban"] == wanted["ban"] && $0["period_start"] == wanted["period_start"]
                    })
                for (name, value) in wanted { #expect(found[name] == value, "\(wanted["ban"] ?? .null) \(name)") }
            }
            #expect(try await UsageStore(pool: world.own).unclaimed(limit: 10).isEmpty)
            let sums = try await world.texts(
                """
                SELECT (sum(usage_charges) - sum(balance_paid))::text || ' ' || sum(usage_charges) || ' ' || sum(balance_paid)
                FROM billing.invoices
                """)
            #expect(sums == ["11.56644 22.85034 11.2839"])
        }
    }

    /// The rated records of the day, or those that came late, with what the wallet made of them.
    private func records(late: Bool) throws -> [TestUsage] {
        var customers: [String: String] = [:]
        for customer in try #require(try Core.JSONValue(parsing: try tutorial("customers.json")).elements) {
            customers[try #require(customer["ban"]?.string)] = customer["id"]?.string
        }
        var usage: [TestUsage] = []
        for line in try tutorial("expected_records.jsonl").split(separator: UInt8(ascii: "\n")) {
            let record = try Core.JSONValue(parsing: line)
            guard record["status"]?.string == "rated", record["file"]?.string?.hasPrefix("90-late") == late else {
                continue
            }
            let ban = try #require(record["customer_ban"]?.string)
            usage.append(
                TestUsage(
                    customer: try #require(customers[ban]),
                    classKey: try #require(record["class_key"]?.string),
                    taxJurisdiction: try #require(record["tax_jurisdiction"]?.string),
                    at: try #require(record["rating_instant"]?.string),
                    seconds: record["billed_seconds"]?.integer ?? 0, units: record["units"]?.integer ?? 0,
                    ratePerMinute: record["rate_per_minute"]?.string, charge: try #require(record["charge"]?.string),
                    debit: try #require(record["debit"]?.string), accrued: try #require(record["accrued"]?.string)))
        }
        return usage
    }
}

/// Both sides with the same names and nothing else.
private enum Comparison {
    static let names = [
        "period_start", "period_end", "invoice_date", "due_date", "subtotal", "tax_total", "total", "form499",
        "records",
        "late_records", "usage_charges", "balance_paid", "accrued_carried", "tax_debited",
    ]
    static let lineNames = [
        "class_key", "sku", "gross", "bundle_credit", "volume_discount", "promo_credit", "net", "amount", "export",
    ]
    static let taxNames = ["id", "amount", "exempt"]

    static func expected(_ invoice: Core.JSONValue, ban: String) -> [String: Core.JSONValue] {
        var fields: [String: Core.JSONValue] = ["ban": .string(ban)]
        for name in names { fields[name] = sorted(invoice[name] ?? .null) }
        fields["lines"] = .array((invoice["lines"]?.elements ?? []).map { picked(lineNames, $0) })
        fields["taxes"] = .array((invoice["taxes"]?.elements ?? []).map { picked(taxNames, $0) })
        return fields
    }

    static func issued(_ document: InvoiceDocument) throws -> [String: Core.JSONValue] {
        expected(try Core.JSONValue(parsing: try document.json()), ban: document.customer.ban)
    }

    private static func picked(_ names: [String], _ value: Core.JSONValue) -> Core.JSONValue {
        .object(names.map { Core.JSONValue.Field(name: $0, value: value[$0] ?? .null) })
    }

    private static func sorted(_ value: Core.JSONValue) -> Core.JSONValue {
        guard let fields = value.fields else { return value }
        return .object(fields.sorted { $0.name < $1.name })
    }
}
