extension SecondRater {
    /// A1: one API usage record to its rated record.
    mutating func api(_ record: JSON) -> JSON {
        rule("A1", "G6", "G9", "K3")
        var clocks = Clocks()
        clocks.start = clocks.read(record["at"])
        clocks.created = clocks.read(record["created_at"])
        clocks.judgeInstant()
        let customer = record["customer_ban"].string.flatMap { reference.customers[$0] }
        if customer == nil { clocks.holds.insert("UNKNOWN_CUSTOMER") }
        let status = record["status"].string?.lowercased() ?? ""
        let isBillable = ["ok", "not_found"].contains(status)
        if !isBillable, !["error", "timeout", "throttled"].contains(status) { clocks.holds.insert("BAD_STATUS") }
        let quantity = record["quantity"] == .null ? 1 : record["quantity"].integer
        if quantity.map({ $0 < 1 }) ?? true { clocks.holds.insert("BAD_QUANTITY") }
        let name = trimmed(record["api"].string ?? "").uppercased()
        var flags = clocks.holds
        let key = "API:" + name
        var fields: [String: JSON] = [
            "id": record["id"], "customer_ban": record["customer_ban"], "service": .string("api"),
            "rating_instant": .text(clocks.instant.map { Calendar.text(instant: $0) }),
            "usage_date": .text(clocks.instant.map { Calendar.text(day: Calendar.dayOf(instant: $0)) }),
            "units": .null, "tax_jurisdiction": .string("none"), "class_key": .string(key),
            "sku": .text(sku(key, &flags)), "vendor": record["vendor"], "ref_version": reference.version,
        ]
        var outcome = Outcome(flags: flags)
        if !clocks.holds.isEmpty {
            outcome.status = "held"
        } else if !isBillable {
            outcome.status = "not_billable"
            outcome.charge.amount = .zero
            outcome.cost.amount = .zero
            outcome.margin = .zero
            fields["units"] = .integer(0)
        } else if let customer, let quantity, let instant = clocks.instant {
            fields["units"] = .integer(quantity)
            let plans = plansInForce("api", customer: customer["id"].string ?? "", at: instant)
            let asked = plans.first { $0["per_query"][name].decimal }
            if asked.plan == nil { rule("R8") }
            outcome.flags.formUnion(asked.flags)
            outcome.charge.plan = asked.plan?["id"].string
            outcome.charge.rate = asked.answer
            outcome.charge.amount = asked.answer.map { ($0 * Rational(quantity)).rounded(5) }
            rule("R14")
            let vendor = record["vendor"].string.map { reference.vendors[$0] } ?? .null
            outcome.cost.rate = vendor["api"][name].decimal
            outcome.cost.amount = outcome.cost.rate.map { ($0 * Rational(quantity)).rounded(5) }
            if outcome.cost.rate == nil { outcome.flags.insert("NO_VENDOR_RATE") }
            settle(&outcome, customer: customer, isFreeOfCharge: false)
        }
        fields.merge(outcome.unitFields(surcharge: nil, fee: nil)) { $1 }
        fields["surcharge"] = nil
        fields["vendor_fee"] = nil
        return .object(fields)
    }

    /// G8
    mutating func batch(_ input: JSON) throws -> JSON {
        let keys = ["voice": "sip_uuid", "api": "id", "sms": "msgid", "mms": "msgid", "message": "msgid"]
        let service = input["service"].string ?? ""
        let keyName = keys[service] ?? "msgid"
        var first: [String: JSON] = [:]
        var results: [JSON] = []
        for record in input["records"].elements {
            let key = record[keyName].string
            var result: [String: JSON] = ["id": record[keyName], "status": .null, "charge": .null, "flags": .array([])]
            if let key, let seen = first[key] {
                let isRepeat = seen == record
                result["outcome"] = .string(isRepeat ? "ignored" : "kept")
                if !isRepeat {
                    result["status"] = .string("held")
                    result["flags"] = .strings(["DUPLICATE_CONFLICT"])
                }
            } else {
                if let key { first[key] = record }
                let rated = service == "voice" ? try voice(record) : service == "api" ? api(record) : message(record)
                result["outcome"] = .string("kept")
                for name in ["status", "charge", "flags"] { result[name] = rated[name] }
            }
            results.append(.object(result))
        }
        rule("G8")
        return .object(["records": .array(results)])
    }
}
