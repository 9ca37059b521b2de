/// A number as SIP headers and switches write it, taken apart (rules N1–N5, N12): byte ranges of the text, nothing copied.
enum NumberText {
    /// What the wrapping of a text says (rules N1, N2).
    enum Wrapping {
        case missing, anonymous, noUser
        /// The number and its parameters stand here.
        case user(Range<Int>)
    }

    /// The digits of a text that is nothing else, but for a `+` before them: no step below would make anything else of it.
    static func plainDigits(_ bytes: Span<UInt8>) -> DigitString? {
        var digits = DigitString()
        for index in bytes.indices {
            let byte = bytes[unchecked: index]
            if ASCII.isDigit(byte) {
                digits.append(byte - UInt8(ascii: "0"))
            } else if byte == UInt8(ascii: "+"), index == 0 {
                digits.hasPlus = true
            } else {
                return nil
            }
        }
        return digits.count > 0 ? digits : nil
    }

    /// Finds the user part: unwraps `<…>`, scheme and host.
    static func unwrap(_ bytes: Span<UInt8>) -> Wrapping {
        var range = trimmed(bytes, 0..<bytes.count)
        guard !range.isEmpty, !isWordForNull(bytes, range) else { return .missing }
        if let opening = first(UInt8(ascii: "<"), bytes, range),
            let closing = first(UInt8(ascii: ">"), bytes, opening + 1..<range.upperBound)
        {
            range = trimmed(bytes, opening + 1..<closing)
        }
        let scheme = scheme(bytes, range)
        range = range.lowerBound + scheme.length..<range.upperBound
        let host = scheme.isTel ? nil : first(UInt8(ascii: "@"), bytes, range)
        guard let host else {
            if scheme.isSIP { return .noUser }
            return range.isEmpty ? .missing : .user(range)
        }
        // The host alone withholds the number, even where no user stands before it.
        if isAnonymousHost(bytes, host + 1..<range.upperBound) { return .anonymous }
        return host > range.lowerBound ? .user(range.lowerBound..<host) : .missing
    }

    /// The number before the first `;` and the parameters behind it (rule N3).
    static func parameters(_ bytes: Span<UInt8>, _ user: Range<Int>) -> (number: Range<Int>, parameters: Range<Int>) {
        guard let mark = first(UInt8(ascii: ";"), bytes, user) else { return (user, user.upperBound..<user.upperBound) }
        return (user.lowerBound..<mark, mark + 1..<user.upperBound)
    }

    /// The first parameter of a lower-case name: nil where there is none, else its value's range, nil without a `=`.
    static func parameter(_ name: String, _ bytes: Span<UInt8>, _ parameters: Range<Int>) -> Parameter? {
        var start = parameters.lowerBound
        while start < parameters.upperBound {
            let end = first(UInt8(ascii: ";"), bytes, start..<parameters.upperBound) ?? parameters.upperBound
            let mark = first(UInt8(ascii: "="), bytes, start..<end)
            if equals(name, bytes, trimmed(bytes, start..<(mark ?? end))) {
                return Parameter(value: mark.map { trimmed(bytes, $0 + 1..<end) })
            }
            start = end + 1
        }
        return nil
    }

    /// A parameter that is there.
    struct Parameter {
        /// Nil where no `=` follows the name.
        let value: Range<Int>?
    }

    /// Whether the number, its `%XX` decoded, is one of the words that stand for a withheld number (rules N3, N4).
    static func isWithheld(_ bytes: Span<UInt8>, _ number: Range<Int>) -> Bool {
        var hasLetter = false
        for index in number {
            guard bytes[index] != UInt8(ascii: "%") else {
                let decoded = decodingPercent(bytes, number)
                return isWordForWithheld(decoded.span, 0..<decoded.count)
            }
            if bytes[index] | 0x20 >= UInt8(ascii: "a") { hasLetter = true }
        }
        return hasLetter && isWordForWithheld(bytes, number)
    }

    private static func isWordForWithheld(_ bytes: Span<UInt8>, _ number: Range<Int>) -> Bool {
        let word = trimmed(bytes, number)
        return equals("anonymous", bytes, word) || equals("restricted", bytes, word)
            || equals("unavailable", bytes, word) || equals("unknown", bytes, word) || equals("private", bytes, word)
            || equals("withheld", bytes, word) || equals("blocked", bytes, word)
    }

    /// A part of the number with `%XX` decoded; what is no such triple stays as it is.
    private static func decodingPercent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var decoded: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < range.upperBound,
                let high = ASCII.hexValue(bytes[index + 1]), let low = ASCII.hexValue(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }

    /// Adds the digits of a part of the number, without visual separators, `%XX` decoded where asked (rules N3, N5). False for
    /// any other character.
    static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, decodingPercent: Bool, to digits: inout DigitString
    ) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            var byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "%"), decodingPercent, index + 1 < range.upperBound,
                let high = ASCII.hexValue(bytes[index]), let low = ASCII.hexValue(bytes[index + 1])
            {
                byte = high << 4 | low
                index += 2
            }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte - UInt8(ascii: "0"))
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"): continue
            case UInt8(ascii: "+") where digits.count == 0 && !digits.hasPlus: digits.hasPlus = true
            default: return false
            }
        }
        return true
    }

    /// Whether the range is `name`, written in any case.
    static func equals(_ name: String, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard name.utf8.count == range.count else { return false }
        var index = range.lowerBound
        for scalar in name.utf8 {
            guard ASCII.lowercased(bytes[index]) == scalar else { return false }
            index += 1
        }
        return true
    }

    private static func matches(_ word: String, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard word.utf8.count == range.count else { return false }
        return zip(range, word.utf8).allSatisfy { bytes[$0] == $1 }
    }

    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, ASCII.isBlank(bytes[lower]) { lower += 1 }
        while upper > lower, ASCII.isBlank(bytes[upper - 1]) { upper -= 1 }
        return lower..<upper
    }

    static func first(_ byte: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        precondition(range.upperBound <= bytes.count, "a range of the text")
        var index = range.lowerBound
        // Eight bytes at a time: a byte that is the sought one leaves a zero, which alone borrows into its highest bit.
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        let raw = bytes.bytes
        while index &+ 8 <= range.upperBound {
            let word = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self) ^ pattern
            let found = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if found != 0 { return index &+ UInt64(littleEndian: found).trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < range.upperBound {
            if bytes[unchecked: index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    private static func isWordForNull(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count == 4 || range.count == 6 else { return false }
        return matches("<null>", bytes, range) || matches("(null)", bytes, range) || matches("null", bytes, range)
            || matches("NULL", bytes, range)
    }

    private static func scheme(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (length: Int, isSIP: Bool, isTel: Bool) {
        guard let start = range.first,
            ASCII.lowercased(bytes[start]) == UInt8(ascii: "s")
                || ASCII.lowercased(bytes[start]) == UInt8(ascii: "t")
        else { return (0, false, false) }
        if range.count >= 4, equals("sip:", bytes, range.lowerBound..<range.lowerBound + 4) { return (4, true, false) }
        if range.count >= 5, equals("sips:", bytes, range.lowerBound..<range.lowerBound + 5) { return (5, true, false) }
        if range.count >= 4, equals("tel:", bytes, range.lowerBound..<range.lowerBound + 4) { return (4, false, true) }
        return (0, false, false)
    }

    private static func isAnonymousHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var end = range.lowerBound
        while end < range.upperBound, !endsHost(bytes[end]) { end += 1 }
        return equals("anonymous.invalid", bytes, range.lowerBound..<end)
    }

    private static func endsHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: "?"), UInt8(ascii: ">"): true
        default: false
        }
    }
}
