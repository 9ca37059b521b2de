/// How often a vendor bills (rule C6).
public enum VendorCycle: String, Sendable, CaseIterable {
    /// Monday to Sunday, UTC.
    case weekly
    case monthly
    /// By calendar quarters.
    case quarterly
}

/// A vendor's billing period and when it is paid (rule C6). All days are UTC days.
public struct VendorPeriod: Hashable, Sendable {
    public let start: UsageDay
    /// Inclusive.
    public let end: UsageDay
    /// The day after the period.
    public let invoiceDate: UsageDay
    public let dueDate: UsageDay
    /// The due date, or the Friday before where it falls on a weekend.
    public let payDate: UsageDay

    /// The period that holds a day.
    public init(_ cycle: VendorCycle, netDays: Int, containing day: UsageDay) {
        switch cycle {
        case .weekly:
            start = day.advanced(days: 1 - day.isoWeekday)
            end = start.advanced(days: 6)
        case .monthly:
            (start, end) = VendorPeriod.months(1, containing: day)
        case .quarterly:
            (start, end) = VendorPeriod.months(3, containing: day)
        }
        invoiceDate = end.advanced(days: 1)
        dueDate = invoiceDate.advanced(days: netDays)
        payDate = dueDate.advanced(days: min(0, 5 - dueDate.isoWeekday))
    }

    /// The block of so many calendar months that holds a day.
    private static func months(_ count: Int, containing day: UsageDay) -> (UsageDay, UsageDay) {
        let (year, month, _) = day.civil
        let firstMonth = (month - 1) / count * count + 1
        let lastMonth = firstMonth + count - 1
        guard let first = UsageDay(year: year, month: firstMonth, day: 1),
            let last = UsageDay(year: year, month: lastMonth, day: UsageDay.length(ofMonth: lastMonth, year: year))
        else { preconditionFailure("a month has a first and a last day") }
        return (first, last)
    }
}
