// What a message costs the customer and us (rules S5, S6).

extension MessageExplainer {
    /// Plan, rate and charge.
    func customerSteps(_ target: MessageTarget, on day: UsageDay, units: Int) -> [Explanation.Step] {
        let choice = tables.plans(.sms, of: customer, on: day)
        let search = PlanSearch(type: .sms, choice: choice, day: day, noun: "message") { plan in
            guard case .sms(let rates) = plan.rates else { return false }
            return target.rate(in: rates) != nil
        }
        guard let plan = search.found?.plan, case .sms(let rates) = plan.rates, let rate = target.rate(in: rates) else {
            return [search.step]
        }
        let surcharges = rates.carrierSurcharges[target.name] ?? [:]
        let surcharge = RatingTables.byCarrier(message.carrier, surcharges)
        var step = Explanation.Step(.rate, "S5", "S6")
        step.sayRate(target, rates, rate, owner: .plan(plan.id))
        step.saySurcharge("surcharge", surcharge, message.carrier, surcharges)
        step.fact("rate", rate.text)
        step.fact("surcharge", surcharge.text)
        let arithmetic = UnitArithmetic(rate: rate, extra: surcharge, units: units)
        return [search.step, step, arithmetic.step(.charge, "S6", unit: target.unit, extra: "surcharge")]
    }

    /// The vendor's rate, carrier fee and cost.
    func vendorSteps(_ target: MessageTarget, units: Int) -> [Explanation.Step] {
        guard let vendor = tables.vendor(usage.vendor),
            let (rate, fee) = target.vendorRate(in: vendor, carrier: message.carrier)
        else { return [usage.noVendorRateStep(isKnown: tables.vendor(usage.vendor) != nil, "S6")] }
        var step = Explanation.Step(.vendorRate, "S6")
        step.sayRate(target, vendor.messages, rate, owner: .vendor(vendor.name.text))
        let fees = target.direction == .outbound && fee != .zero ? vendor.carrierFees : [:]
        step.saySurcharge("carrier fee", fee, message.carrier, fees)
        step.fact("vendor", vendor.name.text)
        step.fact("rate", rate.text)
        step.fact("vendor_fee", fee.text)
        let arithmetic = UnitArithmetic(rate: rate, extra: fee, units: units)
        return [step, arithmetic.step(.cost, "S6", unit: target.unit, extra: "carrier fee")]
    }
}

extension MessageTarget {
    /// What is counted.
    fileprivate var unit: String { service == .sms ? "segment" : "message" }
}

extension Explanation.Step {
    /// Which row of a plan or price list gives the rate of a message.
    fileprivate mutating func sayRate(
        _ target: MessageTarget, _ rates: MessageRates, _ rate: Rate, owner: RowSearch.Place.Owner
    ) {
        if target.isInternational, let found = target.internationalRow(in: rates) {
            let digits = target.other.number?.digits ?? 0
            let path = "/international/prefixes/\(found.prefix.text)"
            let search = RowSearch(.init(prefix: found.prefix.text, owner: owner, path: path))
            search.say("The longest prefix of +\(digits) that has a price is", to: &self)
            search.addFacts(to: &self)
        } else {
            let search = RowSearch(.init(prefix: target.name, owner: owner, path: "/" + target.name))
            search.say("The price is", to: &self)
            search.addFacts(to: &self)
        }
        say("It asks for \(Words.dollars(rate)) a \(target.unit).")
    }

    /// What a carrier adds per unit.
    fileprivate mutating func saySurcharge(
        _ name: String, _ amount: Rate, _ carrier: String?, _ amounts: [String: Rate]
    ) {
        guard !amounts.isEmpty else { return }
        if let carrier, amounts[carrier] != nil {
            say("The \(name) for carrier \(carrier) is \(Words.dollars(amount)) a unit.")
        } else if amounts["default"] != nil {
            say("The \(name) for all other carriers is \(Words.dollars(amount)) a unit.")
        }
    }
}

/// Rate and extra times units, exact until its one rounding (rules S6, A1).
struct UnitArithmetic {
    let rate: Rate
    let extra: Rate
    let units: Int

    private var exact: Int128 { (Int128(rate.units) + Int128(extra.units)) * Int128(units) }

    /// The sum in words and figures.
    func step(_ topic: Explanation.Step.Topic, _ rule: String, unit: String, extra name: String?) -> Explanation.Step {
        var step = Explanation.Step(topic, rule)
        let amount = Terms.rounded(exact, dividedBy: 1)
        let price = extra == .zero ? Words.dollars(rate) : "(\(Words.dollars(rate)) + \(Words.dollars(extra)))"
        step.say("\(Words.count(units, unit)) × \(price) = \(Words.dollars(ExactQuotient.dollars(exact))).")
        let label = topic == .cost ? "cost" : "charge"
        step.sayRounded(
            "The \(label) is", .dollars(exact), to: amount.map { Words.dollars($0) }, decimals: "five")
        step.fact("units", units)
        step.fact("rate", rate.text)
        if let name { step.fact(name.replacing(" ", with: "_"), extra.text) }
        step.fact("before_rounding", .dollars(exact))
        step.fact("rounding", "half away from zero to 5 decimals")
        step.fact(label, amount?.text(.charge))
        return step
    }
}
