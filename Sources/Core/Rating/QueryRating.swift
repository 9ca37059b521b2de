extension RatingTables {
    /// Rates an API query (rule A1).
    public func rate(_ query: APIUsage, received: Instant? = nil) -> RatedUsage {
        let customer = customer(query.customerBAN)
        var evidence = QueryEvidence()
        evidence.api = ASCII.upperWord(query.api ?? "")
        var usage = RatedUsage(
            id: query.id, key: query.key, service: .api, refVersion: version, evidence: .query(evidence))
        usage.customerBAN = query.customerBAN
        usage.customerID = customer?.id
        usage.vendor = query.vendor
        let times = RecordTimes(
            instant: query.at.instant, hasUnreadable: query.at == .unreadable, created: query.created,
            received: received)
        usage.ratingInstant = times.instant
        usage.flags = times.flags
        if customer == nil { usage.flags.insert(.unknownCustomer) }
        let key = ClassKey.api(evidence.api)
        usage.map(key, to: sku(key))
        let outcome = QueryOutcome(query.status)
        if outcome == .unknown { usage.flags.insert(.badStatus) }
        if query.quantity == .invalid { usage.flags.insert(.badQuantity) }
        settle(&usage, &evidence, query.quantity, outcome, customer: customer)
        usage.evidence = .query(evidence)
        return usage
    }

    private func settle(
        _ usage: inout RatedUsage, _ evidence: inout QueryEvidence, _ quantity: APIUsage.Quantity,
        _ outcome: QueryOutcome,
        customer: Customer?
    ) {
        guard !usage.flags.containsAny(of: RatedUsage.holding), case .count(let units) = quantity,
            let instant = usage.ratingInstant
        else {
            usage.status = .held
            return
        }
        guard outcome != .failed else {
            usage.setNotBillable()
            evidence.units = 0
            return
        }
        evidence.units = units
        charge(&usage, evidence.api, units: units, customer: customer, at: instant)
    }

    private func charge(_ usage: inout RatedUsage, _ api: String, units: Int, customer: Customer?, at instant: Instant)
    {
        let choice = plans(.api, of: customer, on: instant.usageDay)
        let found = choice.first { plan -> (plan: RatePlan, rate: Rate)? in
            guard case .api(let rates) = plan.rates, let rate = rates.perQuery[api] else { return nil }
            return (plan, rate)
        }
        var fits = true
        if let found {
            usage.status = .rated
            usage.ratePlanID = found.answer.plan.id
            usage.rate = found.answer.rate
            usage.charge = RatedUsage.amount(found.answer.rate, .zero, units: units)
            if found.isDefault { usage.flags.insert(.defaultPlanUsed) }
            if usage.charge == .zero { usage.flags.insert(.zeroRated) }
            fits = usage.charge != nil
        } else {
            usage.setUnrated(isWithoutPlan: choice.isEmpty)
        }
        if let rate = vendor(usage.vendor)?.queries[api] {
            usage.vendorRate = rate
            usage.vendorCost = RatedUsage.amount(rate, .zero, units: units)
            fits = fits && usage.vendorCost != nil
        } else {
            usage.flags.insert(.noVendorRate)
        }
        guard fits else { return usage.setOverflow() }
        usage.setMargin(alertBelow: customer?.marginAlert ?? .zero)
    }
}

/// What became of a query (rule A1).
enum QueryOutcome {
    /// The dip was made: billed.
    case made
    /// Free.
    case failed
    /// A word that says neither: a person must look.
    case unknown

    init(_ status: String?) {
        switch status.map(ASCII.word) {
        case "ok", "not_found": self = .made
        case "error", "timeout", "throttled": self = .failed
        default: self = .unknown
        }
    }
}
