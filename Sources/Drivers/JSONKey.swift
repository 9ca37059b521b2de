import CSimdjson
import Glibc

/// The name of a field, in the form in which names are compared.
public struct JSONKey: Sendable, ExpressibleByStringLiteral {
    /// The name as it was given.
    public let name: String
    /// The first 8 bytes as they lie in memory, filled up with zeros.
    let prefix: UInt64
    /// The last 8 bytes of a longer name.
    let suffix: UInt64
    let length: Int
    /// The bytes between prefix and suffix.
    private let middle: [UInt8]

    /// How many bytes prefix and suffix hold.
    static let inline = 16

    public init(_ name: String) {
        self.name = name
        let bytes = Array(name.utf8)
        func word(_ part: ArraySlice<UInt8>) -> UInt64 {
            var word: UInt64 = 0
            withUnsafeMutableBytes(of: &word) { $0.copyBytes(from: part) }
            return word
        }
        prefix = word(bytes.prefix(8))
        suffix = bytes.count > 8 ? word(bytes.suffix(8)) : 0
        length = bytes.count
        middle = Array(bytes.dropFirst(8).dropLast(8))
    }

    public init(stringLiteral name: String) {
        self.init(name)
    }

    /// Whether the field has this name.
    /// - Parameter index: the index in which it lies; its key has no escapes.
    @inline(__always)
    func matches(_ field: warp_json_field, in index: JSONIndex) -> Bool {
        field.key_prefix == prefix && field.key_suffix == suffix && Int(field.key_length) == length
            && (length <= JSONKey.inline || hasSameMiddle(field, index))
    }

    private func hasSameMiddle(_ field: warp_json_field, _ index: JSONIndex) -> Bool {
        middle.withUnsafeBytes { own in
            index.body.withUnsafeBytes { bytes in
                guard let own = own.baseAddress, let bytes = bytes.baseAddress else { return false }
                return memcmp(own, bytes + Int(field.key_offset) + 8, length - JSONKey.inline) == 0
            }
        }
    }
}
