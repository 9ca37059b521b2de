import Core

/// The fields of an HTML form, in a body or behind the question mark of a URI (`application/x-www-form-urlencoded`), as raw bytes: what
/// a field's bytes mean is for its reader to say.
struct FormFields: Equatable {
    private let fields: [String: [UInt8]]

    /// More fields than any form of ours has are not looked at.
    private static let maxFields = 64

    /// Of a field that comes twice the first counts; a broken escape stands for itself.
    init(_ bytes: [UInt8]) {
        var fields: [String: [UInt8]] = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&"), maxSplits: FormFields.maxFields).prefix(
            FormFields.maxFields)
        {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: FormFields.decoded(parts[0]), as: UTF8.self)
            if fields[name] == nil { fields[name] = parts.count > 1 ? FormFields.decoded(parts[1]) : [] }
        }
        self.fields = fields
    }

    /// A field's bytes; nil where it is not there.
    func bytes(_ name: String) -> [UInt8]? { fields[name] }

    /// A field as text; what is not UTF-8, and NUL, becomes U+FFFD. Nil where it is not there or empty.
    func text(_ name: String) -> String? {
        guard let bytes = fields[name], !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self).replacing("\0", with: "\u{FFFD}")
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                if digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
                    digits.first != UInt8(ascii: "+")
                {
                    decoded.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    decoded.append(byte)
                }
            default:
                decoded.append(byte)
            }
        }
        return decoded
    }
}
