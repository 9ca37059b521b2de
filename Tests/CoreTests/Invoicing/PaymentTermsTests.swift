import Core
import Testing

@Suite("Terms, fees and figures")
struct PaymentTermsTests {
    @Test("late fees fall due for whole 30 days, and never on a credit (I6)")
    func lateFee() throws {
        func fee(_ total: String, _ dueDate: String) throws -> Money {
            InvoiceAging(
                total: try usd(total), paid: .zero, dueDate: day(dueDate), asOf: day("2025-06-01"),
                lateFeePercent: try Percent(parsing: "1.5")
            ).lateFee
        }
        #expect(try fee("60", "2025-05-03") == .zero, "29 days")
        #expect(try fee("60", "2025-05-02") == (try usd("0.90")), "30 days")
        #expect(try fee("-60", "2025-01-01") == .zero)
    }

    @Test("a processor's fee of nothing but its fixed part, its cap, and a wire's that is booked as it comes (I8)")
    func fees() throws {
        #expect(PaymentMethodKind.card.fee(on: .zero) == (try usd("0.30")))
        #expect(PaymentMethodKind.ach.fee(on: try usd("1000000")) == (try usd("5")))
        #expect(PaymentMethodKind.wire.fee(on: try usd("100")) == nil)
    }

    @Test("ARPU, churn and lifetime value of a month, each rounded once (B1)")
    func figures() throws {
        let revenue = BusinessFigures.monthlyRecurringRevenue(
            feesInForce: try usd("250.00"), chargesOf30Days: try usd("749.99600"))
        #expect(revenue == (try usd("1000.00")))
        #expect(BusinessFigures.averageRevenuePerUser(revenue: revenue, activeCustomers: 3) == (try usd("333.33")))
        #expect(BusinessFigures.churn(lost: 1, activeBefore: 8)?.text == "12.50")
        // 1000 / 3 × 0.47 / 0.125
        let lifetime = BusinessFigures.customerLifetimeValue(
            revenue: revenue, activeCustomers: 3, margin: try usd("47"), charges: try usd("100"), lost: 1,
            activeBefore: 8)
        #expect(lifetime == (try usd("1253.33")))
        let unbroken = BusinessFigures.customerLifetimeValue(
            revenue: revenue, activeCustomers: 3, margin: try usd("47"), charges: try usd("100"), lost: 0,
            activeBefore: 8)
        #expect(unbroken == nil)
        #expect(BusinessFigures.hubSpotLifetimeValue(monthlyRevenue: revenue) == (try usd("24000")))
    }

    @Test("collection period and payment rates (B2)")
    func collection() throws {
        let days = BusinessFigures.averageCollectionHundredthsOfDays(
            openReceivables: try usd("500"), invoicedIn90Days: try usd("1500"))
        #expect(days == 3_000, "30.00 days")
        #expect(BusinessFigures.paymentSuccessRate(paid: 2, ended: 3)?.text == "66.67")
        #expect(BusinessFigures.paymentSuccessRate(paid: 0, ended: 0) == nil)
        #expect(BusinessFigures.rate(of: try usd("1"), paid: try usd("200"))?.text == "0.50")
    }
}
