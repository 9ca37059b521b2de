import Foundation

/// Instants are milliseconds since 1970 UTC, days are days since 1970.
enum Calendar {
    static let dayLength = 86_400_000

    /// G4: nil where the text cannot be read.
    static func instant(_ text: String) -> Int? {
        let parts = text.utf8.map { $0 }
        func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= parts.count, parts[from..<from + count].allSatisfy({ (48...57).contains($0) })
            else { return nil }
            return Int(String(decoding: parts[from..<from + count], as: UTF8.self))
        }
        func isMark(_ at: Int, _ marks: String) -> Bool { at < parts.count && marks.utf8.contains(parts[at]) }
        guard let day = day(String(decoding: parts.prefix(10), as: UTF8.self)), isMark(10, "T "),
            let hour = number(11, 2), hour < 24, isMark(13, ":"), let minute = number(14, 2), minute < 60,
            isMark(16, ":"), let second = number(17, 2), second < 60
        else { return nil }
        var position = 19
        var milliseconds = 0
        if isMark(position, ".") {
            position += 1
            var digits = ""
            while isMark(position, "0123456789") {
                digits.append(Character(Unicode.Scalar(parts[position])))
                position += 1
            }
            guard !digits.isEmpty else { return nil }
            milliseconds = Int((digits + "00").prefix(3)) ?? 0
        }
        var offset = 0
        if isMark(position, "Z") {
            position += 1
        } else if isMark(position, "+-") {
            let sign = isMark(position, "-") ? -1 : 1
            guard let hours = number(position + 1, 2) else { return nil }
            let minutesAt = isMark(position + 3, ":") ? position + 4 : position + 3
            guard hours < 24, let minutes = number(minutesAt, 2), minutes < 60 else { return nil }
            offset = sign * (hours * 60 + minutes) * 60000
            position = minutesAt + 2
        }
        guard position == parts.count else { return nil }
        return day * dayLength + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds - offset
    }

    /// Of `YYYY-MM-DD`.
    static func day(_ text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year > 0, (1...12).contains(month), (1...daysOf(month: month, year: year)).contains(day)
        else { return nil }
        return self.day(year, month, day)
    }

    static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        let ofYears = before * 365 + before / 4 - before / 100 + before / 400
        let ofMonths = (1..<month).reduce(0) { $0 + daysOf(month: $1, year: year) }
        return ofYears + ofMonths + day - 1 - 719_162
    }

    static func daysOf(month: Int, year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Year, month and day of month.
    static func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
        var year = 1970 + day / 366 - 1
        while self.day(year + 1, 1, 1) <= day { year += 1 }
        var month = 1
        while month < 12, self.day(year, month + 1, 1) <= day { month += 1 }
        return (year, month, day - self.day(year, month, 1) + 1)
    }

    /// 1 = Monday … 7 = Sunday; 1 January 1970 was a Thursday.
    static func weekday(_ day: Int) -> Int {
        ((day + 3) % 7 + 7) % 7 + 1
    }

    static func dayOf(instant: Int) -> Int {
        instant >= 0 ? instant / dayLength : -((-instant + dayLength - 1) / dayLength)
    }

    /// The same time of day so many months earlier, on the month's last day where it is too short.
    static func instant(_ instant: Int, lessMonths months: Int) -> Int {
        let day = dayOf(instant: instant)
        let date = date(day)
        let month = date.year * 12 + date.month - 1 - months
        let last = daysOf(month: month % 12 + 1, year: month / 12)
        return self.day(month / 12, month % 12 + 1, min(date.day, last)) * dayLength + instant - day * dayLength
    }

    static func text(day: Int) -> String {
        let date = date(day)
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2)
    }

    static func text(instant: Int) -> String {
        let day = dayOf(instant: instant)
        let ofDay = instant - day * dayLength
        return text(day: day) + "T" + padded(ofDay / 3_600_000, 2) + ":" + padded(ofDay / 60000 % 60, 2) + ":"
            + padded(ofDay / 1000 % 60, 2) + "." + padded(ofDay % 1000, 3) + "Z"
    }

    /// The wall clock of a zone, as if it were UTC.
    static func local(_ instant: Int, _ zone: TimeZone) -> Int {
        let seconds = instant >= 0 ? instant / 1000 : -((-instant + 999) / 1000)
        return instant + zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds))) * 1000
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
