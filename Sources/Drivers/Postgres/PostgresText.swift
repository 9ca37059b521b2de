/// The server's text forms: arrays, bytea, quoted names.
enum PostgresText {
    /// `\x0aff`
    static func hex(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2 + 2) { buffer in
            buffer[0] = UInt8(ascii: "\\")
            buffer[1] = UInt8(ascii: "x")
            var at = 2
            for byte in bytes {
                buffer[at] = hexDigits[Int(byte >> 4)]
                buffer[at + 1] = hexDigits[Int(byte & 15)]
                at += 2
            }
            return at
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// `{"a","b",NULL}`: elements are quoted, so that their own commas, braces and quotes stand for themselves.
    static func array(_ elements: [String?]) -> String {
        var text = "{"
        text.reserveCapacity(elements.count * 12 + 2)
        var isFirst = true
        for element in elements {
            if !isFirst { text += "," }
            isFirst = false
            guard let element else {
                text += "NULL"
                continue
            }
            if element.utf8.allSatisfy(isPlain), !element.isEmpty, element.utf8.count != 4 {
                text += element
                continue
            }
            text += "\""
            for scalar in element.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
            text += "\""
        }
        return text + "}"
    }

    /// Characters that need no quotes in an array; a word of four letters might still be NULL.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// The elements of a one-dimensional array, each as a cell of the same column.
    static func elements(of cell: PostgresCell) throws(PostgresError) -> [PostgresCell] {
        let bytes = try cell.bytes()
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else {
            throw cell.malformed("not a one-dimensional array")
        }
        var elements: [PostgresCell] = []
        var current: [UInt8] = []
        var wasQuoted = false
        var isQuoted = false
        var index = 1
        let end = bytes.count - 1
        func finish() {
            let isNull = !wasQuoted && current.elementsEqual("NULL".utf8)
            elements.append(PostgresCell(column: cell.column, copy: isNull ? nil : current))
            current = []
            wasQuoted = false
        }
        while index < end {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                isQuoted.toggle()
                wasQuoted = true
            case UInt8(ascii: "\\") where index + 1 < end:
                index += 1
                current.append(bytes[index])
            case UInt8(ascii: ",") where !isQuoted:
                finish()
            case UInt8(ascii: "{") where !isQuoted:
                throw cell.malformed("an array of more than one dimension")
            default:
                current.append(byte)
            }
            index += 1
        }
        if end > 1 { finish() }
        return elements
    }

    /// `"billing"."raw_cdr"`; nil when a part is not a plain name.
    static func quoted(identifier: String) -> String? {
        var parts: [String] = []
        for part in identifier.split(separator: ".", omittingEmptySubsequences: false) {
            let isPlainName = (1...63).contains(part.utf8.count) && part.utf8.allSatisfy(isNameByte)
            guard isPlainName else { return nil }
            parts.append("\"\(part)\"")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ".")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isPlain(byte) && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".")
    }
}

/// Text of a timestamp in UTC, by integers only.
enum PostgresTimestamp {
    /// `2026-11-22 17:03:14.486+00`
    static func text(milliseconds: Int64) -> String {
        let days = floorDivide(milliseconds, 86_400_000)
        let inDay = milliseconds - days * 86_400_000
        let (year, month, day) = civil(daysSince1970: days)
        let time = [inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1_000 % 60].map { padded($0, 2) }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2)) "
            + "\(time.joined(separator: ":")).\(padded(inDay % 1_000, 3))+00"
    }

    /// Days since 1970 of a day of the Gregorian calendar.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9)
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
