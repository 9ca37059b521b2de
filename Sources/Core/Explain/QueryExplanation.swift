extension RatingTables {
    /// Explains how an API query comes to its status and amounts; the arguments are those of its rating.
    public func explain(_ query: APIUsage, received: Instant? = nil) -> Explanation {
        let usage = rate(query, received: received)
        guard let evidence = usage.query else { return Explanation(subject: .usage(usage), steps: []) }
        let explainer = QueryExplainer(tables: self, record: query, received: received, usage: usage, query: evidence)
        return Explanation(subject: .usage(usage), steps: explainer.steps)
    }
}

/// The steps of one query, from its record and what rating made of it.
struct QueryExplainer {
    let tables: RatingTables
    let record: APIUsage
    let received: Instant?
    let usage: RatedUsage
    let query: QueryEvidence

    private var customer: RatingTables.Customer? { tables.customer(usage.customerBAN) }

    /// All steps in order.
    var steps: [Explanation.Step] {
        let steps = [
            usage.accountStep(named: "customer_ban"),
            usage.recordTimeStep(record.at, created: record.created, received: received), queryStep,
        ]
        let isHeld = usage.status == .held && !usage.flags.contains(.amountOverflow)
        guard !isHeld, usage.status != .notBillable, let instant = usage.ratingInstant,
            case .count(let units) = record.quantity
        else { return steps + [usage.outcomeStep()] + usage.internalSteps([], alertBelow: nil) }
        let overflow = usage.flags.contains(.amountOverflow) ? [usage.outcomeStep()] : []
        return steps + customerSteps(on: instant.usageDay, units: units) + overflow
            + usage.internalSteps(vendorSteps(units: units), alertBelow: customer?.marginAlert)
    }

    private var queryStep: Explanation.Step {
        var step = Explanation.Step(.query, "A1", "K3")
        let name = query.api.isEmpty ? "no service" : "service \(query.api)"
        step.say("The record asks for \(name), with status \(record.status.map { Words.quoted($0) } ?? "none").")
        switch record.quantity {
        case .count(let count): step.say("It counts \(Words.count(count, "query")).")
        case .invalid: step.say("Its quantity is no whole number of at least 1.")
        }
        step.fact("api", query.api)
        step.fact("status", record.status)
        step.fact("units", query.units)
        step.fact("class_key", usage.classKey?.text)
        return step
    }

    private func customerSteps(on day: UsageDay, units: Int) -> [Explanation.Step] {
        let choice = tables.plans(.api, of: customer, on: day)
        let search = PlanSearch(type: .api, choice: choice, day: day, noun: "query") { rate(in: $0) != nil }
        guard let plan = search.found?.plan, let rate = rate(in: plan) else { return [search.step] }
        var step = Explanation.Step(.rate, "A1")
        let row = RowSearch(.init(prefix: query.api, owner: .plan(plan.id), path: "/per_query/\(query.api)"))
        row.say("The price is", to: &step)
        step.say("It asks for \(Words.dollars(rate)) a query.")
        step.fact("rate", rate.text)
        row.addFacts(to: &step)
        let arithmetic = UnitArithmetic(rate: rate, extra: .zero, units: units)
        return [search.step, step, arithmetic.step(.charge, "A1", unit: "query", extra: nil)]
    }

    private func rate(in plan: RatePlan) -> Rate? {
        guard case .api(let rates) = plan.rates else { return nil }
        return rates.perQuery[query.api]
    }

    private func vendorSteps(units: Int) -> [Explanation.Step] {
        guard let vendor = tables.vendor(usage.vendor), let rate = vendor.queries[query.api] else {
            return [usage.noVendorRateStep(isKnown: tables.vendor(usage.vendor) != nil, "A1")]
        }
        var step = Explanation.Step(.vendorRate, "A1")
        step.say("Vendor \(vendor.name.text) asks for \(Words.dollars(rate)) a query of \(query.api).")
        step.fact("vendor", vendor.name.text)
        step.fact("rate", rate.text)
        let arithmetic = UnitArithmetic(rate: rate, extra: .zero, units: units)
        return [step, arithmetic.step(.cost, "A1", unit: "query", extra: nil)]
    }
}

extension RatedUsage {
    /// The one stamp of a message or query (rules D2, D3).
    func recordTimeStep(_ at: Stamp, created: Stamp, received: Instant?) -> Explanation.Step {
        var step = Explanation.Step(.time, "D2")
        if let ratingInstant { step.say("The \(noun) is of \(Words.time(ratingInstant)).") }
        step.sayRatingInstant(self, of: "time of the record")
        step.fact("at", at.instant?.text)
        step.fact("created", created.instant?.text)
        step.fact("received", received?.text)
        step.fact("rating_instant", ratingInstant?.text)
        step.fact("usage_date", usageDay?.text)
        return step
    }
}
