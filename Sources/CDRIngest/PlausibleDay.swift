import Core

extension UsageRecord {
    /// The instant by which it is rated (rule D2), or, for what isn't rated, at which it happened.
    var instant: Instant? {
        switch self {
        case .call(let call): call.ratingInstant
        case .attempt(let attempt): attempt.answer.instant ?? attempt.start.instant ?? attempt.end.instant
        case .message(let message): message.at.instant
        case .query(let query): query.at.instant
        case .receipt(let receipt): receipt.received.instant
        }
    }

    /// The partition it goes to: the UTC day of its instant where that is plausible, at most 13 months old and 7 days ahead;
    /// otherwise the day of receipt (M1). A clock that makes no sense is held later; here it must not make partitions.
    func usageDay(receivedAt: Instant) -> UsageDay {
        let today = receivedAt.usageDay
        guard let day = instant?.usageDay, day >= today.monthsBefore(13), day <= today.advanced(days: 7) else {
            return today
        }
        return day
    }
}

extension UsageDay {
    /// The same day so many months earlier; the month's last day where that month is shorter.
    func monthsBefore(_ months: Int) -> UsageDay {
        let (year, month, day) = civil
        let monthCount = year * 12 + month - 1 - months
        let (earlierYear, earlierMonth) = (monthCount / 12, monthCount % 12 + 1)
        let length = UsageDay.length(ofMonth: earlierMonth, year: earlierYear)
        guard let earlier = UsageDay(year: earlierYear, month: earlierMonth, day: min(day, length)) else {
            preconditionFailure("every month of the calendar has such a day")
        }
        return earlier
    }
}
