import BigInt

/// An exact fraction, in lowest terms, its denominator above zero (G1).
public struct Rational: Comparable, Sendable {
    let numerator: BigInt
    let denominator: BigInt

    static let zero = Rational(0)

    init(_ whole: Int) {
        numerator = BigInt(whole)
        denominator = 1
    }

    init(_ numerator: BigInt, over denominator: BigInt) {
        precondition(denominator != 0, "a fraction needs a denominator")
        let divisor = numerator.greatestCommonDivisor(with: denominator) * (denominator < 0 ? -1 : 1)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    /// Of decimal text such as `-0.0085000`; nil if it is anything else.
    init?(decimal text: String) {
        var digits = text
        let isNegative = digits.hasPrefix("-")
        if isNegative { digits.removeFirst() }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts[0].isEmpty, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let whole = BigInt(parts.joined())
        else { return nil }
        let places = parts.count == 2 ? parts[1].count : 0
        self.init(isNegative ? -whole : whole, over: BigInt(10).power(places))
    }

    static func + (left: Rational, right: Rational) -> Rational {
        Rational(
            left.numerator * right.denominator + right.numerator * left.denominator,
            over: left.denominator * right.denominator)
    }

    static prefix func - (value: Rational) -> Rational {
        Rational(-value.numerator, over: value.denominator)
    }

    static func - (left: Rational, right: Rational) -> Rational {
        left + -right
    }

    static func * (left: Rational, right: Rational) -> Rational {
        Rational(left.numerator * right.numerator, over: left.denominator * right.denominator)
    }

    static func / (left: Rational, right: Rational) -> Rational {
        Rational(left.numerator * right.denominator, over: left.denominator * right.numerator)
    }

    static func += (left: inout Rational, right: Rational) { left = left + right }
    static func -= (left: inout Rational, right: Rational) { left = left - right }

    public static func < (left: Rational, right: Rational) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    var magnitude: Rational { self < .zero ? -self : self }

    /// The greatest whole number that is not above it.
    var floor: BigInt {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Rounded to `places` decimals, half away from zero (G2).
    func rounded(_ places: Int) -> Rational {
        let unit = BigInt(10).power(places)
        let nearest = (magnitude * Rational(unit, over: 1) + Rational(1, over: 2)).floor
        return Rational(self < .zero ? -nearest : nearest, over: unit)
    }

    /// The greatest value of `places` decimals that is not above it.
    func floored(_ places: Int) -> Rational {
        let unit = BigInt(10).power(places)
        return Rational((self * Rational(unit, over: 1)).floor, over: unit)
    }

    /// The least value of `places` decimals that is not below it.
    func raised(_ places: Int) -> Rational {
        -(-self).floored(places)
    }

    /// Text with exactly so many decimals; a value with more of them is rounded. Zero has no sign (G3).
    func text(_ places: Int) -> String {
        let rounded = rounded(places)
        let scaled = (rounded.magnitude * Rational(BigInt(10).power(places), over: 1)).floor
        var digits = String(scaled)
        while digits.count <= places { digits = "0" + digits }
        if places > 0 { digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -places)) }
        return rounded < .zero ? "-" + digits : digits
    }
}
