public import Foundation

/// Local wall-clock times as instants, in milliseconds since 1970 UTC. A time that does not exist is the first instant after the
/// gap; one that exists twice is the first of both (M30).
public enum LocalTime {
    /// The instant at which a zone's clocks show this day and time.
    public static func instant(daysSince1970: Int, hour: Int, minute: Int, in zone: TimeZone) -> Int64 {
        let wall = Int64(daysSince1970) * 86_400 + Int64(hour) * 3_600 + Int64(minute) * 60
        let offsets = [offset(wall - 86_400, zone), offset(wall + 86_400, zone)]
        let existing = offsets.map { wall - $0 }.filter { offset($0, zone) == wall - $0 }
        if let first = existing.min() { return first * 1_000 }
        // In the gap: the clocks jump from the first offset to the second somewhere between these two instants.
        var before = wall - offsets[1]
        var after = wall - offsets[0]
        if before > after { swap(&before, &after) }
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if offset(middle, zone) == offsets[0] { before = middle } else { after = middle }
        }
        return after * 1_000
    }

    /// The local calendar day of an instant, as days since 1970.
    public static func day(of milliseconds: Int64, in zone: TimeZone) -> Int {
        let seconds = floorDivide(milliseconds, 1_000)
        return Int(floorDivide(seconds + offset(seconds, zone), 86_400))
    }

    private static func offset(_ secondsSince1970: Int64, _ zone: TimeZone) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(secondsSince1970))))
    }
}

/// Instants as text: what config files, entries and answers show.
public enum InstantText {
    /// `2026-11-22T17:03:14.486Z`
    public static func text(_ milliseconds: Int64) -> String {
        let days = floorDivide(milliseconds, 86_400_000)
        let (year, month, day) = civil(days: Int(days))
        let inDay = milliseconds - days * 86_400_000
        let seconds = inDay / 1_000
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(digits(Int(seconds / 3_600), 2))"
            + ":\(digits(Int(seconds / 60 % 60), 2)):\(digits(Int(seconds % 60), 2)).\(digits(Int(inDay % 1_000), 3))Z"
    }

    /// `2026-11-22` for a day counted from 1970.
    public static func dayText(_ daysSince1970: Int) -> String {
        let (year, month, day) = civil(days: daysSince1970)
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }

    /// Milliseconds of `2026-11-22T17:03:14.486Z`, with up to three digits of fraction or none; nil for anything else.
    public static func parse(_ text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z") else { return nil }
        let marks: [(Int, Unicode.Scalar)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        guard marks.allSatisfy({ bytes[$0.0] == UInt8(ascii: $0.1) }) else { return nil }
        guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        guard civil(days: days) == (year, month, day), let fraction = fraction(bytes[19..<bytes.count - 1]) else {
            return nil
        }
        return Int64(days) * 86_400_000 + Int64(hour * 3_600 + minute * 60 + second) * 1_000 + Int64(fraction)
    }

    private static func fraction(_ bytes: ArraySlice<UInt8>) -> Int? {
        if bytes.isEmpty { return 0 }
        guard bytes.first == UInt8(ascii: "."), (2...4).contains(bytes.count), let value = number(bytes.dropFirst())
        else { return nil }
        return bytes.count == 2 ? value * 100 : bytes.count == 3 ? value * 10 : value
    }
}

/// Days since 1970 of a day of the proleptic Gregorian calendar.
func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
}

private func number(_ bytes: some Collection<UInt8>) -> Int? {
    var value = 0
    for byte in bytes {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
}

private func digits(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}

func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
    number >= 0 ? number / divisor : (number - divisor + 1) / divisor
}
