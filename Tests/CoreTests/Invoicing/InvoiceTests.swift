import Core
import TestSupport
import Testing

@Suite("Invoices")
struct InvoiceTests {
    static let interstate = UsageGroupKey(.terminatingInterstate, .interstate)
    static let intrastate = UsageGroupKey(.terminatingIntrastate, .intrastate)

    /// 10 % on everything within a state; the federal factor is 0.334.
    static func rules() throws -> TaxRules {
        TaxRules(
            usf: [.init(effective: day("2025-01-01"), factor: try Factor(parsing: "0.334"))],
            rows: [
                TaxRow(id: "il_sales", state: "IL", kind: .percent(try Factor(parsing: "0.1"), of: [.intrastate])),
                TaxRow(id: "il_e911", state: "IL", kind: .perLine(try usd("1.50"))),
            ])
    }

    static func terms(_ modifiers: InvoiceModifiers = InvoiceModifiers(), lines: Int = 0) -> InvoiceTerms {
        InvoiceTerms(
            invoiceDate: day("2025-04-01"), daysInMonth: 31, payment: .net30,
            tax: TaxProfile(serviceState: "IL", lines: lines), modifiers: modifiers)
    }

    static func draft(_ usage: InvoiceUsage, _ terms: InvoiceTerms) throws -> InvoiceDraft {
        InvoiceDraft(
            usage, terms: terms, skus: SKUMap(["TERMINATING:DOMESTIC:INTERSTATE": "SKU001"]), taxRules: try rules())
    }

    @Test("what came late stands on lines of its own, at its rated charge (I9)")
    func lateUsage() throws {
        let half = InvoiceModifiers(promotions: [Promotion(id: "p", .percent(try Percent(parsing: "50")))])
        let usage = InvoiceUsage(
            groups: [UsageGroup(key: Self.interstate, records: 1, gross: try usd("10"))],
            late: [UsageGroup(key: Self.interstate, records: 1, gross: try usd("4"))])
        let draft = try Self.draft(usage, Self.terms(half))
        #expect(draft.lines.map(\.kind) == [.usage, .lateUsage])
        #expect(draft.lines.map(\.amount) == [try usd("5"), try usd("4")])
        #expect(draft.taxes.first { $0.id == TaxRules.federalUSF }?.amount == (try usd("3.01")), "9.00 × 0.334")
    }

    @Test("a correction in the customer's favour is a negative line with negative tax (I9, T3)")
    func creditLine() throws {
        let late = [UsageGroup(key: Self.intrastate, records: 1, gross: try usd("-2.00500"))]
        let draft = try Self.draft(InvoiceUsage(groups: [], late: late), Self.terms())
        #expect(draft.subtotal == (try usd("-2.01")), "half away from zero")
        #expect(draft.taxTotal == (try usd("-0.20")))
    }

    @Test("a minimum commitment adds what the named lines lack, and nothing where they reach it (I9)")
    func minimum() throws {
        let minimum = MinimumCommitment(amount: try usd("25"), keys: [.terminatingInterstate])
        let usage = InvoiceUsage(groups: [
            UsageGroup(key: Self.interstate, gross: try usd("10")),
            UsageGroup(key: Self.intrastate, gross: try usd("20")),
        ])
        let draft = try Self.draft(usage, Self.terms(InvoiceModifiers(minimum: minimum)))
        #expect(draft.lines.last?.kind == .minimumCommitment)
        #expect(draft.lines.last?.amount == (try usd("15")))
        let reached = MinimumCommitment(amount: try usd("30"), keys: nil)
        #expect(try Self.draft(usage, Self.terms(InvoiceModifiers(minimum: reached))).lines.count == 2)
    }

