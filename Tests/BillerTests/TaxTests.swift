import Core
import TestSupport
import Testing

@testable import Biller

@Suite("The tax table")
struct TaxTests {
    @Test("an invoice takes the rates of its date", .needsPostgres)
    func dated() async throws {
        try await BillerWorld.with { world in
            let table = TaxTable(pool: world.own)
            let file = try TaxFile(
                Array(
                    """
                    {"usf":[{"effective":"2026-01-01","factor":"0.3"},{"effective":"2026-12-02","factor":"0.4"}],
                     "rules":[
                      {"id":"il_sales","state":"IL","kind":"percent","rate":"0.05","base":["nontelecom"],"ends":"2026-12-01"},
                      {"id":"il_sales","state":"IL","kind":"percent","rate":"0.06","base":["nontelecom"],
                       "effective":"2026-12-01"},
                      {"id":"il_e911","state":"IL","kind":"per_line","amount":"1.50"}]}
                    """.utf8))
            try await table.load(file.rates, actor: "operator:ada", at: world.now)
            let rates = try await table.rates()
            #expect(rates.rates.count == 5)
            let november = rates.rules(on: try day("2026-11-30"))
            let december = rates.rules(on: try day("2026-12-01"))
            #expect(
                try november.rows(inState: "IL").map(\.kind) == [
                    .perLine(money("1.50")), .percent(Factor(parsing: "0.05"), of: [.nontelecom]),
                ])
            #expect(
                try december.rows(inState: "IL").map(\.kind) == [
                    .perLine(money("1.50")), .percent(Factor(parsing: "0.06"), of: [.nontelecom]),
                ])
            #expect(try december.usfFactor(on: day("2026-12-01")) == Factor(parsing: "0.3"))
            #expect(try december.usfFactor(on: day("2026-12-02")) == Factor(parsing: "0.4"))
        }
    }

    @Test("a load replaces the table; a file with faults replaces nothing", .needsPostgres)
    func replaces() async throws {
        try await BillerWorld.with { world in
            try await world.loadTaxes()
            let faults = try #require(throws: FileFaults.self) {
                try TaxFile(
                    Array(
                        #"{"usf":[{"effective":"today","factor":"0.1"}],"rules":[{"id":"a b","state":"IL","kind":"flat"},{"id":"il_x","state":"IL","kind":"percent","rate":"0.1","base":["moon"]}]}"#
                            .utf8))
            }
            #expect(
                faults.faults.map(\.path) == [
                    "/usf/0/effective", "/rules/0/id", "/rules/0/kind", "/rules/1/base/0",
                ])
            #expect(try await world.count("SELECT count(*) FROM billing.tax_rates") == 2)
        }
    }

    @Test("an exempt tax stays on the invoice at 0.00", .needsPostgres)
    func exempt() async throws {
        try await BillerWorld.with { world in
            try await world.load([
                "exemptions": .array([
                    .object([
                        .init(name: "tax", value: .string("federal_usf")),
                        .init(name: "valid_from", value: .string("2026-01-01")),
                        .init(name: "valid_to", value: .string("2026-12-01")),
                    ])
                ])
            ])
            try await world.loadTaxes()
            try await world.add([.call("10.00000", at: "2026-11-10T10:00:00Z")])
            let document = try #require(try await world.biller().run.run().issued.first?.document)
            #expect(
                document.taxes.map { "\($0.id) \($0.amount) \($0.exempt)" } == [
                    "federal_usf 0.00 true", "il_telecom 0.00 false",
                ])
            #expect(
                try await world.texts(
                    "SELECT class_key || ' ' || exempt FROM billing.invoice_lines WHERE kind = 'tax' ORDER BY 1")
                    == ["federal_usf true", "il_telecom false"])
        }
    }
}
