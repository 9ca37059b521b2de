/// What the business looks at, from sums that a store has made: every figure is rounded once, at its end (rules B1, B2).
public enum BusinessFigures {
    /// Monthly recurring revenue at a day: fees in force and the charges of the 30 days before, two decimals.
    public static func monthlyRecurringRevenue(feesInForce: Money, chargesOf30Days: Money) -> Money {
        (feesInForce + chargesOf30Days).rounded(to: .cents)
    }

    /// Average revenue per active customer, two decimals; nil without customers.
    public static func averageRevenuePerUser(revenue: Money, activeCustomers: Int) -> Money? {
        guard activeCustomers > 0 else { return nil }
        return Money(rounding: Int128(revenue.units), dividedBy: Int128(activeCustomers), to: .cents)
    }

    /// Customers active in days −60…−31 and not in −30…−1, over those active in −60…−31; nil where there were none.
    public static func churn(lost: Int, activeBefore: Int) -> Percentage? {
        Percentage(Int128(lost), of: Int128(activeBefore))
    }

    /// Customer lifetime value: ARPU × gross margin ÷ churn, rounded once to two decimals. Nil when churn is 0, or without
    /// customers or charges.
    public static func customerLifetimeValue(
        revenue: Money, activeCustomers: Int, margin: Money, charges: Money, lost: Int, activeBefore: Int
    ) -> Money? {
        guard activeCustomers > 0, charges > .zero, lost > 0, activeBefore > 0 else { return nil }
        // Reduced before the product with the revenue, which would leave 128 bits.
        var numerator = Int128(margin.units) * Int128(activeBefore)
        var denominator = Int128(charges.units) * Int128(activeCustomers) * Int128(lost)
        let divisor = greatestCommonDivisor(numerator, denominator)
        numerator /= divisor
        denominator /= divisor
        return Money(rounding: Int128(revenue.units) * numerator, dividedBy: denominator, to: .cents)
    }

    /// HubSpot's lifetime value: two years of monthly revenue.
    public static func hubSpotLifetimeValue(monthlyRevenue: Money) -> Money { monthlyRevenue * 24 }

    /// Attempts that ended paid, over attempts that ended.
    public static func paymentSuccessRate(paid: Int, ended: Int) -> Percentage? {
        Percentage(Int128(paid), of: Int128(ended))
    }

    /// An amount over what was paid: the refund rate of what was refunded, the dispute rate of what was charged back.
    public static func rate(of amount: Money, paid: Money) -> Percentage? {
        Percentage(Int128(amount.units), of: Int128(paid.units))
    }

    /// Open receivables over what was invoiced in the last 90 days, in hundredths of a day; nil where nothing was.
    public static func averageCollectionHundredthsOfDays(openReceivables: Money, invoicedIn90Days: Money) -> Int64? {
        guard invoicedIn90Days > .zero else { return nil }
        return Int64(
            Rounding.halfAwayFromZero(
                Int128(openReceivables.units) * 9_000, dividedBy: Int128(invoicedIn90Days.units)))
    }

    /// Margin over charges of a service's records that have both.
    public static func marginRate(margin: Money, charges: Money) -> Percentage? {
        Percentage(Int128(margin.units), of: Int128(charges.units))
    }
}
