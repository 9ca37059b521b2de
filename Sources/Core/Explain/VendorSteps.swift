// The vendor's side of a call: rate, billed time, cost (rule R14).

extension CallExplainer {
    /// The steps from the vendor's row to the cost.
    func vendorSteps(_ target: CallTarget, on day: UsageDay, length: Int64) -> [Explanation.Step] {
        guard target.kind != .emergency else {
            var step = Explanation.Step(.cost, "R7", "R14")
            step.say("Emergency calls cost nothing, and no vendor's rate is looked up.")
            step.fact("cost", usage.vendorCost?.text(.charge))
            return [step]
        }
        guard let vendor = tables.vendor(usage.vendor), let found = tables.vendorRate(of: target, vendor, on: day)
        else {
            return [usage.noVendorRateStep(isKnown: tables.vendor(usage.vendor) != nil, "R14")]
        }
        let source = vendorRow(target, vendor, on: day)
        var step = Explanation.Step(.vendorRate, "R14")
        source.search.say(source.subject, to: &step)
        step.sayColumn(source.column, of: source.row, found.rate)
        step.fact("vendor", vendor.name.text)
        step.fact("rate_per_minute", found.rate.text)
        step.fact("column_wanted", source.column.name)
        step.fact("column", source.row.columnUsed(for: source.column))
        source.search.addFacts(to: &step)
        let billed = found.terms.billedTime(durationMilliseconds: length)
        let terms = TermsOrigin(terms: found.terms, row: source.row.terms, base: nil, baseName: "vendor")
        let arithmetic = ChargeArithmetic(found.terms, rate: found.rate, seconds: billed.seconds, hasBounds: false)
        return [step, terms.billedTimeStep(.vendorTime, length: length), arithmetic.step(.cost, rules: ["R14"])]
    }

    private typealias VendorRow = (search: RowSearch, subject: String, row: RateRow, column: RateRow.Column)

    /// Where the vendor's rate stands: a row of the deck, else the price list by class key.
    private func vendorRow(_ target: CallTarget, _ vendor: VendorTerms, on day: UsageDay) -> VendorRow {
        let usesDeck =
            target.direction == .terminating && [.geographic, .nongeographic, .international].contains(target.kind)
        guard usesDeck, let deck = tables.deck(vendor.deck) else {
            var row = RateRow()
            row.rate = vendor.flat[target.classKey]
            let place = RowSearch.Place(prefix: target.classKey.text, owner: .vendor(vendor.name.text))
            return (RowSearch(place), "The price is", row, .rate)
        }
        let isAbroad = target.jurisdiction == .international
        let digits = isAbroad ? target.number?.digits ?? 0 : target.domesticDigits ?? 0
        let table = isAbroad ? deck.international : deck.domestic
        let search = RowSearch(
            digits, digits: isAbroad ? decimalLength(digits) : 10,
            lengths: isAbroad ? RowSources.internationalLengths : RowSources.domesticLengths, on: day, plan: nil,
            deck: (deck.name, table))
        let row =
            search.found.flatMap { Prefix(parsing: $0.prefix) }.flatMap { table.row(of: $0, on: day) } ?? RateRow()
        let shown = (isAbroad ? "+" : "") + String(digits)
        let subject = "At vendor \(vendor.name.text) the longest prefix of \(shown) that has a price is"
        return (search, subject, row, isAbroad ? .rate : target.jurisdiction.column)
    }
}

extension RatedUsage {
    /// Why a vendor has no rate for a record.
    func noVendorRateStep(isKnown: Bool, _ rule: String) -> Explanation.Step {
        var step = Explanation.Step(.vendorRate, rule)
        if let vendor {
            step.say(
                isKnown ? "Vendor \(vendor.text) has no rate for it." : "Vendor \(vendor.text) is none that we know.")
        } else {
            step.say("The record names no vendor.")
        }
        step.say("So the cost is not known, nor is the margin.")
        step.fact("vendor", vendor?.text)
        step.fact("rate_per_minute", nil as String?)
        return step
    }
}
