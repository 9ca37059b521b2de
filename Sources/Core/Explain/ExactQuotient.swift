/// An amount before its rounding: an exact quotient, which need not be a finite decimal.
struct ExactQuotient: Hashable {
    let numerator: Int128
    /// Above 0.
    let denominator: Int128

    /// A quotient in lowest terms. The denominator is above 0.
    init(_ numerator: Int128, over denominator: Int128) {
        precondition(denominator > 0, "a denominator is positive")
        let divisor = ExactQuotient.commonDivisor(numerator.magnitude, denominator.magnitude)
        self.numerator = numerator / Int128(divisor)
        self.denominator = denominator / Int128(divisor)
    }

    /// Digits behind the point of a decimal that does not end.
    private static let shownDigits = 10

    /// `427/60000`, or a whole number alone.
    var fraction: String { denominator == 1 ? String(numerator) : "\(numerator)/\(denominator)" }

    /// The whole decimal, such as `0.0071145`; of one that does not end the first digits and `…`.
    var text: String {
        let sign = numerator < 0 ? "-" : ""
        let (whole, rest) = numerator.magnitude.quotientAndRemainder(dividingBy: denominator.magnitude)
        var remainder = rest
        var digits = ""
        while remainder > 0, isFinite || digits.utf8.count < ExactQuotient.shownDigits {
            let (digit, left) = (remainder * 10).quotientAndRemainder(dividingBy: denominator.magnitude)
            digits += String(digit)
            remainder = left
        }
        return sign + String(whole) + (digits.isEmpty ? "" : "." + digits) + (remainder > 0 ? "…" : "")
    }

    /// Whether a decimal is the same but for its sign and zeros at its end.
    func isShown(by decimal: String) -> Bool {
        let shown = decimal.drop { $0 == "-" }
        let digits = text.drop { $0 == "-" }
        guard shown.hasPrefix(digits) else { return false }
        return shown.dropFirst(digits.count).allSatisfy { $0 == "0" || ($0 == "." && !digits.contains(".")) }
    }

    /// Whether the decimal ends.
    private var isFinite: Bool {
        var rest = denominator
        while rest % 2 == 0 { rest /= 2 }
        while rest % 5 == 0 { rest /= 5 }
        return rest == 1
    }

    private static func commonDivisor(_ first: UInt128, _ second: UInt128) -> UInt128 {
        var (larger, smaller) = (first, second)
        while smaller > 0 { (larger, smaller) = (smaller, larger % smaller) }
        return max(larger, 1)
    }
}

extension ExactQuotient {
    /// 1e-7 USD times `divisor`, as dollars.
    static func dollars(_ units: Int128, dividedBy divisor: Int128 = 1) -> ExactQuotient {
        ExactQuotient(units, over: divisor * 10_000_000)
    }
}
