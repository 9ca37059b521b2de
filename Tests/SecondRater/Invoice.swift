import BigInt

/// I2 to I5 and section T.
private struct Group {
    let key: String
    let tax: String
    var gross = Rational.zero
    var bundle = Rational.zero
    var volume = Rational.zero
    var promotion = Rational.zero

    var net: Rational { gross - bundle - volume - promotion }
}

private struct Usage {
    let group: String
    let key: String
    let instant: Int
    let id: String
    let units: Int
    let rate: Rational
    var uncovered: Int
    var rest: Rational
}

extension SecondRater {
    mutating func invoice(_ input: JSON) throws -> JSON {
        rule("I2", "I5", "I6", "T1", "T2", "T3", "T5")
        let modifiers = input["modifiers"]
        var groups: [String: Group] = [:]
        var usage: [Usage] = []
        for record in input["records"].elements where record["status"].string == "rated" {
            let key = record["class_key"].string ?? ""
            let tax = record["tax_jurisdiction"].string ?? ""
            let name = key + "|" + tax
            let charge = record["charge"].decimal ?? .zero
            groups[name, default: Group(key: key, tax: tax)].gross += charge
            usage.append(
                Usage(
                    group: name, key: key, instant: Calendar.instant(record["instant"].string ?? "") ?? 0,
                    id: record["id"].string ?? "", units: record["units"].integer ?? 0,
                    rate: record["rate_per_minute"].decimal ?? .zero,
                    uncovered: record["billed_seconds"].integer ?? 0, rest: charge))
        }
        applyBundles(modifiers["bundles"].elements, &usage, &groups)
        applyVolume(modifiers["volume"], usage, &groups)
        applyPromotions(modifiers["promotions"].elements, &groups)

        var lines: [JSON] = []
        var subtotal = Rational.zero
        for key in Set(groups.values.map(\.key)).sorted() {
            let ofKey = groups.values.filter { $0.key == key }
            func sum(_ part: (Group) -> Rational) -> Rational { ofKey.reduce(.zero) { $0 + part($1) } }
            let amount = sum(\.net).rounded(2)
            subtotal += amount
            lines.append(
                line(key, [sum(\.gross), sum(\.bundle), sum(\.volume), sum(\.promotion), sum(\.net)], amount))
        }
        var recurring = Rational.zero
        if let fee = modifiers["monthly_fee"].decimal {
            let days = input["period_days"].integer ?? 1
            let active = input["active_days"].integer ?? days
            recurring = (fee * Rational(BigInt(active), over: BigInt(days))).rounded(2)
            subtotal += recurring
            lines.append(line("RECURRING", [recurring, .zero, .zero, .zero, recurring], recurring))
        }
        guard let date = Calendar.day(input["invoice_date"].string ?? "") else { throw CaseFault(reason: "no date") }
        let customer = input["customer"]
        let bases = Bases(Array(groups.values), recurring, customer)
        let taxes = taxes(bases, customer, date)
        let taxTotal = taxes.reduce(Rational.zero) { $0 + $1.amount }
        let days = ["NET_0": 0, "NET_30": 30, "NET_60": 60][customer["payment_terms"].string ?? ""] ?? 0
        return .object([
            "lines": .array(lines), "subtotal": .decimal(subtotal, 2), "taxes": .array(taxes.map(\.json)),
            "tax_total": .decimal(taxTotal, 2), "total": .decimal(subtotal + taxTotal, 2),
            "due_date": .string(Calendar.text(day: date + days)),
            "form499": bases.form499(
                isCarrier: customer["wholesale"].isTrue && isExempt("federal_usf", customer, date)),
        ])
    }

    private func line(_ key: String, _ amounts: [Rational], _ amount: Rational) -> JSON {
        let sku = reference.skus[key].string
        let names = ["gross", "bundle_credit", "volume_discount", "promo_credit", "net"]
        var fields: [String: JSON] = [
            "class_key": .string(key), "sku": .text(sku), "amount": .decimal(amount, 2),
            "export": .string(sku == nil ? "held" : "ready"),
        ]
        for (name, amount) in zip(names, amounts) { fields[name] = .decimal(amount, 5) }
        return .object(fields)
    }

