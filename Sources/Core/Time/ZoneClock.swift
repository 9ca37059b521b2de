import Foundation

/// The offsets of an IANA time zone, computed once: a look-up in `TimeZone` is too slow for every record (rule R10).
public struct ZoneClock: Hashable, Sendable {
    /// The zone's name: `America/Chicago`.
    public let identifier: String

    /// Starts of periods, ascending, in seconds since 1970; the first holds for everything before, too.
    private let starts: [Int64]
    /// Seconds east of UTC in each period.
    private let offsets: [Int]

    /// Years that are computed; outside, the nearest computed offset stands.
    private static let years = 1990...2050

    /// The clock of a zone; nil for a name that the time zone database does not know.
    public init?(identifier: String) {
        guard ZoneClock.isName(identifier), let zone = TimeZone(identifier: identifier) else { return nil }
        self.identifier = identifier
        func offset(_ second: Int64) -> Int {
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(second)))
        }
        var second = ZoneClock.start(of: ZoneClock.years.lowerBound)
        var starts = [second]
        var offsets = [offset(second)]
        let end = ZoneClock.start(of: ZoneClock.years.upperBound + 1)
        // A week at a time, since some zones leave daylight saving for no longer than a month; then the very second.
        while second < end {
            let next = second + 604_800
            let after = offset(next)
            if after != offsets[offsets.count - 1] {
                var before = second
                var changed = next
                while changed - before > 1 {
                    let middle = (before + changed) / 2
                    if offset(middle) == after { changed = middle } else { before = middle }
                }
                starts.append(changed)
                offsets.append(after)
            }
            second = next
        }
        self.starts = starts
        self.offsets = offsets
    }

    /// Seconds east of UTC at an instant.
    public func offsetSeconds(at instant: Instant) -> Int {
        let second = floorDivide(instant.milliseconds, 1_000)
        var lower = 0
        var upper = starts.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if starts[middle] <= second { lower = middle + 1 } else { upper = middle }
        }
        return offsets[max(lower - 1, 0)]
    }

    /// The local day and the milliseconds since its midnight, by the wall clock.
    public func local(_ instant: Instant) -> (day: UsageDay, milliseconds: Int64) {
        let wall = instant.advanced(seconds: offsetSeconds(at: instant))
        return (wall.usageDay, wall - wall.usageDay.startUTC)
    }

    /// The first instant of a local day (M30): its midnight, or the first one behind a gap that swallows it.
    public func start(of day: UsageDay) -> Instant {
        let wall = day.startUTC
        let early = wall.advanced(seconds: -offsetSeconds(at: wall.advanced(milliseconds: -86_400_000)))
        let late = wall.advanced(seconds: -offsetSeconds(at: wall.advanced(milliseconds: 86_400_000)))
        let candidates = [min(early, late), max(early, late)]
        if let midnight = candidates.first(where: { local($0) == (day, 0) }) { return midnight }
        // The midnight does not exist: the day begins where the offset changes.
        var before = candidates[0].advanced(milliseconds: -86_400_000)
        var after = candidates[1].advanced(milliseconds: 86_400_000)
        while after - before > 1 {
            let middle = before.advanced(milliseconds: (after - before) / 2)
            if local(middle).day >= day { after = middle } else { before = middle }
        }
        return after
    }

    /// IANA names only: Foundation also takes abbreviations such as PST and offsets such as GMT+3.
    private static func isName(_ identifier: String) -> Bool {
        TimeZone.knownTimeZoneIdentifiers.contains(identifier) || singleNames.contains(identifier)
            || (identifier.contains("/") && !identifier.hasPrefix("/"))
    }

    private static let singleNames: Set<String> = [
        "UTC", "GMT", "EST", "MST", "HST", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "CET", "EET", "MET", "WET",
        "Zulu",
        "UCT", "Universal", "Greenwich", "Cuba", "Egypt", "Eire", "Hongkong", "Iceland", "Iran", "Israel", "Jamaica",
        "Japan", "Kwajalein", "Libya", "Navajo", "NZ", "NZ-CHAT", "Poland", "Portugal", "PRC", "ROC", "ROK",
        "Singapore",
        "Turkey", "W-SU", "GB", "GB-Eire", "GMT0", "GMT+0", "GMT-0",
    ]

    private static func start(of year: Int) -> Int64 {
        let day = UsageDay(year: year, month: 1, day: 1) ?? UsageDay(daysSince1970: 0)
        return Int64(day.daysSince1970) * 86_400
    }
}

/// The quotient rounded towards minus infinity.
func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
