/// A calendar day, counted from 1970-01-01. As a usage day it is a UTC day; as a billing day it is local to a customer.
public struct UsageDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01, negative before.
    public let daysSince1970: Int32

    /// A day so many days after 1970-01-01.
    @inlinable
    public init(daysSince1970: Int32) {
        self.daysSince1970 = daysSince1970
    }

    /// The day of the proleptic Gregorian calendar, or nil where there is none (February 30).
    public init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), day >= 1, day <= UsageDay.length(ofMonth: month, year: year) else { return nil }
        // Days from civil: the year starts in March, so that the leap day is its last.
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        daysSince1970 = Int32(era * 146_097 + dayOfEra - 719_468)
    }

    /// A day from `YYYY-MM-DD`; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year >= 0
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Year, month and day of the month.
    public var civil: (year: Int, month: Int, day: Int) {
        let shifted = Int(daysSince1970) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// `2026-11-22`
    public var text: String {
        let (year, month, day) = civil
        return padded(Int64(year), 4) + "-" + padded(Int64(month), 2) + "-" + padded(Int64(day), 2)
    }

    /// 00:00 UTC of this day.
    @inlinable
    public var startUTC: Instant { Instant(milliseconds: Int64(daysSince1970) * 86_400_000) }

    /// 1 = Monday … 7 = Sunday.
    public var isoWeekday: Int { ((Int(daysSince1970) + 3) % 7 + 7) % 7 + 1 }

    /// So many days later.
    @inlinable
    public func advanced(days: Int) -> UsageDay { UsageDay(daysSince1970: daysSince1970 + Int32(days)) }

    /// The same day so many months earlier; the month's last day where that month is shorter.
    public func monthsBefore(_ months: Int) -> UsageDay {
        let (year, month, day) = civil
        let monthCount = year * 12 + month - 1 - months
        let (earlierYear, earlierMonth) = (monthCount / 12, monthCount % 12 + 1)
        let length = UsageDay.length(ofMonth: earlierMonth, year: earlierYear)
        guard let earlier = UsageDay(year: earlierYear, month: earlierMonth, day: min(day, length)) else {
            preconditionFailure("every month of the calendar has such a day")
        }
        return earlier
    }

    /// The oldest day of which keys, and so whole days, are kept: 13 months back (rule G8, M1).
    public var oldestKept: UsageDay { monthsBefore(13) }

    /// Days from `earlier` to `later`.
    @inlinable
    public static func - (later: UsageDay, earlier: UsageDay) -> Int {
        Int(later.daysSince1970 - earlier.daysSince1970)
    }

    @inlinable
    public static func < (left: UsageDay, right: UsageDay) -> Bool { left.daysSince1970 < right.daysSince1970 }

    /// Days of a month, leap years by the Gregorian rule.
    public static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
