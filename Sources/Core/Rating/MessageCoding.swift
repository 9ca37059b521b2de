extension MessageText {
    /// The text of a message's bytes as they came from the air, by its data coding (3GPP TS 23.038, SMPP 3.4 section 5.2.19): 0 is the
    /// default alphabet, an octet a character; 1 and 3 are IA5 and Latin 1; 8 is UCS-2. Nil for binary and unknown codings.
    ///
    /// What is no character of its coding, and NUL, which no store keeps, becomes U+FFFD.
    public static func text(of bytes: [UInt8], coding: Int) -> String? {
        var scalars = String.UnicodeScalarView()
        switch coding {
        case 0:
            var isEscaped = false
            for byte in bytes {
                if byte == escape && !isEscaped {
                    isEscaped = true
                    continue
                }
                scalars.append(isEscaped ? extensionCharacters[byte] ?? replacement : character(byte))
                isEscaped = false
            }
        case 1, 3:
            for byte in bytes { scalars.append(byte == 0 ? replacement : Unicode.Scalar(byte)) }
        case 8:
            let units = stride(from: 0, to: bytes.count, by: 2).map { place in
                UInt16(bytes[place]) << 8 | UInt16(place + 1 < bytes.count ? bytes[place + 1] : 0)
            }
            for scalar in String(decoding: units, as: UTF16.self).unicodeScalars {
                scalars.append(scalar == "\0" ? replacement : scalar)
            }
        default:
            return nil
        }
        return String(scalars)
    }

    /// How many parts carry bytes that are no text: 140 in one message, 134 in each of several.
    public static func segments(ofBinary count: Int) -> Int {
        count <= 140 ? 1 : (count + 133) / 134
    }

    private static let replacement: Unicode.Scalar = "\u{FFFD}"
    private static let escape: UInt8 = 0x1B

    private static func character(_ byte: UInt8) -> Unicode.Scalar {
        byte < 128 ? alphabet[Int(byte)] : replacement
    }

    /// The default alphabet in its order; at 0x1B the escape to the extension table.
    static let alphabet = Array(
        ("@£$¥\u{E8}\u{E9}\u{F9}\u{EC}\u{F2}\u{C7}\n\u{D8}\u{F8}\r\u{C5}\u{E5}Δ_ΦΓΛΩΠΨΣΘΞ\u{1B}\u{C6}\u{E6}\u{DF}\u{C9} !\"#¤%&'()*+,-./"
            + "0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ\u{C4}\u{D6}\u{D1}\u{DC}§¿abcdefghijklmnopqrstuvwxyz"
            + "\u{E4}\u{F6}\u{F1}\u{FC}\u{E0}").unicodeScalars)

    /// The extension table: what follows an escape, in two septets together.
    static let extensionCharacters: [UInt8: Unicode.Scalar] = [
        0x0A: "\u{0C}", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
        0x65: "€",
    ]
}
