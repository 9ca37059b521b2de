/// Finds the numbers of payment cards in text that people write (M21), so that none is ever stored: an issuer's prefix, a length that it gives out, and
/// the Luhn check. Digits may be divided by spaces and hyphens, as on the card; the number begins and ends where a group of digits does.
///
/// Not for numbering: a tenth of all numbers passes the check, and telephone numbers with country codes reach these lengths.
public enum CardNumbers {
    private static let lengths = 13...19
    /// Spaces and hyphens in a row that still divide groups of one number.
    private static let longestGap = 3

    /// Whether one appears in a text, JSON or not: escapes of JSON, other spaces and dashes of Unicode and full-width digits are read as what they
    /// stand for. A UUID is no number.
    public static func appear(in bytes: some Collection<UInt8>) -> Bool {
        let text = PlainBytes(bytes).bytes
        var groups = DigitGroups()
        var index = 0
        while index < text.count {
            if PlainBytes.isUUID(text, at: index) {
                if groups.endsInCardNumber { return true }
                groups = DigitGroups()
                index += PlainBytes.uuidLength
                continue
            }
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): groups.add(byte - UInt8(ascii: "0"))
            default:
                if groups.endsInCardNumber { return true }
                groups.end(isGap: byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-"))
            }
            index += 1
        }
        return groups.endsInCardNumber
    }

    /// The digits of groups that may be one number.
    private struct DigitGroups {
        private var digits: [UInt8] = []
        private var begins: [Bool] = []
        /// Spaces and hyphens since the last digit.
        private var gap = 0

        mutating func add(_ digit: UInt8) {
            begins.append(gap > 0 || digits.isEmpty)
            digits.append(digit)
            gap = 0
        }

        mutating func end(isGap: Bool) {
            guard !digits.isEmpty else { return }
            gap += 1
            if !isGap || gap > longestGap { self = DigitGroups() }
        }

        /// Whether the digits up to here, from the beginning of some group on, are a card's.
        var endsInCardNumber: Bool {
            guard gap == 0, digits.count >= lengths.lowerBound else { return false }
            return lengths.contains { length in
                length <= digits.count && begins[digits.count - length] && isCardNumber(digits.suffix(length))
            }
        }
    }

    private static func isCardNumber(_ digits: ArraySlice<UInt8>) -> Bool {
        let prefix = digits.prefix(4).reduce(0) { $0 * 10 + Int($1) }
        return isIssued(prefix, length: digits.count) && passesLuhn(digits)
    }

    /// Whether an issuer gives out numbers of this length that begin with these four digits.
    private static func isIssued(_ prefix: Int, length: Int) -> Bool {
        switch prefix {
        case 4_000...4_999: length == 13 || length == 16 || length == 19
        case 5_100...5_599, 2_221...2_720: length == 16
        case 3_400...3_499, 3_700...3_799: length == 15
        case 3_000...3_099, 3_600...3_699, 3_800...3_899: (14...19).contains(length)
        case 3_500...3_599, 6_011, 6_200...6_299, 6_440...6_599: (16...19).contains(length)
        default: false
        }
    }

    private static func passesLuhn(_ digits: ArraySlice<UInt8>) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let weighted = place.isMultiple(of: 2) ? Int(digit) : Int(digit) * 2
            sum += weighted > 9 ? weighted - 9 : weighted
        }
        return sum.isMultiple(of: 10)
    }
}

/// Text as ASCII, one byte for each character: what is said otherwise, by an escape or a sign that looks alike, is read as what it means.
private struct PlainBytes {
    private(set) var bytes: [UInt8] = []

    private static let other = UInt8(ascii: "?")

    init(_ text: some Collection<UInt8>) {
        bytes.reserveCapacity(text.count)
        var scalars = String(decoding: text, as: UTF8.self).unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "\\", let escaped = scalars.next() else {
                add(scalar)
                continue
            }
            switch escaped {
            case "u": addEscape(&scalars)
            case "t": add(" ")
            case "n", "r", "b", "f": add("\n")
            default: add(escaped)
            }
        }
    }

    /// The four digits of `\u0034`.
    private mutating func addEscape(_ scalars: inout String.UnicodeScalarView.Iterator) {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let scalar = scalars.next(), let digit = Character(scalar).hexDigitValue else {
                bytes.append(Self.other)
                return
            }
            value = value << 4 | UInt32(digit)
        }
        if let scalar = Unicode.Scalar(value) { add(scalar) } else { bytes.append(Self.other) }
    }

    private mutating func add(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        // Every second byte of UTF-16, and what nobody sees.
        case 0, 0xAD, 0x200B...0x200F, 0x2060, 0xFEFF: break
        case 0x09, 0xA0, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: bytes.append(UInt8(ascii: " "))
        case 0x2010...0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D: bytes.append(UInt8(ascii: "-"))
        case 0xFF10...0xFF19: bytes.append(UInt8(scalar.value - 0xFF10) + UInt8(ascii: "0"))
        case 0..<0x80: bytes.append(UInt8(scalar.value))
        default: bytes.append(Self.other)
        }
    }

    static let uuidLength = 36

    /// Whether a UUID that is no mere row of digits stands here by itself.
    static func isUUID(_ bytes: [UInt8], at start: Int) -> Bool {
        let end = start + uuidLength
        guard end <= bytes.count, bytes[start + 8] == UInt8(ascii: "-"),
            start == 0 || !isAlphanumeric(bytes[start - 1]),
            end == bytes.count || !isAlphanumeric(bytes[end])
        else { return false }
        var hasLetter = false
        for (place, byte) in bytes[start..<end].enumerated() {
            switch (place, byte) {
            case (8, _), (13, _), (18, _), (23, _): guard byte == UInt8(ascii: "-") else { return false }
            case (_, UInt8(ascii: "0")...UInt8(ascii: "9")): break
            case (_, UInt8(ascii: "a")...UInt8(ascii: "f")), (_, UInt8(ascii: "A")...UInt8(ascii: "F")):
                hasLetter = true
            default: return false
            }
        }
        return hasLetter
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