    private func names(_ list: JSON) -> Set<String>? {
        list == .null ? nil : Set(list.elements.compactMap(\.string))
    }

    /// I3
    private mutating func applyBundles(_ bundles: [JSON], _ usage: inout [Usage], _ groups: inout [String: Group]) {
        if !bundles.isEmpty { rule("I3") }
        usage.sort { ($0.instant, $0.id) < ($1.instant, $1.id) }
        for bundle in bundles {
            let keys = names(bundle["keys"]) ?? []
            var left = bundle["seconds"].integer ?? 0
            for index in usage.indices where keys.contains(usage[index].key) {
                let covered = min(left, usage[index].uncovered)
                let exact = usage[index].rate * Rational(BigInt(covered), over: 60)
                let credit = min(exact.rounded(5), usage[index].rest)
                left -= covered
                usage[index].uncovered -= covered
                usage[index].rest -= credit
                groups[usage[index].group]?.bundle += credit
            }
        }
    }

    /// I4: the percentage that a volume earns.
    private func percentage(_ volume: Rational, _ tiers: [JSON], isGraduated: Bool) -> Rational {
        let steps = tiers.map { ($0["from"].decimal ?? .zero, $0["discount_pct"].decimal ?? .zero) }
        guard isGraduated else { return steps.last { $0.0 <= volume }?.1 ?? .zero }
        guard volume > .zero else { return .zero }
        var sum = Rational.zero
        for (index, (from, percent)) in steps.enumerated() where volume > from {
            let end = index + 1 < steps.count ? min(steps[index + 1].0, volume) : volume
            sum += (end - from) * percent
        }
        return sum / volume
    }

    /// I4, volume
    private mutating func applyVolume(_ volume: JSON, _ usage: [Usage], _ groups: inout [String: Group]) {
        guard volume != .null else { return }
        rule("I4")
        let keys = names(volume["keys"])
        func isMeant(_ key: String) -> Bool { keys?.contains(key) ?? true }
        let meant = usage.filter { isMeant($0.key) }
        let amount: Rational
        switch volume["metric"].string {
        case "minutes": amount = Rational(BigInt(meant.reduce(0) { $0 + $1.uncovered }), over: 60)
        case "spend": amount = groups.values.filter { isMeant($0.key) }.reduce(.zero) { $0 + $1.net }
        default: amount = Rational(meant.reduce(0) { $0 + $1.units })
        }
        let percent = percentage(
            amount, volume["tiers"].elements, isGraduated: volume["mode"].string == "graduated")
        for name in groups.keys where isMeant(groups[name]!.key) {
            groups[name]!.volume = (groups[name]!.net * percent / Rational(100)).rounded(5)
        }
    }

    /// I4, promotions
    private mutating func applyPromotions(_ promotions: [JSON], _ groups: inout [String: Group]) {
        if !promotions.isEmpty { rule("I4") }
        let order = groups.keys.sorted { (groups[$0]!.key, groups[$0]!.tax) < (groups[$1]!.key, groups[$1]!.tax) }
        for promotion in promotions {
            let value = promotion["value"].decimal ?? .zero
            let total = groups.values.reduce(Rational.zero) { $0 + $1.net }
            if promotion["type"].string == "percent" {
                for name in order {
                    groups[name]!.promotion += (groups[name]!.net * value / Rational(100)).rounded(5)
                }
            } else if total > .zero {
                let credit = min(value, total)
                var cumulative = Rational.zero
                var given = Rational.zero
                for name in order {
                    cumulative += groups[name]!.net
                    let due = (credit * cumulative / total).rounded(5)
                    groups[name]!.promotion += due - given
                    given = due
                }
            }
        }
    }
}

