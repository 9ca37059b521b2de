/// Text in the forms that mail carries it in.
enum MailText {
    /// Whether a byte may not stand in a header's value: it could end the line and begin another.
    static func isControl(_ byte: UInt8) -> Bool { byte < 32 || byte == 127 }

    /// Whether a header's value may stand as it is: ASCII, short, and no encoded word by accident.
    static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= longestPlain && text.utf8.allSatisfy { $0 < 128 } && !text.contains("=?")
    }

    /// With the header's name, below the 78 characters that a line should have.
    private static let longestPlain = 60
    /// Bytes that one encoded word carries: `=?UTF-8?B?` and `?=` around 60 characters of base64 are 72 of the 75 allowed.
    private static let wordBytes = 45

    /// The text as encoded words (RFC 2047), folded one a line. No character is cut in two.
    static func encodedWords(_ text: String) -> String {
        var words: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > wordBytes { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?UTF-8?B?\(Base64.encode($0))?=" }.joined(separator: "\r\n ")
    }

    /// The text as quoted-printable (RFC 2045): lines of at most 76 characters, ended by CRLF, whatever ended them before.
    static func quotedPrintable(_ text: String) -> [UInt8] {
        var encoded: [UInt8] = []
        for line in lines(text) {
            var width = 0
            for (index, byte) in line.enumerated() {
                let piece = quoted(byte, isLast: index == line.count - 1)
                // The last column is the soft break's.
                if width + piece.count > 75 {
                    encoded += Array("=\r\n".utf8)
                    width = 0
                }
                encoded += piece
                width += piece.count
            }
            encoded += Array("\r\n".utf8)
        }
        return encoded
    }

    /// A space or tab at the end of a line would be lost on the way.
    private static func quoted(_ byte: UInt8, isLast: Bool) -> [UInt8] {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"): if !isLast { return [byte] }
        case UInt8(ascii: "="): break
        case 33...126: return [byte]
        default: break
        }
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Lines without their ends: LF, CRLF or CR. A last line needs none.
    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8)
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 10 || byte == 13 {
                lines.append(bytes[start..<index])
                if byte == 13, index + 1 < bytes.count, bytes[index + 1] == 10 { index += 1 }
                start = index + 1
            }
            index += 1
        }
        if start < bytes.count { lines.append(bytes[start...]) }
        return lines
    }
}
