/// How vendors write the numbers of a deck, read from the bytes of a field without making a text of them.
public enum DeckText {
    /// Why a field cannot be read.
    public enum Fault: Error, Hashable, Sendable {
        case noDecimal, negative, tooManyDecimals, tooLarge, decimalComma, otherCurrency
        case noInteger, noIncrements, noDay(DateOrder), timeOfDay, noDigits, tooManyDigits, badRange

        /// What is wrong, as it follows the field's text.
        public var problem: String {
            switch self {
            case .noDecimal: "is no decimal"
            case .negative: "is negative"
            case .tooManyDecimals: "has more than seven decimals"
            case .tooLarge: "is too large"
            case .decimalComma: "has a comma: decimals are written with a point"
            case .otherCurrency: "is not in US dollars"
            case .noInteger: "is no whole number"
            case .noIncrements: "is no pair of increments such as 6/6"
            case .noDay(let order): "is no day such as 2026-11-22 or \(order.example)"
            case .timeOfDay: "has a time: rates take effect at 00:00 UTC"
            case .noDigits: "is not digits"
            case .tooManyDigits: "is not 1 to 15 digits"
            case .badRange: "is no range of at most 1000 prefixes of one length"
            }
        }
    }

    /// Which of day and month a date with two numbers before the year names first.
    public enum DateOrder: String, Sendable, CaseIterable {
        /// 11/22/2026: what US vendors write.
        case monthFirst = "mdy"
        /// 22/11/2026
        case dayFirst = "dmy"

        var example: String { self == .monthFirst ? "11/22/2026" : "22/11/2026" }
    }

    /// The field without blanks at either end; `-`, `N/A` and `null` are empty too.
    public static func content(_ field: Span<UInt8>) -> Range<Int> {
        var (start, end) = (0, field.count)
        while start < end, ASCII.isBlank(field[start]) { start += 1 }
        while end > start, ASCII.isBlank(field[end - 1]) { end -= 1 }
        guard start < end, end - start <= 4, !ASCII.isDigit(field[start]) else { return start..<end }
        if isWord(field, start..<end, ["-", "n/a", "null"]) { return start..<start }
        return start..<end
    }

    /// A price in 1e-7 USD; nil for an empty field. A dollar sign and an exponent (`8.5E-03`) are understood.
    public static func units(_ field: Span<UInt8>) throws(Fault) -> Int64? {
        var range = content(field)
        guard !range.isEmpty else { return nil }
        try stripCurrency(field, &range)
        var (mantissa, digits, decimals) = (Int64(0), 0, 0)
        var (hasPoint, hasDigit, isNegative) = (false, false, false)
        var index = range.lowerBound
        if index < range.upperBound, field[index] == UInt8(ascii: "-") || field[index] == UInt8(ascii: "+") {
            isNegative = field[index] == UInt8(ascii: "-")
            index += 1
        }
        scan: while index < range.upperBound {
            let byte = field[index]
            switch byte {
            case UInt8(ascii: "."):
                guard !hasPoint else { throw .noDecimal }
                hasPoint = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                hasDigit = true
                let digit = Int64(byte - UInt8(ascii: "0"))
                if digits < 17 {
                    mantissa = mantissa * 10 + digit
                    digits += mantissa > 0 ? 1 : 0
                    decimals += hasPoint ? 1 : 0
                } else if !hasPoint {
                    throw .tooLarge
                } else if digit != 0 {
                    throw .tooManyDecimals
                }
            case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
            case UInt8(ascii: ","): throw .decimalComma
            default: throw .noDecimal
            }
            index += 1
        }
        guard hasDigit else { throw .noDecimal }
        var shift = Money.scale - decimals
        if index < range.upperBound { shift += try exponent(field, index + 1..<range.upperBound) }
        guard !isNegative || mantissa == 0 else { throw .negative }
        return try scaled(mantissa, by: shift)
    }

    /// A whole number; nil for an empty field.
    public static func integer(_ field: Span<UInt8>) throws(Fault) -> Int? {
        let range = content(field)
        guard !range.isEmpty else { return nil }
        guard let number = digits(field, range, most: 9) else { throw .noInteger }
        return Int(number)
    }

