extension DeckText {
    /// A day in one of the common forms; nil for an empty field. `2026-11-22`, `2026/11/22`, `20261122`, `11/22/2026`, `22-Nov-2026`,
    /// `Nov 22, 2026`, each also with a time of midnight behind it.
    public static func day(_ field: Span<UInt8>, order: DateOrder) throws(Fault) -> UsageDay? {
        let range = content(field)
        guard !range.isEmpty else { return nil }
        var parts: [DatePart] = []
        parts.reserveCapacity(3)
        var index = range.lowerBound
        while index < range.upperBound, parts.count < 3 {
            let byte = field[index]
            if isDateSeparator(byte) {
                index += 1
                continue
            }
            guard let part = datePart(field, index..<range.upperBound) else { throw .noDay(order) }
            parts.append(part)
            index += part.length
            if parts.count == 1, part.length == 8, part.month == nil { break }
        }
        guard let day = assembled(parts, order) else { throw .noDay(order) }
        guard isMidnight(field, index..<range.upperBound) else { throw .timeOfDay }
        return day
    }

    /// A run of digits, or the name of a month.
    private struct DatePart {
        var length: Int
        var number: Int
        var month: Int?
    }

    private static func datePart(_ field: Span<UInt8>, _ range: Range<Int>) -> DatePart? {
        let digitCount = range.prefix { ASCII.isDigit(field[$0]) }.count
        if digitCount > 0 {
            guard digitCount <= 8,
                let number = digits(field, range.lowerBound..<range.lowerBound + digitCount, most: 8)
            else { return nil }
            return DatePart(length: digitCount, number: Int(number))
        }
        let letters = range.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(ASCII.lowercased(field[$0])) }
        guard letters.count >= 3 else { return nil }
        let head = letters.lowerBound..<letters.lowerBound + 3
        guard let month = months.firstIndex(where: { isWord(field, head, [$0]) }) else { return nil }
        return DatePart(length: letters.count, number: 0, month: month + 1)
    }

    private static let months: [StaticString] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private static func assembled(_ parts: [DatePart], _ order: DateOrder) -> UsageDay? {
        if parts.count == 1, parts[0].month == nil, parts[0].length == 8 {
            let number = parts[0].number
            return UsageDay(year: number / 10_000, month: number / 100 % 100, day: number % 100)
        }
        guard parts.count == 3, parts.count(where: { $0.month != nil }) <= 1 else { return nil }
        let (first, second, third) = (parts[0], parts[1], parts[2])
        if first.length == 4, first.month == nil {
            return UsageDay(year: first.number, month: second.month ?? second.number, day: third.number)
        }
        guard third.month == nil, third.length == 4 || third.length == 2 else { return nil }
        let year = third.length == 2 ? 2_000 + third.number : third.number
        if let month = first.month { return UsageDay(year: year, month: month, day: second.number) }
        if let month = second.month { return UsageDay(year: year, month: month, day: first.number) }
        return order == .monthFirst
            ? UsageDay(year: year, month: first.number, day: second.number)
            : UsageDay(year: year, month: second.number, day: first.number)
    }

    private static func isDateSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: " "): true
        default: false
        }
    }

    /// Whether what stands behind a date is nothing or 00:00, in UTC or without a zone.
    private static func isMidnight(_ field: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let first = range.first else { return true }
        guard field[first] == UInt8(ascii: " ") || ASCII.lowercased(field[first]) == UInt8(ascii: "t") else {
            return false
        }
        let time = first + 1..<range.upperBound
        let isZero = time.allSatisfy { index in
            switch field[index] {
            case UInt8(ascii: "0"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: " "): true
            default: ASCII.lowercased(field[index]) == UInt8(ascii: "z") && index == time.upperBound - 1
            }
        }
        return isZero || isWord(field, time, ["12:00 am", "12:00:00 am"])
    }
}
