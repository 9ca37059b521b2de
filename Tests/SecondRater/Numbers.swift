/// Section N: what a number is, however it was written.
struct Number: Equatable, Sendable {
    var kind = "invalid"
    var e164: String?
    var country: String?
    var national: String?
    var serviceCode: String?
    var reason: String?
    var rn: String?
    var npdi = false
    var flags: Set<String> = []

    /// E7: what stands in a record.
    var shown: String? { e164 ?? serviceCode }

    var json: JSON {
        .object([
            "kind": .string(kind), "e164": .text(e164), "country": .text(country), "national": .text(national),
            "service_code": .text(serviceCode), "reason": .text(reason), "rn": .text(rn), "npdi": .bool(npdi),
            "flags": .flags(flags),
        ])
    }
}

private let domesticCountries: Set<String> = ["US", "PR", "VI", "GU", "MP", "AS"]

func isDomestic(_ country: String) -> Bool { domesticCountries.contains(country) }

func isDigits(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
}

func trimmed(_ text: some StringProtocol) -> String {
    let blanks: Set<Character> = [" ", "\t", "\r", "\n", "\r\n"]
    return String(text.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed())
}

extension SecondRater {
    mutating func normalize(_ raw: String?, isMessage: Bool = false) -> Number {
        // N1
        rule("N1")
        let whole = trimmed(raw ?? "")
        if ["", "<null>", "(null)", "null", "NULL"].contains(whole) { return Number(kind: "missing") }
        // N2
        rule("N2")
        var address = whole
        if let open = whole.firstIndex(of: "<"), let close = whole[open...].firstIndex(of: ">") {
            address = trimmed(whole[whole.index(after: open)..<close])
        }
        let lower = address.lowercased()
        var user = address
        if lower.hasPrefix("tel:") {
            user = String(address.dropFirst(4))
        } else if lower.hasPrefix("sip:") || lower.hasPrefix("sips:") || address.contains("@") {
            let isScheme = lower.hasPrefix("sip:") || lower.hasPrefix("sips:")
            let rest = isScheme ? String(address[address.index(after: address.firstIndex(of: ":")!)...]) : address
            guard let at = rest.firstIndex(of: "@") else { return Number(reason: "NO_USER") }
            user = String(rest[..<at])
            let host = rest[rest.index(after: at)...].prefix { !":;?>".contains($0) }
            if !user.isEmpty, host.lowercased() == "anonymous.invalid" { return Number(kind: "anonymous") }
        }
        if user.isEmpty { return Number(kind: "missing") }
        // N3
        rule("N3")
        let pieces = user.split(separator: ";", omittingEmptySubsequences: false)
        var parameters: [String: String?] = [:]
        for piece in pieces.dropFirst() {
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair[0].lowercased()
            if parameters[name] == nil { parameters[name] = .some(pair.count == 2 ? String(pair[1]) : nil) }
        }
        var number = classify(percentDecoded(pieces[0]), parameters, isMessage)
        readPorting(parameters, &number)
        return number
    }

