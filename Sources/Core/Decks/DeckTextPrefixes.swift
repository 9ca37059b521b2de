extension DeckText {
    /// Adds the prefixes of a field. `+`, spaces, dots, brackets and an apostrophe are ignored. At home so is `-`, and a leading 1 of
    /// 1-NPA-NXX; abroad a field may list codes (`7700,7701`) and ranges (`7700-7709`), behind a country code of another column.
    public static func prefixes(
        _ field: Span<UInt8>, scope: RateDeck.Scope, behind country: (digits: UInt64, length: Int) = (0, 0),
        into prefixes: inout [Prefix]
    ) throws(Fault) {
        let range = content(field)
        var start = range.lowerBound
        repeat {
            var end = start
            while end < range.upperBound, scope == .domestic || !isListMark(field[end]) { end += 1 }
            try appendPiece(field, start..<end, scope, country, &prefixes)
            start = end + 1
        } while start < range.upperBound
    }

    /// The prefix of an area code, an exchange and a thousands digit in three columns; the last may be empty or `A`, the whole
    /// exchange, and so may be the exchange, the whole area code.
    public static func prefix(npa: Span<UInt8>, nxx: Span<UInt8>, block: Span<UInt8>) throws(Fault) -> Prefix {
        let (area, exchange, digit) = (content(npa), content(nxx), content(block))
        guard area.count == 3, var number = digits(npa, area, most: 3) else { throw .noDigits }
        guard !exchange.isEmpty else { return Prefix(digits: number, length: 3) }
        guard exchange.count == 3, let rest = digits(nxx, exchange, most: 3) else { throw .noDigits }
        number = number * 1_000 + rest
        if digit.isEmpty || isWord(block, digit, ["a"]) { return Prefix(digits: number, length: 6) }
        guard let thousands = digits(block, digit, most: 1) else { throw .noDigits }
        return Prefix(digits: number * 10 + thousands, length: 7)
    }

    /// The digits of a country code, for `prefixes(behind:)`.
    public static func countryCode(_ field: Span<UInt8>) throws(Fault) -> (digits: UInt64, length: Int) {
        let range = content(field)
        guard !range.isEmpty else { return (0, 0) }
        return try code(field, range)
    }

    /// The most prefixes that a range may stand for.
    private static let longestRange: UInt64 = 1_000

    private static func appendPiece(
        _ field: Span<UInt8>, _ range: Range<Int>, _ scope: RateDeck.Scope, _ country: (digits: UInt64, length: Int),
        _ prefixes: inout [Prefix]
    ) throws(Fault) {
        let dash = scope == .domestic ? nil : range.first { field[$0] == UInt8(ascii: "-") }
        var (first, length) = try code(field, range.lowerBound..<(dash ?? range.upperBound), empty: country.length > 0)
        if scope == .domestic, first / UInt64(FixedPoint.powerOfTen(max(length - 1, 0))) == 1,
            [4, 7, 8].contains(length)
        {
            first %= UInt64(FixedPoint.powerOfTen(length - 1))
            length -= 1
        }
        var last = first
        if let dash {
            let (end, endLength) = try code(field, dash + 1..<range.upperBound)
            guard endLength == length, end >= first, end - first < longestRange else { throw .badRange }
            last = end
        }
        guard (1...Prefix.places).contains(country.length + length) else { throw .tooManyDigits }
        let shift = UInt64(FixedPoint.powerOfTen(length))
        for number in first...last {
            prefixes.append(Prefix(digits: country.digits * shift + number, length: country.length + length))
        }
    }

    /// Digits with marks for the eye among them.
    private static func code(
        _ field: Span<UInt8>, _ range: Range<Int>, empty mayBeEmpty: Bool = false
    ) throws(Fault) -> (digits: UInt64, length: Int) {
        var (number, length) = (UInt64(0), 0)
        for index in range {
            let byte = field[index]
            if ASCII.isDigit(byte) {
                guard length < Prefix.places else { throw .tooManyDigits }
                number = number * 10 + UInt64(byte - UInt8(ascii: "0"))
                length += 1
            } else if !isMark(byte) {
                throw .noDigits
            }
        }
        guard length > 0 || mayBeEmpty else { throw .tooManyDigits }
        return (number, length)
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "-"), UInt8(ascii: "'"):
            true
        default: false
        }
    }

    private static func isListMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "|")
    }
}
