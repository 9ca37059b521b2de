extension SecondRater {
    /// One raw CDR to its rated record.
    mutating func voice(_ record: JSON) throws -> JSON {
        rule("D1", "D2", "G4", "G5", "G6", "G9", "E7")
        var clocks = Clocks()
        clocks.start = clocks.read(record["start_stamp"])
        clocks.answer = clocks.read(record["answer_stamp"])
        clocks.end = clocks.read(record["end_stamp"])
        clocks.created = clocks.read(record["created_at"])
        clocks.judgeDuration()
        clocks.judgeInstant()
        clocks.judgeSkew()
        let customer = record["customer_ban"].string.flatMap { reference.customers[$0] }
        if customer == nil { clocks.holds.insert("UNKNOWN_CUSTOMER") }
        var flags = clocks.flags.union(clocks.holds)
        if !clocks.holds.isEmpty { rule("D3") }
        if clocks.holds.contains("TOO_OLD") { rule("G8") }
        if flags.contains("CLOCK_SKEW") { rule("D4") }

        let direction = direction(record["direction"].string)
        let caller = caller(record, direction: direction, btn: customer?["btn"].string)
        let called = calledNumber(record)
        flags.formUnion(caller.flags)
        flags.formUnion(called.flags)
        let from = enrich(
            caller.number ?? Number(kind: "missing"), at: clocks.instant, isCalled: false, flags: &flags)
        let to = enrich(called.number, at: clocks.instant, isCalled: true, flags: &flags)
        let respOrg = respOrg(called.number, flags: &flags)
        let call = Call(direction: direction, caller: from, called: to, ringTo: respOrg?.ringTo)
        let classification = classify(call)
        flags.formUnion(classification.flags)

        var evidence: [String: JSON] = [
            "id": record["id"], "sip_uuid": record["sip_uuid"], "customer_ban": record["customer_ban"],
            "service": .string("voice"), "direction": .text(direction), "answered": .bool(clocks.answer != nil),
            "duration_ms": .integer(clocks.milliseconds),
            "rating_instant": .text(clocks.instant.map { Calendar.text(instant: $0) }),
            "usage_date": .text(clocks.instant.map { Calendar.text(day: Calendar.dayOf(instant: $0)) }),
            "ani": .text(caller.number?.shown), "ani_kind": .text(caller.number?.kind),
            "ani_source": .string(caller.source), "dni": .text(called.number.shown),
            "dni_kind": .string(called.number.kind), "dni_country": .text(called.number.country),
            "resporg": .text(respOrg?.resporg), "cic": .text(respOrg?.cic), "ring_to": .text(respOrg?.ringTo),
            "jurisdiction": .string(classification.jurisdiction), "tax_jurisdiction": .string(classification.tax),
            "class_key": .string(classification.key), "sku": .text(classification.sku),
            "vendor": record["selected_vendor"], "ref_version": reference.version,
        ]
        for (name, side) in [("ani", from), ("dni", to)] {
            evidence[name + "_lrn"] = .text(side.lrn)
            evidence[name + "_lrn_source"] = .string(side.lrnSource)
            evidence[name + "_state"] = .text(side.state)
            evidence[name + "_lata"] = .text(side.lata)
            evidence[name + "_ocn"] = .text(side.ocn)
            evidence[name + "_rate_center"] = .text(side.rateCenter)
        }
        var outcome = Outcome(flags: flags)
        if !clocks.holds.isEmpty {
            outcome.status = "held"
        } else if clocks.answer == nil {
            rule("D5")
            outcome.status = "not_billable"
            outcome.charge = Charge(seconds: 0, amount: .zero)
            outcome.cost = Cost(amount: .zero)
            outcome.margin = .zero
        } else if classification.jurisdiction == "invalid" {
            rule("R8")
            outcome.status = "unrated"
        } else if let instant = clocks.instant, let milliseconds = clocks.milliseconds, let customer {
            let lookup = Lookup(
                call: call, classification: classification, instant: instant, milliseconds: milliseconds)
            outcome.charge = try chargeOf(lookup, customer: customer["id"].string ?? "")
            outcome.cost = costOf(lookup, vendor: record["selected_vendor"].string, flags: &outcome.flags)
            outcome.flags.formUnion(outcome.charge.flags)
            settle(&outcome, customer: customer, isFreeOfCharge: milliseconds == 0)
        }
        return .object(evidence.merging(outcome.fields) { $1 })
    }

    /// What a look-up of both sides led to.
    struct Outcome: Sendable {
        var status = "unrated"
        var charge = Charge()
        var cost = Cost()
        var margin: Rational?
        var percentage: Rational?
        var flags: Set<String>

        var fields: [String: JSON] {
            [
                "status": .string(status), "flags": .flags(flags), "billed_seconds": .integer(charge.seconds),
                "rate_plan_id": .text(charge.plan), "rate_prefix": .text(charge.prefix),
                "rate_per_minute": .decimal(charge.rate, 7), "charge": .decimal(charge.amount, 5),
                "vendor_rate_prefix": .text(cost.prefix), "vendor_rate": .decimal(cost.rate, 7),
                "vendor_billed_seconds": .integer(cost.seconds), "vendor_cost": .decimal(cost.amount, 5),
                "margin": .decimal(margin, 5), "margin_percentage": .decimal(percentage, 2),
            ]
        }
    }

    /// G6, G7, R12, R15: the status and the margin of what both look-ups gave. A charge that is zero by D6 or D7 isn't zero rated.
    mutating func settle(_ outcome: inout Outcome, customer: JSON, isFreeOfCharge: Bool) {
        let bound = Rational(10_000_000)
        outcome.status = outcome.charge.amount == nil ? "unrated" : "rated"
        if [outcome.charge.amount, outcome.cost.amount].contains(where: { $0.map { $0.magnitude >= bound } ?? false }) {
            rule("G7")
            outcome.status = "held"
            outcome.flags.insert("AMOUNT_OVERFLOW")
            outcome.charge.amount = nil
            outcome.cost.amount = nil
            return
        }
        guard let charge = outcome.charge.amount else { return }
        let isExcused = isFreeOfCharge || outcome.charge.isFree || outcome.flags.contains("GRACE")
        if charge == .zero, !isExcused {
            rule("R12")
            outcome.flags.insert("ZERO_RATED")
        }
        guard let cost = outcome.cost.amount else { return }
        let margin = margin(charge, cost, customer: customer, flags: &outcome.flags)
        outcome.margin = margin.amount
        outcome.percentage = margin.percentage
    }
}
