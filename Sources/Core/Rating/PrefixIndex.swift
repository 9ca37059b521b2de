/// A dialled prefix: its digits, left-aligned in 15 places, and its length, in one integer that sorts by digits.
public struct Prefix: Hashable, Comparable, Sendable {
    /// Digits × 10^(15 − length) × 16 + length.
    let key: UInt64

    static let places = 15

    /// `1`, the country code of North America.
    static let northAmerica = Prefix(digits: 1, length: 1)

    /// A prefix of 1–15 digits; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        var digits: UInt64 = 0
        var length = 0
        for byte in text.utf8 {
            guard ASCII.isDigit(byte), length < Prefix.places else { return nil }
            digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
            length += 1
        }
        guard length > 0 else { return nil }
        self.init(digits: digits, length: length)
    }

    /// The prefix of a key.
    init(key: UInt64) {
        self.key = key
    }

    /// The prefix of digits without leading zero.
    init(digits: UInt64, length: Int) {
        key = digits * UInt64(FixedPoint.powerOfTen(Prefix.places - length)) << 4 | UInt64(length)
    }

    /// The first digits of a number of so many digits.
    init(of number: UInt64, digits count: Int, length: Int) {
        self.init(digits: number / UInt64(FixedPoint.powerOfTen(count - length)), length: length)
    }

    /// How many digits it has.
    public var length: Int { Int(key & 15) }

    /// The digits.
    public var text: String {
        padded(Int64(key >> 4) / FixedPoint.powerOfTen(Prefix.places - length), length)
    }

    /// Whether it can begin a number of the North American plan: the first digit is 2 to 9.
    public var beginsAreaCode: Bool { (key >> 4) >= 200_000_000_000_000 }

    /// The first digits of a prefix that has as many.
    func head(_ count: Int) -> UInt64 { (key >> 4) / UInt64(FixedPoint.powerOfTen(Prefix.places - count)) }

    /// The first four places: the bucket of an index.
    var bucket: Int { Int((key >> 4) / 100_000_000_000) }

    /// By digits, then length.
    public static func < (left: Prefix, right: Prefix) -> Bool { left.key < right.key }
}

/// Where the rows of a prefix stand in tables sorted by prefix: flat arrays, no allocation on a look-up.
public struct PrefixIndex: Hashable, Sendable {
    private let keys: [UInt64]
    /// First row of each four-digit bucket, and the end.
    private let buckets: [UInt32]
    /// Bit n: some prefix has n digits.
    private let lengthMask: UInt16

    /// The index of prefixes that are sorted already; equal ones stand side by side.
    public init(sorted prefixes: [Prefix] = []) {
        keys = prefixes.map(\.key)
        lengthMask = prefixes.reduce(0) { $0 | 1 << UInt16($1.length) }
        var buckets = [UInt32](repeating: 0, count: prefixes.isEmpty ? 0 : 10_001)
        for prefix in prefixes { buckets[prefix.bucket + 1] += 1 }
        for bucket in buckets.indices.dropFirst() { buckets[bucket] += buckets[bucket - 1] }
        self.buckets = buckets
    }

    /// How many rows there are.
    public var count: Int { keys.count }

    /// Whether some row has a prefix of this length.
    func has(length: Int) -> Bool { lengthMask & 1 << UInt16(length) != 0 }

    /// The rows of a prefix.
    func rows(of prefix: Prefix) -> Range<Int> {
        guard has(length: prefix.length) else { return 0..<0 }
        let bucket = prefix.bucket
        var lower = Int(buckets[bucket])
        let end = Int(buckets[bucket + 1])
        var upper = end
        while lower < upper {
            let middle = (lower + upper) / 2
            if keys[middle] < prefix.key { lower = middle + 1 } else { upper = middle }
        }
        var after = lower
        while after < end, keys[after] == prefix.key { after += 1 }
        return lower..<after
    }

    /// The prefix of a row.
    func prefix(ofRow row: Int) -> UInt64 { keys[row] }
}
