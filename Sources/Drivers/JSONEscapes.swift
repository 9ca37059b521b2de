/// Text in JSON's escaped form, which the index has found to be valid.
enum JSONEscapes {
    /// The text that is meant: never longer than its source.
    static func resolved(_ source: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        source.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: source.count) { text, count in
                var at = 0
                while at < source.count {
                    let byte = source[at]
                    at += 1
                    guard byte == UInt8(ascii: "\\"), at < source.count else {
                        text[count] = byte
                        count += 1
                        continue
                    }
                    at += 1
                    switch source[at - 1] {
                    case UInt8(ascii: "u"):
                        for byte in scalar(source, &at) {
                            text[count] = byte
                            count += 1
                        }
                    case let escape:
                        text[count] = plain(escape)
                        count += 1
                    }
                }
            }[...]
        }
    }

    private static func plain(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: escape
        }
    }

    /// The UTF-8 of `\uXXXX` or a pair of them, behind the first `\u`.
    private static func scalar(_ source: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> [UInt8] {
        var units = [unit(source, &at)]
        if UTF16.isLeadSurrogate(units[0]) {
            at += 2
            units.append(unit(source, &at))
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    private static func unit(_ source: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> UInt16 {
        let digits = source[min(at, source.count)..<min(at + 4, source.count)]
        at += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xFFFD
    }
}
