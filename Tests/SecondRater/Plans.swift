import Foundation

/// A row that a look-up found, with the prefix that a record shows for it.
struct Row: Sendable {
    let prefix: String
    let values: JSON
}

/// R2, R3: whom a customer's usage is rated by.
struct PlansInForce: Sendable {
    let own: JSON?
    let fallback: JSON?

    /// R3: the first plan whose rates answer, with the flags that this raises; R8 if none does.
    func first<Answer>(
        _ answer: (_ rates: JSON) -> Answer?
    ) -> (plan: JSON?, answer: Answer?, flags: Set<String>) {
        if let own, let found = answer(own["rates"]) { return (own, found, []) }
        let isFallbackAllowed = own.map { $0["rates"]["fallback_to_default"] != .bool(false) } ?? true
        if isFallbackAllowed, let fallback, let found = answer(fallback["rates"]) {
            return (fallback, found, ["DEFAULT_PLAN_USED"])
        }
        return (nil, nil, own == nil && fallback == nil ? ["NO_RATE", "NO_PLAN"] : ["NO_RATE"])
    }
}

extension SecondRater {
    /// R2: the customer's own plan and the default one that are in force.
    mutating func plansInForce(_ type: String, customer: String, at instant: Int) -> PlansInForce {
        rule("R2", "R3")
        func isInForce(_ plan: JSON) -> Bool {
            guard let from = Calendar.day(plan["effective_date"].string ?? "") else { return false }
            let end = plan["expiry_date"].string.flatMap(Calendar.day)
            return from * Calendar.dayLength <= instant && end.map { instant < $0 * Calendar.dayLength } ?? true
        }
        func latest(_ owner: String) -> JSON? {
            reference.plans[type + "|" + owner]?.filter(isInForce).max { left, right in
                let from = left["effective_date"].string ?? ""
                let other = right["effective_date"].string ?? ""
                return from != other ? from < other : (left["id"].string ?? "") < (right["id"].string ?? "")
            }
        }
        return PlansInForce(own: latest(customer), fallback: latest(""))
    }

    /// R4: rows of a deck with that very prefix, the one in force that began last.
    private func deckRow(_ deck: String?, _ scope: String, _ prefix: String, at instant: Int) -> JSON? {
        guard let deck else { return nil }
        let rows = (reference.deckRows["\(deck)|\(scope)|\(prefix)"] ?? []).filter { row in
            guard let from = Calendar.day(row["effective_date"] ?? "") else { return false }
            let end = row["end_date"].flatMap(Calendar.day)
            return from * Calendar.dayLength <= instant && end.map { instant < $0 * Calendar.dayLength } ?? true
        }
        let row = rows.max { ($0["effective_date"] ?? "") < ($1["effective_date"] ?? "") }
        return row.map { .object($0.mapValues(JSON.string)) }
    }

    /// R4, R6: the longest of the prefixes that a row stands for.
    private func longest(
        _ digits: String, _ lengths: [Int], inline: JSON, deck: String?, _ scope: String, at instant: Int
    ) -> Row? {
        for length in lengths where length <= digits.count {
            let prefix = String(digits.prefix(length))
            if inline[prefix] != .null { return Row(prefix: prefix, values: inline[prefix]) }
            if let row = deckRow(deck, scope, prefix, at: instant) { return Row(prefix: prefix, values: row) }
        }
        return nil
    }

    func domesticRow(_ digits: String, _ rates: JSON, at instant: Int) -> Row? {
        let domestic = rates["terminating"]["domestic"]
        let row = longest(
            digits, [7, 6, 3], inline: domestic["prefixes"], deck: rates["deck"].string, "domestic", at: instant)
        if let row { return row }
        return domestic["default"] == .null ? nil : Row(prefix: "default", values: domestic["default"])
    }

    func internationalRow(_ digits: String, _ rates: JSON, at instant: Int) -> Row? {
        longest(
            digits, Array((1...15).reversed()), inline: rates["terminating"]["international"]["prefixes"],
            deck: rates["deck"].string, "international", at: instant)
    }

    func premiumRow(_ digits: String, _ rates: JSON, at instant: Int) -> Row? {
        longest(
            digits, Array((3...10).reversed()), inline: rates["terminating"]["premium"]["prefixes"], deck: nil, "",
            at: instant)
    }

    /// R5
    func column(_ row: JSON, _ jurisdiction: String) -> Rational? {
        switch jurisdiction {
        case "local": row["local"].decimal ?? column(row, "intrastate")
        case "intrastate": row["intrastate"].decimal ?? row["interstate"].decimal
        case "interstate": row["interstate"].decimal
        case "indeterminate":
            row["indeterminate"].decimal
                ?? [row["interstate"].decimal, row["intrastate"].decimal].compactMap(\.self).max()
        default: nil
        }
    }

    /// R10: the multiplier of the first band that holds the instant.
    mutating func multiplier(_ timeOfDay: JSON, at instant: Int) throws -> Rational {
        rule("R10")
        guard timeOfDay != .null else { return Rational(1) }
        guard let zone = TimeZone(identifier: timeOfDay["timezone"].string ?? "") else {
            throw CaseFault(reason: "no such zone")
        }
        let local = Calendar.local(instant, zone)
        let day = Calendar.dayOf(instant: local)
        let minute = (local - day * Calendar.dayLength) / 60000
        func minutes(_ time: String?) -> Int {
            let parts = (time ?? "").split(separator: ":").compactMap { Int($0) }
            return parts[0] * 60 + parts[1]
        }
        for band in timeOfDay["bands"].elements {
            let from = minutes(band["from"].string)
            let to = minutes(band["to"].string)
            func isDay(_ day: Int) -> Bool {
                band["days"].elements.contains(.integer(Calendar.weekday(day)))
            }
            let isInside =
                from < to
                ? isDay(day) && from <= minute && minute < to
                : (isDay(day) && minute >= from) || (isDay(day - 1) && minute < to)
            if isInside { return band["multiplier"].decimal ?? Rational(1) }
        }
        return Rational(1)
    }

    mutating func bandCase(_ input: JSON) throws -> JSON {
        guard let instant = Calendar.instant(input["instant"].string ?? "") else {
            throw CaseFault(reason: "no instant")
        }
        let multiplier = try multiplier(input["time_of_day"], at: instant)
        let rate = ((input["rate"].decimal ?? .zero) * multiplier).rounded(7)
        return .object(["multiplier": .decimal(multiplier, 7), "rate": .decimal(rate, 7)])
    }
}