    private func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            let isHex = digits.utf8.count == 2 && digits.utf8.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
            if byte == UInt8(ascii: "%"), isHex, let decoded = UInt8(digits, radix: 16) {
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// N12
    private mutating func readPorting(_ parameters: [String: String?], _ number: inout Number) {
        if let parameter = parameters["npdi"] {
            rule("N12")
            number.npdi = parameter.map { ["yes", "true", "1"].contains($0.lowercased()) } ?? true
        }
        guard let parameter = parameters["rn"] else { return }
        rule("N12")
        var digits = withoutSeparators(parameter ?? "")
        if digits.hasPrefix("+1") {
            digits = String(digits.dropFirst(2))
        } else if digits.hasPrefix("1") {
            digits = String(digits.dropFirst())
        }
        if digits.utf8.count == 10, isDigits(digits), northAmerican(digits).kind == "geographic" {
            number.rn = digits
        } else {
            number.flags.insert("RN_INVALID")
            number.npdi = false
        }
    }

    private func withoutSeparators(_ text: String) -> String {
        text.filter { !" -.()".contains($0) }
    }

    /// N4 to N8: the number part.
    private mutating func classify(_ written: String, _ parameters: [String: String?], _ isMessage: Bool) -> Number {
        let words = ["anonymous", "restricted", "unavailable", "unknown", "private", "withheld", "blocked"]
        if words.contains(written.lowercased()) {
            rule("N4")
            return Number(kind: "anonymous")
        }
        rule("N5")
        var digits = withoutSeparators(written)
        if let context = parameters["phone-context"] ?? nil, context.hasPrefix("+"), !digits.hasPrefix("+") {
            digits = context + digits
        }
        if digits.isEmpty { return Number(kind: "missing") }
        let hasPlus = digits.hasPrefix("+")
        if hasPlus { digits.removeFirst() }
        guard isDigits(digits) else { return Number(reason: "BAD_CHARS") }
        if ["266696687", "86282452253"].contains(digits) {
            rule("N4")
            return Number(kind: "anonymous")
        }
        return hasPlus ? afterPlus(digits) : withoutPlus(digits, isMessage)
    }

    /// N6
    private mutating func afterPlus(_ digits: String) -> Number {
        rule("N6")
        guard digits.hasPrefix("1") else { return international(digits) }
        guard digits.count == 11 else { return Number(reason: "BAD_LENGTH") }
        return northAmerican(String(digits.dropFirst()))
    }

    /// N7
    private mutating func withoutPlus(_ digits: String, _ isMessage: Bool) -> Number {
        rule("N7")
        let count = digits.count
        if count == 3 {
            if ["911", "933"].contains(digits) {
                return Number(kind: "emergency", country: "US", serviceCode: digits)
            }
            if digits == "988" || (digits.hasSuffix("11") && digits.first! >= "2") {
                return Number(kind: "service", country: "US", serviceCode: digits)
            }
            return Number(reason: "TOO_SHORT")
        }
        if isMessage, count == 5 || count == 6, digits.first! >= "2" {
            return Number(kind: "shortcode", country: "US", serviceCode: digits)
        }
        for prefix in ["011", "00"] where digits.hasPrefix(prefix) {
            var number = afterPlus(String(digits.dropFirst(prefix.count)))
            number.flags.insert("IDD_PREFIX")
            return number
        }
        if count == 10 { return northAmerican(digits) }
        if count == 11, digits.hasPrefix("1") { return northAmerican(String(digits.dropFirst())) }
        if (11...15).contains(count), digits.first! >= "2" {
            var number = international(digits)
            number.flags.insert("NO_PLUS")
            return number
        }
        rule("N8")
        return Number(reason: count < 10 ? "TOO_SHORT" : count > 15 ? "TOO_LONG" : "BAD_LENGTH")
    }

    /// N9, N10: ten digits.
    private mutating func northAmerican(_ digits: String) -> Number {
        rule("N9")
        let code = digits.prefix(3)
        let exchange = digits.dropFirst(3).prefix(3)
        func isService(_ three: Substring) -> Bool { three.hasSuffix("11") }
        guard code.first! >= "2", code.dropFirst().first! != "9", !isService(code) else {
            return Number(reason: "INVALID_NPA")
        }
        guard let area = reference.areaCodes[String(code)] else { return Number(reason: "UNASSIGNED_NPA") }
        if area.type == "tollfree_reserved" { return Number(reason: "TOLLFREE_RESERVED") }
        guard exchange.first! >= "2", !isService(exchange) else { return Number(reason: "INVALID_NXX") }
        var number = Number(kind: area.type, e164: "+1" + digits, country: area.country, national: digits)
        if area.type == "geo" {
            if exchange == "555" {
                guard digits.hasSuffix("1212") else { return Number(reason: "FICTITIOUS_555") }
                if isDomestic(area.country) {
                    number.kind = "service"
                    number.serviceCode = "411"
                    return number
                }
            }
            if ["950", "958", "959"].contains(exchange) { return Number(reason: "INVALID_NXX") }
        }
        rule("N10")
        switch area.type {
        case _ where !isDomestic(area.country): number.kind = "international"
        case "geo": number.kind = exchange == "976" ? "premium" : "geographic"
        case "nongeo": number.kind = "nongeographic"
        default: break
        }
        return number
    }

    /// N11
    private mutating func international(_ written: String) -> Number {
        rule("N11")
        var number = Number()
        var digits = written
        if digits.count == 13, digits.hasPrefix("521") {
            digits = "52" + digits.dropFirst(3)
            number.flags.insert("MX_LEGACY_1")
        }
        guard digits.count >= 7 else {
            number.reason = "TOO_SHORT"
            return number
        }
        guard digits.count <= 15 else {
            number.reason = "TOO_LONG"
            return number
        }
        var country: String?
        for length in 1...digits.count { country = reference.countries[String(digits.prefix(length))] ?? country }
        guard let country else {
            number.reason = "UNKNOWN_COUNTRY_CODE"
            return number
        }
        if ["870", "881", "882", "883"].contains(digits.prefix(3)) { number.flags.insert("SATELLITE") }
        number.kind = "international"
        number.e164 = "+" + digits
        number.country = country
        return number
    }
}
