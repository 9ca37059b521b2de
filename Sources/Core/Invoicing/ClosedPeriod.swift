/// The period of a customer that was closed last: with an invoice, or without one where there was nothing to bill.
public struct ClosedPeriod: Hashable, Sendable {
    /// Its last local day.
    public let end: UsageDay
    /// The instant at which it ended.
    public let until: Instant

    public init(end: UsageDay, until: Instant) {
        self.end = end
        self.until = until
    }
}

/// The period that a customer is billed for next: it begins where the last one ended, so that no instant is billed twice or never,
/// even where cycle or time zone have changed in between.
public struct NextPeriod: Hashable, Sendable {
    /// The first local day.
    public let start: UsageDay
    /// The last local day, inclusive (rule I1).
    public let end: UsageDay
    /// The instants whose usage belongs to it, half-open.
    public let instants: Range<Instant>
    /// The whole period of the cycle that it is, or is the rest of: by it monthly charges are due or not (rule I5).
    public let whole: BillingPeriod

    /// The day after its last one (rule I1).
    public var invoiceDate: UsageDay { end.advanced(days: 1) }

    /// The period after the last closed one; the first one where none is, from the first day that can be billed.
    public init(cycle: BillingCycle, billedFrom: UsageDay, after last: ClosedPeriod?) {
        let start = last.map { $0.end.advanced(days: 1) } ?? billedFrom
        let from = last?.until ?? cycle.clock.start(of: start)
        var whole = cycle.period(containing: start)
        // A time zone further east may have the next day end before the last one did.
        while whole.instants.upperBound <= from {
            whole = cycle.period(containing: whole.end.advanced(days: 1))
        }
        self.start = start
        self.whole = whole
        end = whole.end
        instants = from..<whole.instants.upperBound
    }

    /// Whether its usage is complete at an instant.
    public func hasEnded(by now: Instant) -> Bool { instants.upperBound <= now }

    /// As it is once it has been billed.
    public var closed: ClosedPeriod { ClosedPeriod(end: end, until: instants.upperBound) }
}
