import Foundation

/// Section P: every error of a plan's rates.
extension SecondRater {
    mutating func validatePlan(_ input: JSON) -> JSON {
        rule("P1", "P5")
        var check = PlanCheck()
        check.plan(input["type"].string ?? "", input["rates"])
        rules.formUnion(check.rules)
        let sorted = check.errors.sorted { left, right in
            left.path != right.path
                ? left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
                : left.code.utf8.lexicographicallyPrecedes(right.code.utf8)
        }
        let errors = sorted.map { JSON.object(["path": .string($0.path), "code": .string($0.code)]) }
        return .object(["errors": .array(errors)])
    }
}

private struct PlanCheck {
    var errors: [(path: String, code: String)] = []
    var rules: Set<String> = []

    typealias Rule = (inout PlanCheck, String, JSON) -> Void

    mutating func fail(_ path: String, _ code: String) {
        errors.append((path, code))
    }

    /// An object whose members have rules of their own; anything else in it is unknown.
    mutating func object(_ path: String, _ value: JSON, _ known: [String: Rule], required: [String] = []) {
        guard case .object(let members) = value else { return fail(path, "TYPE") }
        for (name, member) in members {
            if let rule = known[name] {
                rule(&self, path + pointer(name), member)
            } else {
                fail(path + pointer(name), "UNKNOWN_FIELD")
            }
        }
        for name in required where members[name] == nil { fail(path + pointer(name), "MISSING") }
    }

    mutating func list(_ path: String, _ value: JSON, _ rule: Rule) {
        guard case .array(let elements) = value else { return fail(path, "TYPE") }
        for (index, element) in elements.enumerated() { rule(&self, "\(path)/\(index)", element) }
    }

    /// An object with free names, each of which a check may refuse with a code.
    mutating func table(_ path: String, _ value: JSON, refuse: (String) -> String?, _ rule: Rule) {
        guard case .object(let members) = value else { return fail(path, "TYPE") }
        for (name, member) in members {
            if let code = refuse(name) {
                fail(path + pointer(name), code)
            } else {
                rule(&self, path + pointer(name), member)
            }
        }
    }

    private func pointer(_ name: String) -> String {
        "/" + name.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
    }

    // P1, P8
    mutating func plan(_ type: String, _ rates: JSON) {
        guard case .object(let members) = rates else { return fail("", "TYPE") }
        var known: [String: Rule] = [
            "schema": { check, path, value in
                if value != .string(type + "/1") { check.fail(path, "BAD_SCHEMA") }
            },
            "fallback_to_default": { check, path, value in
                if value != .bool(true), value != .bool(false) { check.fail(path, "TYPE") }
            },
            "monthly_fee": { check, path, value in _ = check.decimal(path, value, scale: 2) },
            "bundles": { $0.list($1, $2) { $0.bundle($1, $2) } },
            "volume": { $0.volume($1, $2) },
            "promotions": { $0.list($1, $2) { $0.promotion($1, $2) } },
        ]
        let wanted: [String]
        switch type {
        case "voice":
            wanted = ["terminating", "originating", "deck"]
            known["billing"] = { $0.object($1, $2, PlanCheck.terms) }
            known["deck"] = { $0.plainString($1, $2) }
            known["time_of_day"] = { $0.timeOfDay($1, $2) }
            known["terminating"] = { $0.voiceTerminating($1, $2) }
            known["originating"] = {
                $0.object($1, $2, ["domestic": { $0.domesticRow($1, $2) }, "international": { $0.ratedRow($1, $2) }])
            }
        case "tollfree":
            wanted = ["terminating", "originating"]
            known["billing"] = { $0.object($1, $2, PlanCheck.terms) }
            for name in wanted { known[name] = { $0.tollFreeRow($1, $2) } }
        case "sms":
            wanted = ["sms_outbound", "sms_inbound", "mms_outbound", "mms_inbound"]
            for name in wanted { known[name] = PlanCheck.amount }
            let carriers: Rule = { $0.table($1, $2, refuse: { _ in nil }, PlanCheck.amount) }
            known["carrier_surcharges"] = {
                $0.object($1, $2, Dictionary(uniqueKeysWithValues: wanted.map { ($0, carriers) }))
            }
            known["international"] = {
                $0.object($1, $2, ["prefixes": { $0.prefixes($1, $2, 1...15, PlanCheck.amount) }])
            }
        default:
            wanted = ["per_query"]
            known["per_query"] = { $0.table($1, $2, refuse: { _ in nil }, PlanCheck.amount) }
        }
        object("", rates, known, required: ["schema"])
        rules.insert("P8")
        let isEmpty = wanted.allSatisfy { members[$0] == nil }
        if isEmpty || (type == "api" && members["per_query"] == .object([:])) { fail("", "EMPTY") }
    }

