/// What one plan asks for a call, and where the plan says so: re-derived from the functions by which rating finds it.
struct PlanRate {
    var search: RowSearch
    /// What is found, as the start of a sentence.
    var subject: String
    /// The digits by which it was found; nil where no prefix decides.
    var lookedUp: String?
    var row: RateRow?
    var column = RateRow.Column.rate
    /// Per minute, before a time band.
    var rate: Rate?
    /// For a service code: the charge of an answered call.
    var flat: Money?
    var billing: TermsOverride
    var timeOfDay: TimeOfDay?
    var rules: [String]
}

extension CallExplainer {
    /// What a plan asks for a call; nil where it has no rate.
    func planRate(_ target: CallTarget, _ plan: RatePlan, on day: UsageDay) -> PlanRate? {
        switch plan.rates {
        case .voice(let rates):
            return target.jurisdiction == .service
                ? serviceRate(target, plan, rates) : voiceRate(target, plan, rates, on: day)
        case .tollfree(let rates): return tollFreeRate(target, plan, rates)
        case .sms, .api: return nil
        }
    }

    private func voiceRate(_ target: CallTarget, _ plan: RatePlan, _ rates: VoiceRates, on day: UsageDay) -> PlanRate? {
        guard let (_, row, column) = tables.row(for: target, in: rates, on: day), let rate = row.rate(for: column)
        else {
            return nil
        }
        var found = rowSearch(target, plan, rates, on: day)
        found.row = row.row
        found.column = column
        found.rate = rate
        found.timeOfDay = rates.timeOfDay
        if column != .rate { found.rules.append("R5") }
        return found
    }

    /// Where the row of a voice plan stands (rules R4, R6, R7, R13).
    private func rowSearch(_ target: CallTarget, _ plan: RatePlan, _ rates: VoiceRates, on day: UsageDay) -> PlanRate {
        let deck = tables.deck(rates.deck)
        func result(_ search: RowSearch, _ subject: String, _ digits: UInt64?, _ rules: String...) -> PlanRate {
            PlanRate(
                search: search, subject: subject, lookedUp: digits.map { String($0) }, billing: rates.billing,
                rules: rules)
        }
        func ownRow(_ prefix: String, _ path: String) -> RowSearch.Place {
            .init(prefix: prefix, owner: .plan(plan.id), path: path)
        }
        if target.direction == .originating {
            let isAbroad = target.jurisdiction == .international
            let prefix = isAbroad ? "originating_international" : "originating"
            let path = "/originating/\(isAbroad ? "international" : "domestic")"
            return result(RowSearch(ownRow(prefix, path)), "Calls from the public network are priced by", nil, "R13")
        }
        switch target.jurisdiction {
        case .international:
            let digits = target.number?.digits ?? 0
            let search = RowSearch(
                digits, digits: decimalLength(digits), lengths: RowSources.internationalLengths, on: day,
                plan: (plan.id, rates.international, "/terminating/international/prefixes"),
                deck: deck.map { ($0.name, $0.international) })
            return result(search, "The longest prefix of +\(digits) that has a price is", digits, "R6")
        case .premium:
            let digits = target.number?.national?.digits ?? 0
            let search = RowSearch(
                digits, digits: 10, lengths: RowSources.premiumLengths, on: day,
                plan: (plan.id, rates.premium, "/terminating/premium/prefixes"), deck: nil)
            return result(search, "The longest prefix of \(digits) that has a price is", digits, "R7")
        default:
            let digits = target.domesticDigits ?? 0
            var search = RowSearch(
                digits, digits: 10, lengths: RowSources.domesticLengths, on: day,
                plan: (plan.id, rates.domestic, "/terminating/domestic/prefixes"),
                deck: deck.map { ($0.name, $0.domestic) })
            let which = target.lrn == nil ? "the called number" : "the routing number"
            guard search.found == nil else {
                return result(search, "The longest prefix of \(which) \(digits) that has a price is", digits, "R4")
            }
            search.found = ownRow("default", "/terminating/domestic/default")
            return result(search, "No prefix of \(which) \(digits) has a price in force, so it is", digits, "R4")
        }
    }

    private func serviceRate(_ target: CallTarget, _ plan: RatePlan, _ rates: VoiceRates) -> PlanRate? {
        guard let code = target.serviceCode, let flat = rates.serviceCodes[code] else { return nil }
        let path = "/terminating/service_codes/\(code)"
        return PlanRate(
            search: RowSearch(.init(prefix: String(code), owner: .plan(plan.id), path: path)),
            subject: "The service code that has a price is", lookedUp: String(code), flat: flat, billing: rates.billing,
            rules: ["R7"])
    }

    private func tollFreeRate(_ target: CallTarget, _ plan: RatePlan, _ rates: TollFreeRates) -> PlanRate? {
        let isTerminating = target.direction == .terminating
        let column = target.taxJurisdiction.column
        guard let row = isTerminating ? rates.terminating : rates.originating, let rate = row.rate(for: column) else {
            return nil
        }
        let path = isTerminating ? "/terminating" : "/originating"
        return PlanRate(
            search: RowSearch(.init(prefix: "tollfree", owner: .plan(plan.id), path: path)),
            subject: "Toll-free calls \(isTerminating ? "to" : "from") the public network are priced by", row: row,
            column: column, rate: rate, billing: rates.billing, rules: ["R13", "R5"])
    }
}

extension Explanation.Step {
    /// Which column of a row gives the rate (rule R5).
    mutating func sayColumn(_ column: RateRow.Column, of row: RateRow, _ rate: Rate) {
        let used = row.columnUsed(for: column) ?? column.name
        let price = "\(Words.dollars(rate)) a minute"
        if column == .rate {
            say("It asks for \(price).")
        } else if used == column.name {
            say("Its \(used) column asks for \(price).")
        } else if column == .indeterminate || column == .international, row.interstate != nil, row.intrastate != nil,
            used != "indeterminate"
        {
            say(
                "It has no \(column.name) column, so the higher of interstate and intrastate counts: \(price), \(used)."
            )
        } else {
            say("It has no \(column.name) column, so its \(used) column counts: \(price).")
        }
    }
}
