// What a deck leaves out, and what it costs.
extension DeckLint {
    /// Area codes, exchanges and countries without a row, in scopes of which the deck has any.
    func coverageFindings(_ numbers: NumberFacts) -> [DeckFinding] {
        let rows = PrefixWalk(sheet, on: day).rows.map { sheet.rows[Int($0)] }
        var findings: [DeckFinding] = []
        let domestic = rows.filter { $0.scope == .domestic }
        if !domestic.isEmpty { findings += areaCodeFindings(domestic, numbers) }
        let international = rows.filter { $0.scope == .international }.map(\.prefix.text)
        if !international.isEmpty { findings += countryFindings(international, numbers) }
        return findings
    }

    private func areaCodeFindings(_ rows: [RateSheet.Row], _ numbers: NumberFacts) -> [DeckFinding] {
        var whole = Set<Int>()
        var priced: [Int: Set<UInt64>] = [:]
        for row in rows {
            let npa = Int(row.prefix.leading(3).digits)
            if row.prefix.length == 3 { whole.insert(npa) } else { priced[npa, default: []].insert(row.prefix.digits) }
        }
        var findings: [DeckFinding] = []
        for npa in 200...999 where !whole.contains(npa) {
            guard let areaCode = numbers.plan.areaCode(npa), areaCode.type == .geographic, areaCode.isDomestic else {
                continue
            }
            if let priced = priced[npa] {
                let missing = missingBlocks(npa, priced, numbers)
                guard !missing.isEmpty else { continue }
                let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
                findings.append(
                    note(
                        .missingExchanges, "\(npa)",
                        "\(missing.prefix(5).joined(separator: ", "))\(more) are assigned and have no row"))
            } else {
                findings.append(note(.missingAreaCode, "\(npa)", "no row for \(areaCode.state ?? "this area code")"))
            }
        }
        return findings
    }

    /// Assigned exchanges and blocks of an area code that neither a six- nor a seven-digit row prices.
    private func missingBlocks(_ npa: Int, _ priced: Set<UInt64>, _ numbers: NumberFacts) -> [String] {
        var missing: [String] = []
        for nxx in 200...999 {
            let exchange = UInt64(npa * 1_000 + nxx)
            guard !priced.contains(exchange) else { continue }
            let open = (0...9 as ClosedRange<UInt64>).filter { block in
                let number = NationalNumber(digits: (exchange * 10 + block) * 1_000)
                return !priced.contains(exchange * 10 + block) && numbers.lerg.block(of: number) != nil
                    && numbers.plan.classify(number).kind == .geographic
            }
            if open.count == 10 {
                missing.append(padded(Int64(exchange), 6))
            } else {
                missing += open.map { padded(Int64(exchange * 10 + $0), 7) }
            }
        }
        return missing
    }

    private func countryFindings(_ prefixes: [String], _ numbers: NumberFacts) -> [DeckFinding] {
        let known = Set(prefixes)
        let sorted = prefixes.sorted()
        return numbers.plan.countryPrefixes.map(String.init).sorted().compactMap { country in
            guard country != "1" else { return nil }
            let isCovered = (1...country.count).contains { known.contains(String(country.prefix($0))) }
            let at = sorted.partitioningIndex { $0 >= country }
            let isBegun = at < sorted.count && sorted[at].hasPrefix(country)
            guard !isCovered, !isBegun, let digits = UInt64(country) else { return nil }
            return note(
                .missingCountry, country, "no row for \(numbers.plan.country(ofDigits: digits)?.text ?? country)",
                .international)
        }
    }

    /// Prices below those of vendors: every prefix that either side tells apart is asked of both.
    func costFindings() -> [DeckFinding] {
        var walk = PrefixWalk(sheet, on: day)
        var costs = vendors.map { PrefixWalk($0, on: day) }
        var keys = Set(walk.rows.map { sheet.rows[Int($0)].key })
        for (vendor, cost) in zip(vendors, costs) { keys.formUnion(cost.rows.lazy.map { vendor.rows[Int($0)].key }) }
        var worst: [Int: Loss] = [:]
        for key in keys.sorted() {
            let sold = walk.match(key)
            let bought = costs.indices.map { costs[$0].match(key) }
            guard let sold else { continue }
            for column in sheet.rows[sold].scope.columns {
                guard let price = sheet.rows[sold].price(column) else { continue }
                let offers = zip(vendors, bought).compactMap { vendor, place in
                    place.flatMap { vendor.rows[$0].price(column) }.map { (vendor.name, $0) }
                }
                guard let cheapest = offers.min(by: { $0.1 < $1.1 }), let dearest = offers.max(by: { $0.1 < $1.1 }),
                    dearest.1 > price
                else { continue }
                let isAll = cheapest.1 > price
                let vendor = isAll ? cheapest : dearest
                let loss = Loss(
                    isAll: isAll, key: key, column: column, price: price, vendor: vendor.0, cost: vendor.1, count: 1)
                worst[sold] = worst[sold].map { $0.joined(loss) } ?? loss
            }
        }
        return worst.sorted { $0.key < $1.key }.map { place, loss in
            finding(loss.isAll ? .belowCost : .belowSomeCost, sheet.rows[place], loss.message(at: sheet.rows[place]))
        }
    }

    private func note(
        _ rule: DeckFinding.Rule, _ prefix: String, _ message: String, _ scope: RateDeck.Scope = .domestic
    ) -> DeckFinding {
        DeckFinding(rule: rule, scope: scope, prefix: Prefix(parsing: prefix), line: 0, message: message)
    }

    /// What a row loses at most a minute, and how often it loses.
    private struct Loss {
        var isAll: Bool
        var key: UInt64
        var column: RateRow.Column
        var price: Rate
        var vendor: String
        var cost: Rate
        var count: Int

        /// The worse of both.
        func joined(_ other: Loss) -> Loss {
            let isWorse =
                (other.isAll ? 1 : 0, other.cost.units - other.price.units) > (isAll ? 1 : 0, cost.units - price.units)
            var result = isWorse ? other : self
            result.count = count + other.count
            return result
        }

        func message(at row: RateSheet.Row) -> String {
            let prefix = Prefix(key: key & ~RateSheet.internationalBit)
            let at = prefix == row.prefix ? "" : " to \(prefix.text)"
            let more = count > 1 ? ", and \(count - 1) more prices" : ""
            let who = isAll ? "the cheapest vendor, \(vendor)," : vendor
            return "\(column.name)\(at) is sold at \(price.text), and \(who) takes \(cost.text)\(more)"
        }
    }
}

extension Array where Element: Comparable {
    /// The first place of a sorted array at which a condition holds that holds from there on.
    fileprivate func partitioningIndex(where holds: (Element) -> Bool) -> Int {
        var (lower, upper) = (0, count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if holds(self[middle]) { upper = middle } else { lower = middle + 1 }
        }
        return lower
    }
}
