// The customer's side of a call: plan, row, rate, time of day, billed time, charge (rules R1–R13).

extension CallExplainer {
    /// The steps from the plan to the charge.
    func customerSteps(_ target: CallTarget, at instant: Instant, length: Int64) -> [Explanation.Step] {
        let day = instant.usageDay
        guard target.kind != .emergency else { return [freeStep("Emergency calls are free, whatever a plan says.")] }
        let choice = tables.plans(target.kind == .tollfree ? .tollfree : .voice, of: customer, on: day)
        let search = PlanSearch(
            type: target.kind == .tollfree ? .tollfree : .voice, choice: choice, day: day, noun: "call"
        ) {
            planRate(target, $0, on: day) != nil
        }
        switch tables.price(of: target, for: customer, at: instant) {
        case .free:
            let code = target.serviceCode.map { String($0) } ?? ""
            return [freeStep("Calls to service code \(code) are free: no plan asked has a price for it, or none may.")]
        case .unrated: return [search.step]
        case .quoted(let quote):
            guard let plan = search.found?.plan, let rate = planRate(target, plan, on: day) else {
                return [search.step]
            }
            let billed = quote.terms.billedTime(durationMilliseconds: length)
            let terms = TermsOrigin(terms: quote.terms, row: rate.row?.terms, base: rate.billing, baseName: "plan")
            return [
                search.step, rateStep(target, rate), timeOfDayStep(rate, at: instant, quote),
                terms.billedTimeStep(.billedTime, length: length), chargeStep(quote, billed),
            ].compactMap(\.self)
        }
    }

    private func freeStep(_ sentence: String) -> Explanation.Step {
        var step = Explanation.Step(.charge, "R7")
        step.say(sentence)
        step.fact("charge", usage.charge?.text(.charge))
        return step
    }

    /// The row that gives the rate and the column by which it is read (rules R4–R7, R13).
    private func rateStep(_ target: CallTarget, _ rate: PlanRate) -> Explanation.Step {
        var step = Explanation.Step(.rate)
        for rule in rate.rules { step.cite(rule) }
        rate.search.say(rate.subject, to: &step)
        if let flat = rate.flat {
            step.say("It asks for \(Words.shortDollars(flat)) for an answered call of any length.")
            step.fact("flat_charge", flat.text(.full))
        } else if let row = rate.row, let amount = rate.rate {
            step.sayColumn(rate.column, of: row, amount)
            step.fact("column_wanted", rate.column.name)
            step.fact("column", row.columnUsed(for: rate.column))
            step.fact("rate_per_minute", amount.text)
        }
        step.fact("looked_up", rate.lookedUp)
        rate.search.addFacts(to: &step)
        return step
    }

    /// The band of the day, where the plan has bands (rule R10).
    private func timeOfDayStep(_ rate: PlanRate, at instant: Instant, _ quote: CallQuote) -> Explanation.Step? {
        guard let bands = rate.timeOfDay, let before = rate.rate else { return nil }
        var step = Explanation.Step(.timeOfDay, "R10")
        let (day, milliseconds) = bands.clock.local(instant)
        let time = "\(padded(milliseconds / 3_600_000, 2)):\(padded(milliseconds / 60_000 % 60, 2))"
        let place = "\(day.weekdayName) \(day.text), \(time) in \(bands.clock.identifier)"
        let band = bands.bands.firstIndex { $0.contains(weekday: day.isoWeekday, milliseconds: milliseconds) }
        step.fact("timezone", bands.clock.identifier)
        step.fact("local_date", day.text)
        step.fact("local_time", time)
        step.fact("weekday", day.isoWeekday)
        step.fact("band", band)
        if let band {
            let multiplier = bands.bands[band].multiplier
            let exact = ExactQuotient.dollars(Int128(before.units) * Int128(multiplier.units), dividedBy: 10_000_000)
            step.say("It was \(place): band \(band + 1) of the plan multiplies the rate by \(multiplier.text).")
            step.sayRounded("\(Words.dollars(before)) becomes", exact, to: Words.dollars(quote.rate), decimals: "seven")
            step.fact("multiplier", multiplier.text)
            step.fact("before_rounding", exact)
        } else {
            step.say("It was \(place), outside all bands of the plan: the rate stays.")
        }
        step.fact("rate_before", before.text)
        step.fact("rate_per_minute", quote.rate.text)
        return step
    }

    /// Fee, usage, bounds and the one rounding (rules R7, R11).
    private func chargeStep(_ quote: CallQuote, _ billed: BilledTime) -> Explanation.Step {
        if let flat = quote.flatCharge { return flatChargeStep(flat, quote.charge(billed), billed) }
        let arithmetic = ChargeArithmetic(quote.terms, rate: quote.rate, seconds: billed.seconds)
        return arithmetic.step(.charge, rules: ["R11"])
    }

    private func flatChargeStep(_ flat: Money, _ charge: Money?, _ billed: BilledTime) -> Explanation.Step {
        var step = Explanation.Step(.charge, "R7")
        if billed.seconds == 0 {
            step.say("No time is billed, so the flat charge is not due either: \(Words.dollars(Money.zero)).")
        } else {
            step.sayRounded(
                "The flat charge is", .dollars(Int128(flat.units)), to: charge.map { Words.dollars($0) },
                decimals: "five")
            step.fact("before_rounding", .dollars(Int128(flat.units)))
        }
        step.fact("charge", charge?.text(.charge))
        return step
    }
}

extension UsageDay {
    /// `Monday`
    fileprivate var weekdayName: String {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][isoWeekday - 1]
    }
}
