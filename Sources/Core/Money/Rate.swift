/// A price per minute, message or query: an `Int64` of 1e-7 USD (rule G3). Only a rounding makes money of a rate.
public struct Rate: Hashable, Comparable, Sendable {
    /// The price in 1e-7 USD.
    public let units: Int64

    /// Nothing to pay.
    public static let zero = Rate(units: 0)

    /// A rate of so many 1e-7 USD.
    @inlinable
    public init(units: Int64) {
        self.units = units
    }

    /// A rate from decimal text such as `0.0085`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        units = try FixedPoint.parse(text, decimals: Money.scale)
    }

    /// The rate with its seven decimals: `0.0085000`.
    public var text: String { FixedPoint.text(units, scale: Money.scale, decimals: Money.scale) }

    @inlinable
    public static func < (left: Rate, right: Rate) -> Bool { left.units < right.units }

    @inlinable
    public static func + (left: Rate, right: Rate) -> Rate { Rate(units: left.units + right.units) }
}
