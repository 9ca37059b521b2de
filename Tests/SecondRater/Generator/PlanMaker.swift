/// Random rates of plans (section P), all of them valid.
struct PlanMaker: Sendable {
    let numbers: NumberPool

    static let messageKeys = ["sms_outbound", "sms_inbound", "mms_outbound", "mms_inbound"]
    static let zones = [
        "UTC", "America/New_York", "America/Chicago", "America/Phoenix", "America/Los_Angeles", "America/St_Johns",
        "Pacific/Honolulu", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Sydney",
        "Australia/Lord_Howe", "Pacific/Apia",
    ]

    /// Terms of a row or a plan, few or many.
    static func terms(_ random: inout SplitMix) -> JSON {
        var terms: [String: JSON] = [:]
        if random.chance(40) {
            terms["initial_increment"] = .integer(random.pick([1, 6, 6, 30, 60]))
            terms["subsequent_increment"] = .integer(random.pick([1, 6, 6, 60]))
        }
        if random.chance(15) { terms["minimum_seconds"] = .integer(random.pick([0, 10, 30, 35])) }
        if random.chance(25) { terms["grace_seconds"] = .integer(random.pick([0, 3, 6])) }
        if random.chance(20) { terms["connect_fee"] = .string(random.amount(0...100_000, 7)) }
        return .object(terms)
    }

    static func vendorTerms(_ random: inout SplitMix) -> JSON {
        terms(&random)
    }

    /// Terms with the bounds of a charge.
    static func allTerms(_ random: inout SplitMix) -> JSON {
        var terms = terms(&random).members
        if random.chance(25) { terms["minimum_charge"] = .string(random.amount(0...2000, 5)) }
        if random.chance(15) { terms["maximum_charge"] = .string(random.amount(100...100_000, 5)) }
        return .object(terms)
    }

    static func carriers(_ random: inout SplitMix) -> JSON {
        var fees: [String: JSON] = [:]
        for carrier in World.carriers + ["default"] where random.chance(50) { fees[carrier] = .string(random.rate()) }
        return .object(fees)
    }

    func messagePrefixes(_ random: inout SplitMix) -> JSON {
        var prefixes: [String: JSON] = [:]
        for number in numbers.foreign where random.chance(70) {
            prefixes[String(number.prefix(random.number(number.hasPrefix("1") ? 4...7 : 1...6)))] = .string(
                random.rate())
        }
        return ["prefixes": .object(prefixes)]
    }

    static func timeOfDay(_ random: inout SplitMix) -> JSON {
        func time(_ last: Int, _ random: inout SplitMix) -> Int {
            random.chance(70) ? random.number(0...last) * 60 : random.number(0...last * 60)
        }
        func text(_ minutes: Int) -> JSON {
            let hour = String(minutes / 60 + 100).suffix(2)
            let minute = String(minutes % 60 + 100).suffix(2)
            return .string("\(hour):\(minute)")
        }
        let bands = (0..<random.number(1...4)).map { _ -> JSON in
            let from = time(23, &random)
            var to = time(24, &random)
            if from == to { to = (from + 61) % 1440 }
            let days = (1...7).filter { _ in random.chance(60) }
            return [
                "days": .array((days.isEmpty ? [random.number(1...7)] : days).map { .integer($0) }), "from": text(from),
                "to": text(to),
                "multiplier": .string(random.pick(["0.5000000", "0.8333333", "1.2500000", "0", "2", "0.0000003"])),
            ]
        }
        return ["timezone": .string(random.pick(zones)), "bands": .array(bands)]
    }

