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
        var reader = InstantReader(bytes: Array(text.utf8))
        guard let instant = reader.read() else { return nil }
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
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// The fields of ISO 8601 text, byte by byte.
private struct InstantReader {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read() -> Instant? {
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let dayOfMonth = digits(2),
            let day = UsageDay(year: year, month: month, day: dayOfMonth),
            take("T") || take(" "), let hour = digits(2), take(":"), let minute = digits(2), take(":"),
            let second = digits(2), hour <= 23, minute <= 59, second <= 59
        else { return nil }
        guard let fraction = fractionMilliseconds(), let offset = offsetMinutes(), index == bytes.count else {
            return nil
        }
        let inDay = Int64(hour * 3_600 + minute * 60 + second) * 1_000 + Int64(fraction)
        return Instant(milliseconds: Int64(day.daysSince1970) * 86_400_000 + inDay - Int64(offset) * 60_000)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func digits(_ count: Int) -> Int? {
        guard index + count <= bytes.count else { return nil }
        var number = 0
        for byte in bytes[index..<index + count] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        index += count
        return number
    }

    /// Milliseconds of `.123456`, 0 without a fraction, nil for a point without digits.
    private mutating func fractionMilliseconds() -> Int? {
        guard take(".") else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = digits(1) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { milliseconds *= 10 }
        return milliseconds
    }

    /// Minutes east of UTC of `Z`, `+05:30`, `-0600` or nothing.
    private mutating func offsetMinutes() -> Int? {
        if index == bytes.count || take("Z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = digits(2) else { return nil }
        _ = take(":")
        guard let minutes = digits(2), hours <= 23, minutes <= 59 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
