import BigInt

/// What a customer is charged for a call.
struct Charge: Sendable {
    var plan: String?
    var prefix: String?
    var rate: Rational?
    var seconds: Int?
    var amount: Rational?
    var flags: Set<String> = []
    /// Of an emergency or a free service code (R7).
    var isFree = false
}

/// What a vendor is owed for a call.
struct Cost: Sendable {
    var prefix: String?
    var rate: Rational?
    var seconds: Int?
    var amount: Rational?
}

extension SecondRater {
    /// What the rates are looked up with.
    struct Lookup: Sendable {
        let call: Call
        let classification: Classification
        let instant: Int
        let milliseconds: Int
    }

    /// The customer's side of an answered, clean call that is classified.
    mutating func chargeOf(_ lookup: Lookup, customer: String) throws -> Charge {
        let number = lookup.call.called.number
        rule("R1")
        switch lookup.classification.jurisdiction {
        case "emergency":
            rule("R7")
            return Charge(rate: .zero, seconds: 0, amount: .zero, isFree: true)
        case "service": return serviceCharge(lookup, customer)
        default: break
        }
        let isTollFree = number.kind == "tollfree"
        let (call, classification, instant) = (lookup.call, lookup.classification, lookup.instant)
        var ids: [String] = []
        let plans = plansInForce(isTollFree ? "tollfree" : "voice", customer: customer, at: instant)
        let asked = plans.first { rates -> (Row, Rational)? in
            isTollFree
                ? tollFreeRate(rates, call, classification, &ids)
                : voiceRate(rates, call, classification, instant, &ids)
        }
        for id in ids { rule(id) }
        if asked.plan == nil { rule("R8") }
        guard let plan = asked.plan, let (row, listed) = asked.answer else { return Charge(flags: asked.flags) }
        var rate = listed
        if !isTollFree { rate = (rate * (try multiplier(plan["rates"]["time_of_day"], at: instant))).rounded(7) }
        rule("R9")
        let terms = Terms(row.values, plan["rates"]["billing"])
        let seconds = billedSeconds(lookup.milliseconds, terms)
        var charge = Charge(
            plan: plan["id"].string, prefix: row.prefix, rate: rate, seconds: seconds,
            amount: charge(rate, seconds, terms), flags: asked.flags)
        addGrace(lookup.milliseconds, terms, &charge)
        return charge
    }

    private func addGrace(_ milliseconds: Int, _ terms: Terms, _ charge: inout Charge) {
        if milliseconds > 0, milliseconds <= terms.graceSeconds * 1000 { charge.flags.insert("GRACE") }
    }

    /// R4 to R7 and R13, voice plans: the row and its rate per minute.
    private func voiceRate(
        _ rates: JSON, _ call: Call, _ classification: Classification, _ instant: Int, _ ids: inout [String]
    ) -> (Row, Rational)? {
        let number = call.called.number
        let jurisdiction = classification.jurisdiction
        func priced(_ row: Row?, _ rate: (JSON) -> Rational?) -> (Row, Rational)? {
            guard let row, let rate = rate(row.values) else { return nil }
            return (row, rate)
        }
        if call.direction == "ORIGINATING" {
            ids += ["R13", "R5"]
            let name = jurisdiction == "international" ? "international" : "domestic"
            let values = rates["originating"][name]
            let prefix = name == "international" ? "originating_international" : "originating"
            let row = values == .null ? nil : Row(prefix: prefix, values: values)
            return priced(row) {
                name == "international" ? $0["rate"].decimal : column($0, jurisdiction)
            }
        }
        switch number.kind {
        case "international":
            ids += ["R6"]
            return priced(internationalRow(String(number.e164!.dropFirst()), rates, at: instant)) { $0["rate"].decimal }
        case "premium":
            ids += ["R7"]
            return priced(premiumRow(number.national!, rates, at: instant)) { $0["rate"].decimal }
        default:
            ids += ["R4", "R5"]
            if number.kind == "nongeographic" { ids += ["R6"] }
            return priced(domesticRow(call.called.lrn ?? number.national!, rates, at: instant)) {
                column($0, jurisdiction)
            }
        }
    }

