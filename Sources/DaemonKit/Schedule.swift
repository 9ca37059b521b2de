public import Foundation

/// When something runs: `every 60 s`, or `daily 06:00 America/New_York`.
public enum Schedule: Sendable, Hashable {
    /// So many seconds after the run before began.
    case every(seconds: Int)
    /// Once a local day: at the first instant at or after this time that exists (M30).
    case daily(hour: Int, minute: Int, zone: TimeZone)

    /// Reads `every 60 s` or `daily 06:00 America/New_York`; nil for anything else.
    public init?(parsing text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        switch words[0] {
        case "every":
            guard let seconds = Int(words[1]), (1...86_400).contains(seconds), words[2] == "s" else { return nil }
            self = .every(seconds: seconds)
        case "daily":
            let time = words[1].split(separator: ":", omittingEmptySubsequences: false)
            guard time.count == 2, time.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(time[0]),
                let minute = Int(time[1]), (0...23).contains(hour), (0...59).contains(minute),
                let zone = TimeZone(identifier: words[2])
            else { return nil }
            self = .daily(hour: hour, minute: minute, zone: zone)
        default:
            return nil
        }
    }

    /// The first instant after a given one at which it runs, both in milliseconds since 1970.
    public func next(after milliseconds: Int64) -> Int64 {
        switch self {
        case .every(let seconds):
            return milliseconds + Int64(seconds) * 1_000
        case .daily(let hour, let minute, let zone):
            var day = LocalTime.day(of: milliseconds, in: zone)
            while true {
                let instant = LocalTime.instant(daysSince1970: day, hour: hour, minute: minute, in: zone)
                if instant > milliseconds { return instant }
                day += 1
            }
        }
    }
}

extension ConfigKey where Value == Schedule {
    /// A schedule: `every 60 s` or `daily 06:00 America/New_York`.
    public static func schedule(_ name: String, default text: String, help: String) -> ConfigKey {
        .parsed(
            name, kind: "schedule (every 60 s, daily 06:00 America/New_York)", default: text, help: help
        ) { Schedule(parsing: $0) }
    }
}
