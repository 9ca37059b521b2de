/// Readers of the server's text forms, on bytes: no String, no floating point.
enum DecimalDigits {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    static func int64(_ bytes: Bytes) -> Int64? {
        units(bytes, scale: 0)
    }

    /// `-12.50` in units of 10^-scale; nil when digits other than zeros would be lost, or on overflow.
    static func units(_ bytes: Bytes, scale: Int) -> Int64? {
        var index = 0
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var value: Int64 = 0
        var decimals = 0
        var digitCount = 0
        var isFraction = false
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
                continue
            }
            guard let digit = digit(byte) else { return nil }
            digitCount += 1
            if isFraction {
                decimals += 1
                if decimals > scale {
                    if digit != 0 { return nil }
                    continue
                }
            }
            guard let next = appended(value, digit: isNegative ? -digit : digit) else { return nil }
            value = next
        }
        guard digitCount > 0 else { return nil }
        for _ in min(decimals, scale)..<scale {
            guard let next = appended(value, digit: 0) else { return nil }
            value = next
        }
        return value
    }

    private static func appended(_ value: Int64, digit: Int64) -> Int64? {
        let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflowedSum) = product.addingReportingOverflow(digit)
        return overflowed || overflowedSum ? nil : sum
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    /// `\x0aff`
    static func bytes(hex: Bytes) -> [UInt8]? {
        guard hex.count >= 2, hex.count % 2 == 0, hex[0] == UInt8(ascii: "\\"), hex[1] == UInt8(ascii: "x") else {
            return nil
        }
        var isHex = true
        let bytes = [UInt8](unsafeUninitializedCapacity: hex.count / 2 - 1) { buffer, count in
            for index in 0..<hex.count / 2 - 1 {
                guard let high = nibble(hex[2 * index + 2]), let low = nibble(hex[2 * index + 3]) else {
                    isHex = false
                    break
                }
                buffer[index] = high << 4 | low
                count = index + 1
            }
        }
        return isHex ? bytes : nil
    }

    /// `6e0f6a54-6d3c-4d0f-9d53-0d7f1c9f4a55`
    static func uuid(_ bytes: Bytes) -> (high: UInt64, low: UInt64)? {
        guard bytes.count == 36 else { return nil }
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        for index in 0..<36 {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard bytes[index] == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = nibble(bytes[index]) else { return nil }
            if index < 18 {
                halves.high = halves.high << 4 | UInt64(digit)
            } else {
                halves.low = halves.low << 4 | UInt64(digit)
            }
        }
        return halves
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `2026-11-22`
    static func days(date bytes: Bytes) -> Int32? {
        guard bytes.count == 10, let days = leadingDays(bytes) else { return nil }
        return Int32(exactly: days)
    }

    /// `2026-11-22 17:03:14.486+00`, as the server prints it with DateStyle ISO and TimeZone UTC.
    static func milliseconds(timestamp bytes: Bytes) -> Int64? {
        guard bytes.count >= 22, let days = leadingDays(bytes), bytes[10] == UInt8(ascii: " "),
            let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2), let second = number(bytes, 17, 2),
            bytes[bytes.count - 3] == UInt8(ascii: "+"), number(bytes, bytes.count - 2, 2) == 0
        else { return nil }
        var fraction: Int64 = 0
        for index in 20..<23 {
            let isDigit = bytes[19] == UInt8(ascii: ".") && index < bytes.count - 3
            fraction = fraction * 10 + (isDigit ? digit(bytes[index]) ?? 0 : 0)
        }
        return days * 86_400_000 + (hour * 3_600 + minute * 60 + second) * 1_000 + fraction
    }

    private static func leadingDays(_ bytes: Bytes) -> Int64? {
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2)
        else { return nil }
        return PostgresTimestamp.days(year: year, month: month, day: day)
    }

    private static func number(_ bytes: Bytes, _ start: Int, _ count: Int) -> Int64? {
        guard start + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for index in start..<start + count {
            guard let digit = digit(bytes[index]) else { return nil }
            value = value * 10 + digit
        }
        return value
    }
}
