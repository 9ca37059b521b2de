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
        guard let day = instant?.usageDay, day >= today.oldestKept, day <= today.advanced(days: 7) else {
            return today
        }
        return day
    }
}