    mutating func plainString(_ path: String, _ value: JSON) {
        if value.string == nil { fail(path, "TYPE") }
    }

    /// P2: the value where it is one.
    mutating func decimal(_ path: String, _ value: JSON, scale: Int = 7) -> Rational? {
        rules.insert("P2")
        guard let text = value.string else {
            fail(path, "NOT_STRING")
            return nil
        }
        let parts = (text.hasPrefix("-") ? String(text.dropFirst()) : text)
            .split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ isDigits($0) }), parts[0].count <= 9 else {
            fail(path, "BAD_DECIMAL")
            return nil
        }
        if text.hasPrefix("-") {
            fail(path, "NEGATIVE")
            return nil
        }
        if parts.count == 2, parts[1].count > scale {
            fail(path, "SCALE")
            return nil
        }
        return Rational(decimal: text)
    }

    static var amount: Rule { { check, path, value in _ = check.decimal(path, value) } }

    mutating func decimal(_ path: String, _ value: JSON, in range: ClosedRange<Int>) {
        guard let number = decimal(path, value) else { return }
        rules.insert("P3")
        if number < Rational(range.lowerBound) || number > Rational(range.upperBound) { fail(path, "OUT_OF_RANGE") }
    }

    /// P3
    mutating func integer(_ path: String, _ value: JSON, in range: ClosedRange<Int>) {
        rules.insert("P3")
        guard let number = value.integer else { return fail(path, "NOT_INTEGER") }
        if !range.contains(number) { fail(path, "OUT_OF_RANGE") }
    }

    static var terms: [String: Rule] {
        [
            "initial_increment": { $0.integer($1, $2, in: 1...3600) },
            "subsequent_increment": { $0.integer($1, $2, in: 1...3600) },
            "minimum_seconds": { $0.integer($1, $2, in: 0...3600) },
            "grace_seconds": { $0.integer($1, $2, in: 0...3600) },
            "connect_fee": amount, "minimum_charge": amount,
            "maximum_charge": { check, path, value in if value != .null { _ = check.decimal(path, value) } },
        ]
    }

    /// P4
    mutating func prefixes(_ path: String, _ value: JSON, _ lengths: ClosedRange<Int>, _ rule: Rule) {
        rules.insert("P4")
        let forbidden = lengths.lowerBound == 1 ? "1" : ""
        table(
            path, value,
            refuse: { prefix in
                if !isDigits(prefix) || !lengths.contains(prefix.count) { return "BAD_PREFIX" }
                return prefix == forbidden ? "PREFIX_1_FORBIDDEN" : nil
            }, rule)
    }

    // P5
    mutating func row(_ path: String, _ value: JSON, _ columns: [String], oneOf: [String]) {
        let known = PlanCheck.terms.merging(columns.map { ($0, PlanCheck.amount) }) { $1 }
        object(path, value, known)
        if case .object(let members) = value, oneOf.allSatisfy({ members[$0] == nil }) {
            fail(path + "/" + oneOf[0], "MISSING")
        }
    }

    mutating func domesticRow(_ path: String, _ value: JSON) {
        row(
            path, value, ["interstate", "intrastate", "local", "indeterminate"],
            oneOf: ["interstate", "indeterminate"])
    }

    mutating func tollFreeRow(_ path: String, _ value: JSON) {
        row(
            path, value, ["interstate", "intrastate", "indeterminate", "international"],
            oneOf: ["interstate", "indeterminate"])
    }

    mutating func ratedRow(_ path: String, _ value: JSON) {
        row(path, value, ["rate"], oneOf: ["rate"])
    }

    mutating func voiceTerminating(_ path: String, _ value: JSON) {
        let ofDomestic: [String: Rule] = [
            "default": { $0.domesticRow($1, $2) },
            "prefixes": {
                $0.rules.insert("P4")
                $0.table(
                    $1, $2,
                    refuse: { prefix in
                        let isGood = isDigits(prefix) && [3, 6, 7].contains(prefix.count) && prefix.first! >= "2"
                        return isGood ? nil : "BAD_PREFIX"
                    }, { $0.domesticRow($1, $2) })
            },
        ]
        object(
            path, value,
            [
                "domestic": { $0.object($1, $2, ofDomestic) },
                "international": {
                    $0.object($1, $2, ["prefixes": { $0.prefixes($1, $2, 1...15, { $0.ratedRow($1, $2) }) }])
                },
                "premium": {
                    $0.object($1, $2, ["prefixes": { $0.prefixes($1, $2, 3...10, { $0.ratedRow($1, $2) }) }])
                },
                "service_codes": {
                    $0.rules.insert("P4")
                    $0.table(
                        $1, $2,
                        refuse: { code in
                            let isCode = code.utf8.count == 3 && code.hasSuffix("11") && "2345678".contains(code.first!)
                            return isCode || code == "988" ? nil : "BAD_PREFIX"
                        }, PlanCheck.amount)
                },
            ])
    }

    // P6
    mutating func timeOfDay(_ path: String, _ value: JSON) {
        rules.insert("P6")
        let known: [String: Rule] = [
            "timezone": { check, path, value in
                let isKnown = value.string.map { check.isZone($0) }
                if isKnown != true { check.fail(path, "BAD_TIMEZONE") }
            },
            "bands": { $0.list($1, $2) { $0.band($1, $2) } },
        ]
        object(path, value, known, required: ["timezone", "bands"])
    }

    /// Foundation lists some zones under their old names only, so the zone's file is asked for.
    func isZone(_ name: String) -> Bool {
        var isDirectory: ObjCBool = false
        let isThere = FileManager.default.fileExists(
            atPath: "/usr/share/zoneinfo/" + name, isDirectory: &isDirectory)
        return !name.isEmpty && isThere && !isDirectory.boolValue
    }

    private func isTime(_ text: String?, _ last: String) -> Bool {
        guard let text, text.utf8.count == 5, text <= last else { return false }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && isDigits($0) }) else { return false }
        return parts[1] <= "59"
    }

    mutating func band(_ path: String, _ value: JSON) {
        let known: [String: Rule] = [
            "days": { check, path, value in
                let days = value.elements.map(\.integer)
                let isGood =
                    !days.isEmpty && Set(days).count == days.count
                    && days.allSatisfy { $0.map { (1...7).contains($0) } ?? false }
                if !isGood { check.fail(path, "BAD_DAYS") }
            },
            "from": { check, path, value in
                if !check.isTime(value.string, "23:59") { check.fail(path, "BAD_TIME") }
            },
            "to": { check, path, value in
                if !check.isTime(value.string, "24:00") { check.fail(path, "BAD_TIME") }
            },
            "multiplier": { $0.decimal($1, $2, in: 0...10) },
        ]
        object(path, value, known, required: ["days", "from", "to", "multiplier"])
        if isTime(value["from"].string, "23:59"), value["from"] == value["to"] { fail(path, "EMPTY_BAND") }
    }

    // P7
    mutating func choice(_ path: String, _ value: JSON, _ allowed: [String]) {
        if !allowed.contains(where: { value == .string($0) }) { fail(path, "BAD_ENUM") }
    }

    static var keys: Rule { { $0.list($1, $2) { $0.plainString($1, $2) } } }

    mutating func volume(_ path: String, _ value: JSON) {
        rules.insert("P7")
        let known: [String: Rule] = [
            "metric": { $0.choice($1, $2, ["minutes", "messages", "queries", "spend"]) },
            "mode": { $0.choice($1, $2, ["graduated", "all_units"]) },
            "keys": PlanCheck.keys,
            "tiers": { $0.tiers($1, $2) },
        ]
        object(path, value, known, required: ["metric", "mode", "tiers"])
    }

    mutating func tiers(_ path: String, _ value: JSON) {
        if value == .array([]) { fail(path, "EMPTY") }
        var last: Rational?
        list(path, value) { check, path, tier in
            var from: Rational?
            check.object(
                path, tier,
                [
                    "from": { from = $0.decimal($1, $2) },
                    "discount_pct": { $0.decimal($1, $2, in: 0...100) },
                ], required: ["from", "discount_pct"])
            guard let from else { return }
            if last.map({ from <= $0 }) ?? (from != .zero) { check.fail(path + "/from", "TIER_ORDER") }
            last = from
        }
    }

    mutating func bundle(_ path: String, _ value: JSON) {
        rules.insert("P7")
        let known: [String: Rule] = [
            "id": { $0.plainString($1, $2) }, "keys": PlanCheck.keys,
            "seconds": { $0.integer($1, $2, in: 1...1_000_000_000) },
        ]
        object(path, value, known, required: ["id", "keys", "seconds"])
    }

    mutating func promotion(_ path: String, _ value: JSON) {
        rules.insert("P7")
        let type = value["type"].string
        let known: [String: Rule] = [
            "id": { $0.plainString($1, $2) }, "type": { $0.choice($1, $2, ["percent", "credit"]) },
            "value": { check, path, value in
                if type == "percent" { return check.decimal(path, value, in: 0...100) }
                _ = check.decimal(path, value, scale: type == "credit" ? 2 : 7)
            },
        ]
        object(path, value, known, required: ["id", "type", "value"])
    }
}
