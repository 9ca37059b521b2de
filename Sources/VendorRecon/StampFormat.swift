import Core
import Foundation

/// How a vendor writes stamps: ISO 8601, or a pattern of `yyyy MM dd HH mm ss SSS` and the characters between them. A stamp without an
/// offset of its own is local to the vendor's zone.
enum StampFormat: Hashable, Sendable {
    case iso8601
    case pattern([Part])

    /// A piece of a pattern.
    enum Part: Hashable, Sendable {
        case digits(Field, Int)
        case text(Character)
    }

    /// What a run of letters stands for.
    enum Field: Character, Sendable {
        case year = "y"
        case month = "M"
        case day = "d"
        case hour = "H"
        case minute = "m"
        case second = "s"
        case millisecond = "S"
    }

    init(_ text: String) {
        guard text != "iso8601" else {
            self = .iso8601
            return
        }
        var parts: [Part] = []
        for character in text {
            guard let field = Field(rawValue: character) else {
                parts.append(.text(character))
                continue
            }
            if case .digits(field, let width)? = parts.last {
                parts[parts.count - 1] = .digits(field, width + 1)
            } else {
                parts.append(.digits(field, 1))
            }
        }
        self = .pattern(parts)
    }

    /// The instant of a stamp; nil where it is written otherwise.
    func instant(_ text: String, in zone: TimeZone) -> Instant? {
        switch self {
        case .iso8601:
            guard let instant = Instant(parsing: text) else { return nil }
            return StampFormat.hasOffset(text) ? instant : StampFormat.shifted(instant, from: zone)
        case .pattern(let parts):
            guard let local = StampFormat.read(text, parts) else { return nil }
            return StampFormat.shifted(local, from: zone)
        }
    }

    private static func hasOffset(_ text: String) -> Bool {
        text.hasSuffix("Z") || text.dropFirst(10).contains { $0 == "+" || $0 == "-" }
    }

    /// A reading of a local clock, taken as UTC, as the instant it names; of a doubled hour the first.
    private static func shifted(_ reading: Instant, from zone: TimeZone) -> Instant {
        func offset(at instant: Instant) -> Int {
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant.milliseconds / 1_000)))
        }
        let before = reading.advanced(seconds: -offset(at: reading.advanced(seconds: -86_400)))
        guard offset(at: before) != offset(at: reading.advanced(seconds: -86_400)) else { return before }
        return reading.advanced(seconds: -offset(at: before))
    }

    private static func read(_ text: String, _ parts: [Part]) -> Instant? {
        var rest = Substring(text)
        var values: [Field: Int] = [:]
        for part in parts {
            switch part {
            case .text(let character):
                guard rest.first == character else { return nil }
                rest = rest.dropFirst()
            case .digits(let field, let width):
                let digits = rest.prefix(width)
                guard digits.count == width, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
                values[field] = Int(digits)
                rest = rest.dropFirst(width)
            }
        }
        guard rest.isEmpty, let year = values[.year], let month = values[.month], let dayOfMonth = values[.day],
            let day = UsageDay(year: year, month: month, day: dayOfMonth)
        else { return nil }
        let hour = values[.hour] ?? 0
        let minute = values[.minute] ?? 0
        let second = values[.second] ?? 0
        guard hour < 24, minute < 60, second < 60 else { return nil }
        return day.startUTC.advanced(
            milliseconds: Int64((hour * 60 + minute) * 60 + second) * 1_000 + Int64(values[.millisecond] ?? 0))
    }
}
