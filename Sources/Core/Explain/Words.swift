/// How explanations put values into words for a person.
enum Words {
    /// `$0.00712`, as many digits as the scale has.
    static func dollars(_ amount: Money, _ scale: MoneyScale = .charge) -> String { signed(amount.text(scale)) }

    /// `$0.0085`: a rate without the zeros at its end, but two digits behind the point.
    static func dollars(_ rate: Rate) -> String { signed(short(rate.text)) }

    /// `$0.0071166666…`
    static func dollars(_ exact: ExactQuotient) -> String {
        let text = exact.text
        let digits = text.split(separator: ".").dropFirst().first?.count ?? 0
        return signed(digits == 1 ? text + "0" : text)
    }

    /// `$0.001`: an amount of up to seven digits without the zeros at its end.
    static func shortDollars(_ amount: Money) -> String { signed(short(amount.text(.full))) }

    private static func signed(_ text: String) -> String {
        text.hasPrefix("-") ? "-$" + text.dropFirst() : "$" + text
    }

    private static func short(_ decimal: String) -> String {
        var text = Substring(decimal)
        while text.last == "0", let point = text.firstIndex(of: "."), text[point...].count > 3 { text.removeLast() }
        return String(text)
    }

    /// `2025-03-12 15:00:05.000 UTC`
    static func time(_ instant: Instant) -> String {
        instant.text.dropLast().split(separator: "T").joined(separator: " ") + " UTC"
    }

    /// `61.000 s`, and `1 h 1 min 1.000 s` from a minute and a half on.
    static func length(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let length = Int64(milliseconds.magnitude)
        let seconds = "\(length / 1_000).\(padded(length % 1_000, 3)) s"
        guard length >= 90_000 else { return sign + seconds }
        let hours = length / 3_600_000
        let minutes = length / 60_000 % 60
        let rest = "\(length / 1_000 % 60).\(padded(length % 1_000, 3)) s"
        return "\(sign)\(hours > 0 ? "\(hours) h " : "")\(minutes) min \(rest) (\(sign)\(seconds))"
    }

    /// `+1 312 200 5555` of a North American number, else `+` and its digits.
    static func number(_ number: PhoneNumber) -> String {
        guard let national = number.national else { return number.text }
        return "+1 " + spaced(national)
    }

    /// `312 200 5555`
    static func spaced(_ number: NationalNumber) -> String {
        let digits = number.text
        return "\(digits.prefix(3)) \(digits.dropFirst(3).prefix(3)) \(digits.suffix(4))"
    }

    /// A text as a record carries it: in quotes, cut where it is long.
    static func quoted(_ text: String) -> String {
        let isLong = text.count > 80
        return "“" + text.prefix(isLong ? 77 : 80) + (isLong ? "…" : "") + "”"
    }

    /// `1 second`, `61 seconds`, `25 queries`.
    static func count(_ number: Int, _ noun: String) -> String {
        guard number != 1 else { return "1 \(noun)" }
        return noun.hasSuffix("y") ? "\(number) \(noun.dropLast())ies" : "\(number) \(noun)s"
    }

    /// `one, two and three`
    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    /// `in force since 2024-01-01`, or `in force from 2024-01-01 to 2025-03-14`; `end` is the first day without it.
    static func force(_ effective: UsageDay, _ end: UsageDay?) -> String {
        guard let end else { return "in force since \(effective.text)" }
        return "in force from \(effective.text) to \(end.advanced(days: -1).text)"
    }
}

extension NumberKind {
    /// What a number of this kind is called, with its article.
    var phrase: String {
        switch self {
        case .geographic: "a geographic number"
        case .tollfree: "a toll-free number"
        case .nongeographic: "a non-geographic number"
        case .premium: "a premium number"
        case .service: "a service code"
        case .emergency: "an emergency number"
        case .international: "an international number"
        case .shortcode: "a short code"
        case .anonymous: "withheld"
        case .missing: "empty"
        case .invalid: "no valid number"
        }
    }
}

extension NumberFault {
    /// Why a text is no number.
    var phrase: String {
        switch self {
        case .noUser: "a SIP address that names no user"
        case .badCharacters: "it has characters that no phone number has"
        case .badLength: "a North American number has ten digits"
        case .tooShort: "it has too few digits"
        case .tooLong: "it has too many digits"
        case .invalidNPA: "no area code looks like this"
        case .unassignedNPA: "its area code is not assigned"
        case .tollFreeReserved: "its toll-free code is not in use yet"
        case .invalidNXX: "no exchange code looks like this"
        case .fictitious555: "numbers of exchange 555 are fictitious"
        case .unknownCountryCode: "no country has this code"
        }
    }
}

extension NormalizedNumber {
    /// `a premium number`; `no valid number (its area code is not assigned)`; `an international number (GB)`.
    var phrase: String {
        switch kind {
        case .invalid: kind.phrase + (reason.map { " (\($0.phrase))" } ?? "")
        case .geographic, .international: kind.phrase + (country.map { $0.text == "001" ? "" : " (\($0.text))" } ?? "")
        case .tollfree, .nongeographic, .premium, .service, .emergency, .shortcode, .anonymous, .missing:
            kind.phrase
        }
    }

    /// The number or code as a person writes it; nil where it has neither.
    var shown: String? {
        guard let number else { return serviceCode.map { String($0) } }
        return Words.number(number)
    }

    /// The rules of section N that made it what it is.
    var rules: [String] {
        switch kind {
        case .missing: ["N1"]
        case .anonymous: ["N4"]
        case .shortcode, .emergency: ["N7"]
        case .service: [number == nil ? "N7" : "N9"]
        case .geographic, .tollfree, .premium: ["N9"]
        case .nongeographic: ["N9", "N10"]
        case .international: [national == nil ? "N11" : "N10"]
        case .invalid: reason.map { [$0.rule] } ?? []
        }
    }

    /// The number for programs.
    func facts(of raw: String?) -> JSONValue {
        JSONValue(fields: [
            "raw": JSONValue(raw), "kind": .string(kind.rawValue), "e164": JSONValue(number?.text),
            "service_code": JSONValue(serviceCode.map { String($0) }), "country": JSONValue(country?.text),
            "reason": JSONValue(reason?.rawValue),
            "flags": .array(flags.names.map(JSONValue.string)), "rules": .array(rules.map(JSONValue.string)),
        ])
    }
}

extension NumberFault {
    /// The rule by which a text is no number.
    fileprivate var rule: String {
        switch self {
        case .noUser: "N2"
        case .badCharacters: "N5"
        case .badLength, .tooShort, .tooLong: "N7"
        case .invalidNPA, .unassignedNPA, .tollFreeReserved, .invalidNXX, .fictitious555: "N9"
        case .unknownCountryCode: "N11"
        }
    }
}