    /// First and further increment of `6/6`, `30-6` or `60`, which is 60/60; nil for an empty field.
    public static func increments(_ field: Span<UInt8>) throws(Fault) -> (initial: Int, subsequent: Int)? {
        let range = content(field)
        guard !range.isEmpty else { return nil }
        let mark = range.first { !ASCII.isDigit(field[$0]) }
        guard let mark else {
            guard let both = digits(field, range, most: 4) else { throw .noIncrements }
            return (Int(both), Int(both))
        }
        var rest = mark..<range.upperBound
        while !rest.isEmpty, !ASCII.isDigit(field[rest.lowerBound]) { rest = rest.lowerBound + 1..<rest.upperBound }
        let separators = mark..<rest.lowerBound
        guard separators.allSatisfy({ isSeparator(field[$0]) }),
            let first = digits(field, range.lowerBound..<mark, most: 4),
            let next = digits(field, rest, most: 4)
        else { throw .noIncrements }
        return (Int(first), Int(next))
    }

    // MARK: Pieces

    /// The digits as a number; nil where something else stands among them, or none, or too many.
    static func digits(_ field: Span<UInt8>, _ range: Range<Int>, most: Int) -> UInt64? {
        guard !range.isEmpty, range.count <= most else { return nil }
        var number: UInt64 = 0
        for index in range {
            guard ASCII.isDigit(field[index]) else { return nil }
            number = number * 10 + UInt64(field[index] - UInt8(ascii: "0"))
        }
        return number
    }

    static func isWord(_ field: Span<UInt8>, _ range: Range<Int>, _ words: [StaticString]) -> Bool {
        words.contains { word in
            word.withUTF8Buffer { letters in
                letters.count == range.count
                    && letters.indices.allSatisfy { letters[$0] == ASCII.lowercased(field[range.lowerBound + $0]) }
            }
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "x"),
            UInt8(ascii: " "):
            true
        default: false
        }
    }

    /// Takes `$`, `US$` and `USD` off either end.
    private static func stripCurrency(_ field: Span<UInt8>, _ range: inout Range<Int>) throws(Fault) {
        // Most fields are plain numbers: nothing to look for.
        if isNumeric(field[range.lowerBound]), ASCII.isDigit(field[range.upperBound - 1]) { return }
        for mark in ["us$", "usd", "$"] as [StaticString] {
            let count = mark.utf8CodeUnitCount
            if range.count > count, isWord(field, range.lowerBound..<range.lowerBound + count, [mark]) {
                range = range.lowerBound + count..<range.upperBound
            } else if range.count > count, isWord(field, range.upperBound - count..<range.upperBound, [mark]) {
                range = range.lowerBound..<range.upperBound - count
            }
        }
        while !range.isEmpty, ASCII.isBlank(field[range.lowerBound]) { range = range.lowerBound + 1..<range.upperBound }
        while !range.isEmpty, ASCII.isBlank(field[range.upperBound - 1]) {
            range = range.lowerBound..<range.upperBound - 1
        }
        guard let first = range.first, let last = range.last else { throw .noDecimal }
        let isForeign =
            field[first] >= 0x80 || field[last] >= 0x80
            || (range.count > 3
                && (isWord(field, first..<first + 3, ["eur", "gbp", "cad"])
                    || isWord(field, last - 2..<last + 1, ["eur", "gbp", "cad"])))
        guard !isForeign else { throw .otherCurrency }
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
    }

    private static func exponent(_ field: Span<UInt8>, _ range: Range<Int>) throws(Fault) -> Int {
        guard let first = range.first else { throw .noDecimal }
        let isNegative = field[first] == UInt8(ascii: "-")
        let digitsFrom = isNegative || field[first] == UInt8(ascii: "+") ? first + 1 : first
        guard let number = digits(field, digitsFrom..<range.upperBound, most: 3) else { throw .noDecimal }
        return isNegative ? -Int(number) : Int(number)
    }

    /// `mantissa × 10^shift`, exactly, below 10^9 dollars (the bound of the column).
    private static func scaled(_ mantissa: Int64, by shift: Int) throws(Fault) -> Int64 {
        guard mantissa > 0 else { return 0 }
        var value = mantissa
        if shift < 0 {
            guard shift >= -18 else { throw .tooManyDecimals }
            let (quotient, lost) = value.quotientAndRemainder(dividingBy: FixedPoint.powerOfTen(-shift))
            guard lost == 0 else { throw .tooManyDecimals }
            value = quotient
        } else {
            guard shift <= 18 else { throw .tooLarge }
            let (product, overflowed) = value.multipliedReportingOverflow(by: FixedPoint.powerOfTen(shift))
            guard !overflowed else { throw .tooLarge }
            value = product
        }
        guard value < 10_000_000_000_000_000 else { throw .tooLarge }
        return value
    }
}