/// T1 to T5: what taxes are reckoned on.
private struct Bases {
    var amounts: [String: Rational] = [:]
    let recurring: Rational
    let usf: Rational
    let interstate: Rational

    init(_ groups: [Group], _ recurring: Rational, _ customer: JSON) {
        self.recurring = recurring
        for group in groups {
            let isTelecom = !["SMS:", "MMS:", "API:"].contains { group.key.hasPrefix($0) }
            amounts[isTelecom ? group.tax : "nontelecom", default: .zero] += group.net
        }
        amounts["recurring"] = recurring
        func amount(_ name: String, in amounts: [String: Rational]) -> Rational { amounts[name] ?? .zero }
        func share(_ name: String, _ usual: Int) -> Rational {
            customer[name].decimal ?? customer[name].integer.map { Rational($0) } ?? Rational(usual)
        }
        interstate =
            amount("interstate", in: amounts) + amount("indeterminate", in: amounts) * share("indeterminate_piu", 1)
            + recurring * share("recurring_piu", 0)
        let isAbroadIn = customer["usf_international"] != .bool(false)
        usf = interstate + (isAbroadIn ? amount("international", in: amounts) : .zero)
    }

    /// T5
    func form499(isCarrier: Bool) -> JSON {
        let nonTelecom = amounts["nontelecom"] ?? .zero
        let all = amounts.values.reduce(.zero, +)
        let international = amounts["international"] ?? .zero
        let interstate = interstate.rounded(5)
        return .object([
            "class": .string(isCarrier ? "carrier_carrier" : "end_user"), "interstate": .decimal(interstate, 5),
            "international": .decimal(international, 5),
            "intrastate": .decimal(all - nonTelecom - international - interstate, 5),
            "non_telecom": .decimal(nonTelecom, 5),
        ])
    }
}

private struct Tax {
    let id: String
    let amount: Rational
    let isExempt: Bool

    var json: JSON {
        .object(["id": .string(id), "amount": .decimal(amount, 2), "exempt": .bool(isExempt)])
    }
}

extension SecondRater {
    /// T4
    private func isExempt(_ tax: String, _ customer: JSON, _ date: Int) -> Bool {
        customer["exemptions"].elements.contains { exemption in
            guard [tax, "all"].contains(exemption["tax"].string) else { return false }
            let from = exemption["valid_from"].string.flatMap(Calendar.day)
            let to = exemption["valid_to"].string.flatMap(Calendar.day)
            return from.map { $0 <= date } ?? true && to.map { date <= $0 } ?? true
        }
    }

    /// T1 to T3
    private mutating func taxes(_ bases: Bases, _ customer: JSON, _ date: Int) -> [Tax] {
        if !customer["exemptions"].elements.isEmpty { rule("T4") }
        func tax(_ id: String, _ amount: Rational) -> Tax {
            let isExempt = isExempt(id, customer, date)
            return Tax(id: id, amount: isExempt ? .zero : amount.rounded(2), isExempt: isExempt)
        }
        let factor = reference.taxes["usf"].elements
            .filter { ($0["effective"].string.flatMap(Calendar.day) ?? .max) <= date }
            .max { ($0["effective"].string ?? "") < ($1["effective"].string ?? "") }?["factor"].decimal
        let usf = tax("federal_usf", bases.usf * (factor ?? .zero))
        var taxes = [usf]
        for row in reference.taxes["rules"].elements where row["state"] == customer["service_state"] {
            let id = row["id"].string ?? ""
            if row["kind"].string == "per_line" {
                taxes.append(tax(id, (row["amount"].decimal ?? .zero) * Rational(customer["lines"].integer ?? 0)))
            } else {
                let base = row["base"].elements.compactMap(\.string).reduce(Rational.zero) { sum, name in
                    sum + (name == "usf" ? usf.amount : bases.amounts[name] ?? .zero)
                }
                taxes.append(tax(id, base * (row["rate"].decimal ?? .zero)))
            }
        }
        return taxes.sorted { $0.id < $1.id }
    }
}
