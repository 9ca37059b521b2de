/// Random invoices and what belongs to them: modifiers, taxes, cycles, aging.
struct InvoiceMaker: Sendable {
    static let keys = [
        "TERMINATING:DOMESTIC:INTERSTATE", "TERMINATING:DOMESTIC:INTRASTATE", "TERMINATING:DOMESTIC:LOCAL",
        "TERMINATING:DOMESTIC:INDETERMINATE", "TERMINATING:TOLLFREE", "TERMINATING:INTERNATIONAL",
        "ORIGINATING:DOMESTIC", "ORIGINATING:TOLLFREE", "SMS:OUTBOUND", "SMS:INBOUND", "MMS:OUTBOUND", "API:LRN",
        "API:CNAM",
    ]
    private static let bases = [
        "interstate", "intrastate", "international", "indeterminate", "recurring", "nontelecom", "usf",
    ]

    static func taxes(_ random: inout SplitMix) -> JSON {
        let usf: [JSON] = ["2024-01-01", "2025-01-01", "2025-07-01"].map {
            ["effective": .string($0), "factor": .string(random.amount(1...500, 3))]
        }
        var rules: [JSON] = []
        for state in ["IL", "TX"] {
            for index in 0..<random.number(1...3) {
                let id = "\(state.lowercased())_\(random.pick(["sales", "telecom", "e911"]))_\(index)"
                let isPerLine = random.chance(30)
                var rule: [String: JSON] = ["id": .string(id), "state": .string(state)]
                rule["kind"] = isPerLine ? "per_line" : "percent"
                rule[isPerLine ? "amount" : "rate"] = .string(random.amount(1...1500, isPerLine ? 2 : 4))
                if !isPerLine { rule["base"] = .strings(bases.filter { _ in random.chance(50) }) }
                rules.append(.object(rule))
            }
        }
        return ["usf": .array(usf), "rules": .array(rules)]
    }

    static func tiers(_ random: inout SplitMix) -> JSON {
        var from = 0
        return .array(
            (0..<random.number(1...4)).map { _ in
                defer { from += random.number(1...80) }
                return ["from": .string(String(from)), "discount_pct": .string(random.amount(0...5000, 2))]
            })
    }

    static func modifiers(_ random: inout SplitMix) -> [String: JSON] {
        var modifiers: [String: JSON] = [:]
        func someKeys(_ random: inout SplitMix) -> JSON { .strings(keys.filter { _ in random.chance(40) }) }
        if random.chance(40) { modifiers["monthly_fee"] = .string(random.amount(0...10_000, 2)) }
        if random.chance(50) {
            modifiers["bundles"] = .array(
                (0..<random.number(1...3)).map { index in
                    [
                        "id": .string("b\(index)"), "keys": someKeys(&random),
                        "seconds": .integer(random.number(1...4000)),
                    ]
                })
        }
        if random.chance(50) {
            modifiers["volume"] = [
                "metric": .string(random.pick(["minutes", "messages", "queries", "spend"])),
                "mode": .string(random.pick(["graduated", "all_units"])), "tiers": tiers(&random),
            ]
            if random.chance(50) { modifiers["volume"] = modifiers["volume"]?.setting("keys", someKeys(&random)) }
        }
        if random.chance(50) {
            modifiers["promotions"] = .array(
                (0..<random.number(1...3)).map { index -> JSON in
                    let isPercent = random.chance(50)
                    return [
                        "id": .string("p\(index)"), "type": .string(isPercent ? "percent" : "credit"),
                        "value": .string(random.amount(0...3000, 2)),
                    ]
                })
        }
        return modifiers
    }

