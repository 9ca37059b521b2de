/// When a customer is billed: by local days of its billing time zone (rule I1).
public struct BillingCycle: Hashable, Sendable {
    /// How long a period is.
    public enum Length: Hashable, Sendable {
        case daily
        /// From Monday.
        case weekly
        /// From the anchor day, 1…28.
        case monthly
    }

    public let length: Length
    /// On which day of the month a month begins, 1…28; daily and weekly cycles have one too, for monthly fees (rule I5).
    public let anchorDay: Int
    public let clock: ZoneClock

    /// A cycle. The anchor day is in 1…28.
    public init(_ length: Length, anchorDay: Int = 1, clock: ZoneClock) {
        precondition((1...28).contains(anchorDay), "every month has an anchor day")
        self.length = length
        self.anchorDay = anchorDay
        self.clock = clock
    }

    /// The period that an instant belongs to.
    public func period(containing instant: Instant) -> BillingPeriod {
        period(containing: clock.day(of: instant))
    }

    /// The period that a local day belongs to.
    public func period(containing day: UsageDay) -> BillingPeriod {
        switch length {
        case .daily: BillingPeriod(start: day, end: day, clock: clock)
        case .weekly:
            BillingPeriod(
                start: day.advanced(days: 1 - day.isoWeekday), end: day.advanced(days: 7 - day.isoWeekday),
                clock: clock)
        case .monthly: month(containing: day)
        }
    }

    /// The last period that has ended by an instant.
    public func lastEnded(by instant: Instant) -> BillingPeriod {
        period(containing: period(containing: instant).start.advanced(days: -1))
    }

    /// The month from anchor day to anchor day: the period of monthly fees and bundles in every cycle (rule I5).
    public func month(containing day: UsageDay) -> BillingPeriod {
        let (year, month, dayOfMonth) = day.civil
        let monthsSinceZero = year * 12 + month - 1 - (dayOfMonth < anchorDay ? 1 : 0)
        return BillingPeriod(
            start: anchor(inMonth: monthsSinceZero), end: anchor(inMonth: monthsSinceZero + 1).advanced(days: -1),
            clock: clock)
    }

    /// Whether a period carries the monthly fee and the taxes per line: the one that holds an anchor day (rule I5).
    public func carriesMonthlyCharges(_ period: BillingPeriod) -> Bool {
        month(containing: period.end).start >= period.start
    }

    private func anchor(inMonth monthsSinceZero: Int) -> UsageDay {
        let (year, month) = monthsSinceZero.quotientAndRemainder(dividingBy: 12)
        guard let day = UsageDay(year: year, month: month + 1, day: anchorDay) else {
            preconditionFailure("every month has a 28th")
        }
        return day
    }
}

/// What one invoice covers: local days, both inclusive (rule I1).
public struct BillingPeriod: Hashable, Sendable {
    public let start: UsageDay
    public let end: UsageDay
    public let clock: ZoneClock

    public init(start: UsageDay, end: UsageDay, clock: ZoneClock) {
        precondition(start <= end, "a period has at least one day")
        self.start = start
        self.end = end
        self.clock = clock
    }

    /// The instants whose usage belongs to it: from the first local midnight to the one behind its last day, half-open.
    public var instants: Range<Instant> {
        clock.start(of: start)..<clock.start(of: end.advanced(days: 1))
    }

    /// The day after its last one.
    public var invoiceDate: UsageDay { end.advanced(days: 1) }

    /// How many days it has.
    public var days: Int { end - start + 1 }
}

extension ZoneClock {
    /// The local day that an instant belongs to: days are the intervals between their first instants, so a day that begins
    /// twice (clocks set back over midnight) keeps what lies between.
    public func day(of instant: Instant) -> UsageDay {
        var day = local(instant).day
        while instant < start(of: day) { day = day.advanced(days: -1) }
        while instant >= start(of: day.advanced(days: 1)) { day = day.advanced(days: 1) }
        return day
    }
}
