import CSimdjson
import Glibc

/// The content of a record in one form: names in the order of their bytes, of a repeated name the last, no white space.
extension JSONRecord {
    /// The record's canonical bytes: equal for equal JSON values.
    ///
    /// Names and texts without escapes, whole numbers, truth values and nulls have one writing only and are copied; anything else goes
    /// through `rewrite`, which gets the source of one JSON value and returns the one writing that its value has.
    public func canonicalBytes(
        leavingOut left: Set<String> = [], rewrite: (ArraySlice<UInt8>) -> [UInt8]
    ) -> [UInt8] {
        let fields = index.fields(of: position)
        var order = fields.indices.map { $0 }
        order.sort { index.precedes(fields[$0], fields[$1]) ?? ($0 < $1) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rawBytes.count + 64)
        bytes.append(UInt8(ascii: "{"))
        for (place, number) in order.enumerated() {
            let field = fields[number]
            // Equal names lie beside each other in the order of the source: the last one counts.
            if place + 1 < order.count, index.precedes(field, fields[order[place + 1]]) == nil { continue }
            if !left.isEmpty, left.contains(String(decoding: index.key(of: field), as: UTF8.self)) { continue }
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            if field.key_has_escape == 0 {
                bytes += index.source(offset: field.key_offset, length: field.key_length, quotes: 1)
            } else {
                bytes += rewrite(index.source(offset: field.key_offset, length: field.key_length, quotes: 1))
            }
            bytes.append(UInt8(ascii: ":"))
            let source = index.bytes(of: field, withQuotes: true)
            if index.hasOneWriting(field) {
                bytes += source
            } else if let (digits, zeros) = index.roundNumber(field) {
                bytes += digits
                bytes += "e\(zeros)".utf8
            } else {
                bytes += rewrite(source)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}

extension JSONIndex {
    /// Whether one field's name stands before another's; nil where they are the same.
    fileprivate func precedes(_ left: Field, _ right: Field) -> Bool? {
        if left.key_has_escape == 0 && right.key_has_escape == 0 && left.key_prefix != right.key_prefix {
            return left.key_prefix.bigEndian < right.key_prefix.bigEndian
        }
        let (left, right) = (key(of: left), key(of: right))
        let count = min(left.count, right.count)
        let order: Int32 = left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
                return memcmp(left, right, count)
            }
        }
        if order != 0 { return order < 0 }
        return left.count == right.count ? nil : left.count < right.count
    }

    /// A part of the source, its quotes too.
    fileprivate func source(offset: UInt32, length: UInt32, quotes: Int) -> ArraySlice<UInt8> {
        body[Int(offset) - quotes..<Int(offset + length) + quotes]
    }

    /// Whether a value can be written in one way only, as it is here.
    fileprivate func hasOneWriting(_ field: Field) -> Bool {
        switch field.kind {
        case .null, .bool: return true
        case .string: return field.value_has_escape == 0 || hasPlainEscapes(bytes(of: field))
        case .number:
            // A whole number that ends in no zero: 120 and 12e1 are the same.
            let digits = bytes(of: field)
            guard let last = digits.last, last != UInt8(ascii: "0") else { return false }
            return digits.allSatisfy { ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "-") }
        case .object, .array: return false
        }
    }

    /// A whole number that ends in zeros, without them, and how many they are: 1200 is written 12e2. Nil for anything else.
    fileprivate func roundNumber(_ field: Field) -> (digits: ArraySlice<UInt8>, zeros: Int)? {
        guard field.kind == .number else { return nil }
        let number = bytes(of: field)
        guard number.allSatisfy({ ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "-") }),
            let last = number.lastIndex(where: { $0 != UInt8(ascii: "0") }), number[last] != UInt8(ascii: "-")
        else { return nil }
        return (number[...last], number.endIndex - last - 1)
    }

    /// Whether a text's escapes are those that we would write: of quotes, backslashes and the usual control characters.
    private func hasPlainEscapes(_ text: ArraySlice<UInt8>) -> Bool {
        text.withUnsafeBufferPointer { text in
            var index = 0
            while index < text.count {
                guard text[index] == UInt8(ascii: "\\") else {
                    index += 1
                    continue
                }
                // The parser lets no text end in half an escape.
                switch text[index + 1] {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    index += 2
                default: return false
                }
            }
            return true
        }
    }
}
