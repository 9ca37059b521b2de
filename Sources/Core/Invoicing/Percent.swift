/// A percentage that is applied: a discount, a late fee. Exact to seven decimals, unlike the two-decimal `Percentage` that is shown.
public struct Percent: Hashable, Comparable, Sendable {
    /// The percentage in 1e-7 of a percent.
    public let units: Int64

    public static let zero = Percent(units: 0)

    public init(units: Int64) {
        self.units = units
    }

    /// A percentage from decimal text such as `12.5`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        units = try FixedPoint.parse(text, decimals: 7)
    }

    /// So much of an amount, rounded once, half away from zero.
    public func of(_ amount: Money, to decimals: MoneyScale) -> Money {
        Money(rounding: Int128(amount.units) * Int128(units), dividedBy: 1_000_000_000, to: decimals)
    }

    public static func < (left: Percent, right: Percent) -> Bool { left.units < right.units }
}

/// A factor that is applied: a tax rate or a share, exact to seven decimals (`0.334`).
public struct Factor: Hashable, Comparable, Sendable {
    /// The factor in 1e-7.
    public let units: Int64

    public static let zero = Factor(units: 0)
    public static let one = Factor(units: 10_000_000)

    public init(units: Int64) {
        self.units = units
    }

    /// A factor from decimal text such as `0.334`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        units = try FixedPoint.parse(text, decimals: 7)
    }

    public static func < (left: Factor, right: Factor) -> Bool { left.units < right.units }
}
