/// Digits of a dialled number in an integer, with their count, so that leading zeros are not lost and nothing is allocated.
struct DigitString {
    /// How many digits there are.
    private(set) var count = 0
    /// The first 18 of them.
    private var value: UInt64 = 0
    /// Whether a `+` stood before them.
    var hasPlus = false

    private static let kept = 18

    /// Adds a digit 0…9.
    mutating func append(_ digit: UInt8) {
        if count < DigitString.kept { value = value * 10 + UInt64(digit) }
        count += 1
    }

    /// All digits as a number; only meaningful up to 18 of them.
    var number: UInt64 { value }

    /// The first digits as a number; nil where there are fewer.
    func head(_ length: Int) -> UInt64? {
        guard length <= count, length <= DigitString.kept else { return nil }
        return value / UInt64(FixedPoint.powerOfTen(min(count, DigitString.kept) - length))
    }

    /// What is left behind the first digits.
    func dropping(_ length: Int) -> DigitString {
        var rest = DigitString()
        rest.count = count - length
        rest.hasPlus = hasPlus
        rest.value = value % UInt64(FixedPoint.powerOfTen(max(0, min(count, DigitString.kept) - length)))
        return rest
    }
}
