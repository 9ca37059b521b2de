/// A point in time, UTC, as milliseconds since 1970: exact, unlike `Date` (rule G4).
public struct Instant: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// An instant so many milliseconds after 1970.
    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The UTC day it falls on.
    @inlinable
    public var usageDay: UsageDay {
        let day = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
        return UsageDay(daysSince1970: Int32(day))
    }

    /// An instant from ISO 8601 text (rule G4): date, `T` or space, time, fraction or none, then `Z`, an offset or nothing (UTC).
    /// Digits behind the millisecond are cut off. Nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let text = String(text)
        let bytes = text.utf8.span
        self.init(utf8: bytes, in: 0..<bytes.count)
    }

    /// An instant from a part of a text's UTF-8.
    init?(utf8 bytes: Span<UInt8>, in range: Range<Int>) {
        if range.count == FixedInstant.length,
            let instant = FixedInstant(bytes.extracting(range)).instant
        {
            self = instant
            return
        }
        var reader = InstantReader(index: range.lowerBound, end: range.upperBound)
        guard let instant = reader.read(bytes) else { return nil }
        self = instant
    }

    /// `2026-11-22T17:03:14.486Z`
    public var text: String {
        let day = usageDay
        let inDay = milliseconds - Int64(day.daysSince1970) * 86_400_000
        let seconds = inDay / 1_000
        return day.text + "T" + padded(seconds / 3_600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
            + padded(seconds % 60, 2) + "." + padded(inDay % 1_000, 3) + "Z"
    }

    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }

    /// Milliseconds from `earlier` to `later`.
    @inlinable
    public static func - (later: Instant, earlier: Instant) -> Int64 { later.milliseconds - earlier.milliseconds }

    /// So many milliseconds later.
    @inlinable
    public func advanced(milliseconds offset: Int64) -> Instant { Instant(milliseconds: milliseconds + offset) }

    /// So many seconds later.
    @inlinable
    public func advanced(seconds: Int) -> Instant { advanced(milliseconds: Int64(seconds) * 1_000) }
}

/// A number with leading zeros to a width.
func padded(_ number: Int64, _ width: Int) -> String {
    guard number >= 0 else { return String(number) }
    let count = max(width, decimalLength(UInt64(number)))
    return String(unsafeUninitializedCapacity: count) { bytes in
        var rest = number
        for place in (0..<count).reversed() {
            bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return count
    }
}

/// The fields of ISO 8601 text, byte by byte.
private struct InstantReader {
    var index: Int
    let end: Int

    mutating func read(_ bytes: Span<UInt8>) -> Instant? {
        guard let year = digits(4, bytes), take("-", bytes), let month = digits(2, bytes), take("-", bytes),
            let dayOfMonth = digits(2, bytes), let day = UsageDay(year: year, month: month, day: dayOfMonth),
            take("T", bytes) || take(" ", bytes), let hour = digits(2, bytes), take(":", bytes),
            let minute = digits(2, bytes), take(":", bytes), let second = digits(2, bytes), hour <= 23, minute <= 59,
            second <= 59
        else { return nil }
        guard let fraction = fractionMilliseconds(bytes), let offset = offsetMinutes(bytes), index == end else {
            return nil
        }
        let inDay = Int64(hour * 3_600 + minute * 60 + second) * 1_000 + Int64(fraction)
        return Instant(milliseconds: Int64(day.daysSince1970) * 86_400_000 + inDay - Int64(offset) * 60_000)
    }

    private mutating func take(_ character: Unicode.Scalar, _ bytes: Span<UInt8>) -> Bool {
        guard index < end, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func digits(_ count: Int, _ bytes: Span<UInt8>) -> Int? {
        guard index + count <= end else { return nil }
        var number = 0
        for place in index..<index + count {
            guard ASCII.isDigit(bytes[place]) else { return nil }
            number = number * 10 + Int(bytes[place] - UInt8(ascii: "0"))
        }
        index += count
        return number
    }

    /// Milliseconds of `.123456`, 0 without a fraction, nil for a point without digits.
    private mutating func fractionMilliseconds(_ bytes: Span<UInt8>) -> Int? {
        guard take(".", bytes) else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = digits(1, bytes) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { milliseconds *= 10 }
        return milliseconds
    }

    /// Minutes east of UTC of `Z`, `+05:30`, `-0600` or nothing.
    private mutating func offsetMinutes(_ bytes: Span<UInt8>) -> Int? {
        if index == end || take("Z", bytes) { return 0 }
        let sign = take("+", bytes) ? 1 : take("-", bytes) ? -1 : 0
        guard sign != 0, let hours = digits(2, bytes) else { return nil }
        _ = take(":", bytes)
        guard let minutes = digits(2, bytes), hours <= 23, minutes <= 59 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