    @Test("an invoice that does not hold the anchor day has no fee and no tax per line, but keeps the tax lines (I5)")
    func weeklyInvoice() throws {
        var terms = Self.terms(InvoiceModifiers(monthlyFee: try usd("25")), lines: 2)
        let usage = InvoiceUsage(groups: [])
        let monthly = try Self.draft(usage, terms)
        #expect(monthly.total == (try usd("28")))
        terms.carriesMonthlyCharges = false
        let weekly = try Self.draft(usage, terms)
        #expect(weekly.lines.isEmpty)
        #expect(weekly.taxes.map(\.id) == ["federal_usf", "il_e911", "il_sales"])
        #expect(weekly.total == .zero)
    }

    @Test("a bundle runs by the month: a week begins with what the weeks before have left (I5)")
    func bundleOverWeeks() throws {
        let bundle = Bundle(id: "b", keys: [.terminatingInterstate], seconds: 100)
        let record = BillableRecord(
            id: UsageID(Identifier128(high: 0, low: 1)), key: Self.interstate, instant: wednesday, billedSeconds: 60,
            units: 0, ratePerMinute: try Rate(parsing: "0.01"), charge: try usd("0.01"))
        #expect(UsageGroup.bundleSeconds(of: [record], bundles: [bundle]) == ["b": 60])
        let second = UsageGroup.groups(of: [record], bundles: [bundle], usedBefore: ["b": 60])
        #expect(second.map(\.coveredSeconds) == [40])
        #expect(second.map(\.bundleCredit) == [try usd("0.00667")])
    }

    @Test("a plan's modifiers are read from its rates, amounts digit by digit (P)")
    func planModifiers() throws {
        let rates = """
            {"schema": "voice/1", "monthly_fee": "25.00",
             "bundles": [{"id": "b1", "keys": ["TERMINATING:DOMESTIC:LOCAL"], "seconds": 60000}],
             "volume": {"metric": "minutes", "mode": "graduated", "keys": ["TERMINATING:DOMESTIC:INTERSTATE"],
                        "tiers": [{"from": "0", "discount_pct": "0"}, {"from": "10000", "discount_pct": "5.5"}]},
             "promotions": [{"id": "p1", "type": "percent", "value": "10"}, {"id": "p2", "type": "credit", "value": "50.00"}]}
            """
        let modifiers = try InvoiceModifiers(planRates: try JSONValue(parsing: rates))
        #expect(modifiers.monthlyFee == (try usd("25")))
        #expect(modifiers.bundles == [Bundle(id: "b1", keys: [.terminatingLocal], seconds: 60_000)])
        #expect(modifiers.volume?.tiers.last?.discount == (try Percent(parsing: "5.5")))
        #expect(
            modifiers.promotions == [
                Promotion(id: "p1", .percent(try Percent(parsing: "10"))), Promotion(id: "p2", .credit(try usd("50"))),
            ])
        #expect(throws: InvoiceModifiers.Malformed(path: "/monthly_fee")) {
            try InvoiceModifiers(planRates: try JSONValue(parsing: #"{"monthly_fee": 25.00}"#))
        }
    }

    @Test("a credit is spread to the last digit, whatever the groups are (I4)")
    func creditsConserve() throws {
        var generator = SeededGenerator(property: 6)
        for _ in 0..<300 {
            let groups = (0..<Int.random(in: 1...9, using: &generator)).map { number in
                UsageGroup(
                    key: UsageGroupKey(ClassKey("K\(number)"), .interstate),
                    gross: Money(units: .random(in: 0...100_000_000, using: &generator) * 100))
            }
            let credit = Money(units: .random(in: 0...60_000, using: &generator) * 100_000)
            let modifiers = InvoiceModifiers(promotions: [Promotion(id: "c", .credit(credit))])
            let draft = try Self.draft(InvoiceUsage(groups: groups), Self.terms(modifiers))
            let given = draft.lines.map(\.promotionCredit).total()
            #expect(given == min(credit, groups.map(\.gross).total()))
            #expect(draft.lines.map(\.net).allSatisfy { $0 >= .zero })
            #expect(draft.subtotal == draft.lines.map(\.amount).total())
            #expect(draft.total == draft.subtotal + draft.taxes.map(\.amount).total())
        }
    }
}