    static func invoice(_ random: inout SplitMix) -> JSON {
        let jurisdictions = ["interstate", "intrastate", "international", "indeterminate"]
        let first = Calendar.day(2025, 6, 1)
        let records = (0..<random.number(0...12)).map { index -> JSON in
            let key = random.pick(keys)
            let isVoice = !["SMS", "MMS", "API"].contains(String(key.prefix(3)))
            let at = first * Calendar.dayLength + random.number(0...200) * 12_960_000
            return [
                "id": .string("r\(random.digits(2))\(index)"), "class_key": .string(key),
                "status": .string(random.pick(["rated", "rated", "rated", "rated", "held", "not_billable"])),
                "tax_jurisdiction": .string(isVoice ? random.pick(jurisdictions) : "none"),
                "instant": .string(Calendar.text(instant: at)),
                "billed_seconds": isVoice ? .integer(random.number(0...3600)) : .null,
                "units": isVoice ? .null : .integer(random.number(1...40)),
                "rate_per_minute": isVoice ? .string(random.rate()) : .null,
                "charge": .string(random.amount(0...2_000_000, 5)),
            ]
        }
        let days = random.pick([28, 30, 31])
        let date = Calendar.day(2025, 7, 1) + random.number(-2...2)
        var customer: [String: JSON] = [
            "service_state": .string(random.pick(["IL", "IL", "TX", "OR"])), "lines": .integer(random.number(0...9)),
            "payment_terms": .string(random.pick(["NET_0", "NET_30", "NET_60"])), "wholesale": .bool(random.chance(40)),
        ]
        let taxIDs = ["federal_usf", "all", "il_sales_0", "il_telecom_1", "tx_e911_0"]
        customer["exemptions"] = .array(
            (0..<random.pick([0, 0, 1, 2])).map { _ in
                [
                    "tax": .string(random.pick(taxIDs)),
                    "valid_from": .string(Calendar.text(day: date - random.number(-1...30))),
                    "valid_to": random.chance(50) ? .null : .string(Calendar.text(day: date + random.number(-1...3))),
                ]
            })
        if random.chance(30) { customer["indeterminate_piu"] = .string(random.amount(0...1000, 3)) }
        if random.chance(30) { customer["recurring_piu"] = .string(random.amount(0...1000, 3)) }
        if random.chance(20) { customer["usf_international"] = .bool(random.chance(30)) }
        var input: [String: JSON] = [
            "customer": .object(customer), "records": .array(records), "period_days": .integer(days),
            "invoice_date": .string(Calendar.text(day: date)),
        ]
        if random.chance(70) { input["modifiers"] = .object(modifiers(&random)) }
        if random.chance(40) { input["active_days"] = .integer(random.number(0...days)) }
        return .object(input)
    }

    static func cycle(_ random: inout SplitMix) -> JSON {
        let day = Calendar.day(2025, 1, 1) + random.pick([0, 67, 68, 88, 305, random.number(0...900)])
        var input: [String: JSON] = [
            "instant": .string(Calendar.text(instant: day * Calendar.dayLength + random.number(0...86_399_999))),
            "cycle": .string(random.pick(["daily", "weekly", "monthly"])),
            "timezone": .string(random.pick(PlanMaker.zones)),
        ]
        if random.chance(50) { input["anchor_day"] = .integer(random.pick([1, 2, 15, 28])) }
        return .object(input)
    }

    static func aging(_ random: inout SplitMix) -> JSON {
        let today = Calendar.day(2025, 6, 1)
        let invoices = (0..<random.number(1...8)).map { index -> JSON in
            let total = random.number(0...50_000)
            let late = random.pick([-1, 0, 1, 29, 30, 31, 59, 60, 61, 89, 90, 91, random.number(-40...400)])
            var invoice: [String: JSON] = [
                "id": .string("i\(index)"), "total": .string(SplitMix.decimal(total, 2)),
                "due_date": .string(Calendar.text(day: today - late)),
            ]
            if random.chance(50) { invoice["paid"] = .string(SplitMix.decimal(random.number(0...total), 2)) }
            return .object(invoice)
        }
        var input: [String: JSON] = ["as_of": .string(Calendar.text(day: today)), "invoices": .array(invoices)]
        if random.chance(70) { input["late_fee_pct"] = .string(random.amount(0...500, 2)) }
        return .object(input)
    }

    static func usageSummary(_ random: inout SplitMix) -> JSON {
        let records = (0..<random.number(0...12)).map { _ -> JSON in
            let key = random.pick(keys)
            let service = ["SMS": "sms", "MMS": "mms", "API": "api"][String(key.prefix(3))] ?? "voice"
            let isRated = random.chance(80)
            return [
                "customer_ban": .string(random.pick(["BAN1", "BAN2"])), "class_key": .string(key),
                "usage_date": .string(random.pick(["2025-03-12", "2025-03-13"])), "service": .string(service),
                "charge": isRated ? .string(random.amount(0...100_000, 5)) : .null,
                "billed_seconds": service == "voice" && isRated ? .integer(random.number(0...900)) : .null,
                "units": service == "voice" ? .null : .integer(random.number(1...9)),
                "status": .string(isRated ? "rated" : random.pick(["held", "unrated"])),
            ]
        }
        return ["records": .array(records)]
    }

    static func fee(_ random: inout SplitMix) -> JSON {
        [
            "amount": .string(random.amount(0...100_000, 2)),
            "method": .string(random.pick(["card", "ach", "ach", "wire"])),
        ]
    }
}