    /// R13, toll-free plans.
    private func tollFreeRate(
        _ rates: JSON, _ call: Call, _ classification: Classification, _ ids: inout [String]
    ) -> (Row, Rational)? {
        ids += ["R13"]
        let row = rates[call.direction == "TERMINATING" ? "terminating" : "originating"]
        let tax = classification.tax
        let rate =
            tax == "international"
            ? row["international"].decimal ?? column(row, "indeterminate") : column(row, tax)
        return rate.map { (Row(prefix: "tollfree", values: row), $0) }
    }

    /// R7, service codes.
    private mutating func serviceCharge(_ lookup: Lookup, _ customer: String) -> Charge {
        rule("R7")
        let code = lookup.call.called.number.serviceCode ?? ""
        let free = Charge(rate: .zero, seconds: 0, amount: .zero, isFree: true)
        if ["711", "988"].contains(code) { return free }
        let plans = plansInForce("voice", customer: customer, at: lookup.instant)
        let asked = plans.first { $0["terminating"]["service_codes"][code].decimal }
        guard let plan = asked.plan, let flat = asked.answer else {
            return code == "411" ? Charge(flags: asked.flags) : free
        }
        let terms = Terms(plan["rates"]["billing"])
        let seconds = billedSeconds(lookup.milliseconds, terms)
        var charge = Charge(
            plan: plan["id"].string, prefix: code, rate: .zero, seconds: seconds,
            amount: seconds == 0 ? .zero : flat.rounded(5), flags: asked.flags)
        addGrace(lookup.milliseconds, terms, &charge)
        return charge
    }

    /// R14
    mutating func costOf(_ lookup: Lookup, vendor name: String?, flags: inout Set<String>) -> Cost {
        rule("R14")
        let jurisdiction = lookup.classification.jurisdiction
        if jurisdiction == "emergency" { return Cost(amount: .zero) }
        let vendor = name.map { reference.vendors[$0] } ?? .null
        let number = lookup.call.called.number
        var row: Row?
        var rate: Rational?
        if lookup.call.direction == "ORIGINATING" || ["tollfree", "premium", "service"].contains(jurisdiction) {
            rate = vendor["flat"][lookup.classification.key].decimal
            row = rate == nil ? nil : Row(prefix: "flat", values: .null)
        } else {
            let deck = JSON.object(["deck": vendor["deck"]])
            if number.kind == "international" {
                row = internationalRow(String(number.e164!.dropFirst()), deck, at: lookup.instant)
                rate = row?.values["rate"].decimal
            } else {
                row = domesticRow(lookup.call.called.lrn ?? number.national!, deck, at: lookup.instant)
                rate = row.flatMap { column($0.values, jurisdiction) }
            }
        }
        guard let row, let rate else {
            flags.insert("NO_VENDOR_RATE")
            return Cost()
        }
        let terms = Terms(row.values, vendor["billing"])
        let seconds = billedSeconds(lookup.milliseconds, terms)
        let exact = terms.connectFee + rate * Rational(BigInt(seconds), over: 60)
        return Cost(prefix: row.prefix, rate: rate, seconds: seconds, amount: seconds == 0 ? .zero : exact.rounded(5))
    }

    /// R15: the margin of a rated record and the flags that it raises.
    mutating func margin(
        _ charge: Rational, _ cost: Rational, customer: JSON, flags: inout Set<String>
    ) -> (amount: Rational, percentage: Rational?) {
        rule("R15")
        let margin = charge - cost
        if margin < .zero { flags.insert("NEGATIVE_MARGIN") }
        guard charge != .zero else { return (margin, nil) }
        let percentage = margin / charge * Rational(100)
        if charge > .zero, percentage < customer["margin_alert_pct"].decimal ?? Rational(10) {
            flags.insert("MARGIN_ALERT")
        }
        return (margin, percentage)
    }
}