    func rates(_ type: String, _ random: inout SplitMix) -> JSON {
        var rates: [String: JSON] = ["schema": .string(type + "/1")]
        if random.chance(20) { rates["fallback_to_default"] = .bool(random.chance(30)) }
        if type == "voice" || type == "tollfree", random.chance(70) { rates["billing"] = Self.allTerms(&random) }
        switch type {
        case "voice": addVoice(&rates, &random)
        case "tollfree":
            for name in ["terminating", "originating"]
            where random.chance(80) || (name == "originating" && rates["terminating"] == nil) {
                rates[name] = row(["intrastate", "indeterminate", "international"], &random)
            }
        case "sms":
            for name in Self.messageKeys
            where random.chance(70) || (name == "mms_inbound" && !Self.messageKeys.contains { rates[$0] != nil }) {
                rates[name] = .string(random.rate())
            }
            if random.chance(50) {
                var surcharges: [String: JSON] = [:]
                for name in Self.messageKeys where random.chance(50) { surcharges[name] = Self.carriers(&random) }
                rates["carrier_surcharges"] = .object(surcharges)
            }
            if random.chance(70) { rates["international"] = messagePrefixes(&random) }
        default:
            var queries: [String: JSON] = ["LRN": .string(random.rate())]
            for name in ["CNAM", "DNC"] where random.chance(60) { queries[name] = .string(random.rate()) }
            rates["per_query"] = .object(queries)
        }
        return .object(rates)
    }

    /// A row with an interstate column, some others, and some terms.
    private func row(_ columns: [String], _ random: inout SplitMix) -> JSON {
        var row = random.chance(30) ? Self.allTerms(&random).members : [:]
        row["interstate"] = .string(random.rate())
        for column in columns where random.chance(50) { row[column] = .string(random.rate()) }
        if row["indeterminate"] != nil, random.chance(15) { row["interstate"] = nil }
        return .object(row)
    }

    private func ratedRow(_ random: inout SplitMix) -> JSON {
        (random.chance(30) ? Self.allTerms(&random) : [:]).setting("rate", .string(random.rate()))
    }

    private func addVoice(_ rates: inout [String: JSON], _ random: inout SplitMix) {
        let columns = ["intrastate", "local", "indeterminate"]
        var domestic: [String: JSON] = [:]
        if random.chance(60) { domestic["default"] = row(columns, &random) }
        var prefixes: [String: JSON] = [:]
        for number in numbers.geographic + numbers.routing + numbers.personal where random.chance(15) {
            prefixes[String(number.prefix(random.pick([3, 6, 7])))] = row(columns, &random)
        }
        if random.chance(80) { domestic["prefixes"] = .object(prefixes) }
        var terminating: [String: JSON] = [:]
        if random.chance(85) { terminating["domestic"] = .object(domestic) }
        if random.chance(60) {
            var prefixes: [String: JSON] = [:]
            for number in numbers.foreign where random.chance(50) {
                prefixes[String(number.prefix(random.number(number.hasPrefix("1") ? 4...7 : 1...6)))] = ratedRow(
                    &random)
            }
            terminating["international"] = ["prefixes": .object(prefixes)]
        }
        if random.chance(60) {
            var prefixes: [String: JSON] = [:]
            for number in numbers.premium where random.chance(60) {
                prefixes[String(number.prefix(random.pick([3, 6, 6, 10])))] = ratedRow(&random)
            }
            terminating["premium"] = ["prefixes": .object(prefixes)]
        }
        if random.chance(60) {
            var codes: [String: JSON] = [:]
            for code in ["211", "311", "411", "511", "711", "988"] where random.chance(60) {
                codes[code] = .string(random.rate())
            }
            terminating["service_codes"] = .object(codes)
        }
        rates["terminating"] = .object(terminating)
        if random.chance(70) {
            var originating: [String: JSON] = [:]
            if random.chance(80) { originating["domestic"] = row(columns, &random) }
            if random.chance(70) { originating["international"] = ratedRow(&random) }
            rates["originating"] = .object(originating)
        }
        if random.chance(60) { rates["deck"] = .string(random.pick(["retail-a", "retail-b"])) }
        if random.chance(40) { rates["time_of_day"] = Self.timeOfDay(&random) }
        if random.chance(2) { rates["billing"] = ["connect_fee": "9999999.9999950"] }
    }
}
