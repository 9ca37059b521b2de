/// A percentage with two decimals, as margins and discrepancies are shown (rule G3): 47.06.
public struct Percentage: Hashable, Comparable, Sendable {
    /// Hundredths of a percent.
    public let hundredths: Int64

    /// A percentage of so many hundredths.
    public init(hundredths: Int64) {
        self.hundredths = hundredths
    }

    /// `part / whole × 100`, rounded half away from zero to two decimals; nil where the whole is 0.
    public init?(_ part: Int128, of whole: Int128) {
        guard whole != 0 else { return nil }
        let sign: Int128 = whole < 0 ? -1 : 1
        hundredths = Int64(Rounding.halfAwayFromZero(part * sign * 10_000, dividedBy: whole * sign))
    }

    /// `12.50`
    public var text: String { FixedPoint.text(hundredths, scale: 2, decimals: 2) }

    /// By value.
    public static func < (left: Percentage, right: Percentage) -> Bool { left.hundredths < right.hundredths }
}

extension Percentage {
    /// Nothing.
    public static let zero = Percentage(hundredths: 0)

    /// A percentage from decimal text such as `12.50`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        hundredths = try FixedPoint.parse(text, decimals: 2)
    }
}
