public import Foundation

extension TimeZone {
    /// The first instant of a local day: midnight, or where a clock change leaves midnight out, the first instant after it (M30).
    public func firstInstant(of day: UsageDay) -> Instant {
        // Offsets lie within ±15 h, so the day begins within 15 h of UTC midnight; each offset seen around it gives a candidate.
        let hour: Int64 = 3_600_000
        let earliest = day.startUTC.advanced(milliseconds: -15 * hour)
        let latest = day.startUTC.advanced(milliseconds: 15 * hour)
        let offsets = Set((0...30).map { offsetMilliseconds(at: earliest.advanced(milliseconds: $0 * hour)) })
        let midnights = offsets.map { (offset: $0, instant: day.startUTC.advanced(milliseconds: -$0)) }
            .filter { offsetMilliseconds(at: $0.instant) == $0.offset }
        if let midnight = midnights.map(\.instant).min() { return midnight }
        var before = earliest
        var after = latest
        while after - before > 1 {
            let middle = before.advanced(milliseconds: (after - before) / 2)
            if clockDay(at: middle) < day { before = middle } else { after = middle }
        }
        return after
    }

    /// The local day that an instant belongs to: days are the intervals between their first instants.
    public func localDay(at instant: Instant) -> UsageDay {
        var day = clockDay(at: instant)
        while instant < firstInstant(of: day) { day = day.advanced(days: -1) }
        while instant >= firstInstant(of: day.advanced(days: 1)) { day = day.advanced(days: 1) }
        return day
    }

    /// What a calendar on the wall shows.
    private func clockDay(at instant: Instant) -> UsageDay {
        instant.advanced(milliseconds: offsetMilliseconds(at: instant)).usageDay
    }

    private func offsetMilliseconds(at instant: Instant) -> Int64 {
        // Whole seconds towards the past, so that the last millisecond before a change is before it.
        let seconds = Rounding.floor(Int128(instant.milliseconds), dividedBy: 1_000)
        return Int64(secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds)))) * 1_000
    }
}
