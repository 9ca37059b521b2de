// What a deck's rows say of each other: days and lengths.
extension DeckLint {
    /// Overlaps and gaps between the rows of one prefix.
    func dateFindings() -> [DeckFinding] {
        var findings: [DeckFinding] = []
        for group in sheet.groups() where group.count > 1 {
            for place in group.dropFirst() {
                let (earlier, later) = (sheet.rows[place - 1], sheet.rows[place])
                if let end = earlier.end, end > later.effective, later.effective >= today || end > today {
                    findings.append(
                        finding(
                            .overlap, later,
                            "the row from \(earlier.effective.text) lasts until \(end.text); from \(later.effective.text) "
                                + "on the later one counts"))
                }
                if let end = earlier.end, end < later.effective, later.effective > today {
                    findings.append(
                        finding(.dateGap, later, "no row from \(end.text) until \(later.effective.text)"))
                }
                if let end = later.end, end > today, let again = sheet.inForce(group, on: end), again < place {
                    findings.append(
                        finding(
                            .resurfaces, later,
                            "ends on \(end.text), and the row from \(sheet.rows[again].effective.text) prices again"))
                }
            }
        }
        return findings
    }

    /// Rows whose numbers all have longer rows.
    func shadowFindings() -> [DeckFinding] {
        let inForce = PrefixWalk(sheet, on: day).rows
        var children: [UInt64: Int] = [:]
        for place in inForce {
            let row = sheet.rows[Int(place)]
            guard row.prefix.length > 1 else { continue }
            let parent = row.prefix.leading(row.prefix.length - 1).key
            children[parent | (row.key & RateSheet.internationalBit), default: 0] += 1
        }
        return inForce.compactMap { place in
            let row = sheet.rows[Int(place)]
            guard children[row.key] == 10 else { return nil }
            return finding(.shadowed, row, "all ten longer prefixes have rows of their own")
        }
    }

    /// Rows that no number can reach.
    func reachFindings(_ numbers: NumberFacts) -> [DeckFinding] {
        let countries = numbers.plan.countryPrefixes.map(String.init)
        var findings: [DeckFinding] = []
        var seen: UInt64?
        for row in sheet.rows where row.end.map({ $0 > today }) ?? true && row.key != seen {
            seen = row.key
            switch row.scope {
            case .domestic:
                if let problem = domesticProblem(row.prefix, numbers) {
                    findings.append(finding(problem.rule, row, problem.message))
                }
            case .international:
                if let problem = internationalProblem(row.prefix, numbers, countries) {
                    findings.append(finding(.unreachable, row, problem))
                }
            }
        }
        return findings
    }

    private func domesticProblem(
        _ prefix: Prefix, _ numbers: NumberFacts
    ) -> (rule: DeckFinding.Rule, message: String)? {
        let npa = Int(prefix.leading(3).digits)
        guard let areaCode = numbers.plan.areaCode(npa) else {
            return (.unreachable, "the area code \(npa) is not assigned")
        }
        if areaCode.type == .geographic, !areaCode.isDomestic {
            return (
                .unreachable,
                "\(areaCode.country?.text ?? "abroad") is international: a row of that scope with 1 before it"
            )
        }
        guard areaCode.type == .geographic || areaCode.type == .nonGeographic else {
            return (.unreachable, "the area code \(npa) is \(areaCode.type.rawValue), and not rated by decks")
        }
        guard prefix.length >= 6 else { return nil }
        // Any line of the block: N9 asks for the line only where it is directory assistance.
        let block = prefix.length > 6 ? prefix.digits * 1_000 : prefix.digits * 10_000
        let number = NationalNumber(digits: block)
        let kind = numbers.plan.classify(number).kind
        guard kind == .geographic || kind == .nongeographic else {
            return (.unreachable, "numbers of \(prefix.text) are not geographic")
        }
        guard areaCode.type == .geographic, numbers.lerg.count > 0 else { return nil }
        let blocks = prefix.length > 6 ? [block] : (0...9).map { block + $0 * 1_000 }
        guard !blocks.contains(where: { numbers.lerg.block(of: NationalNumber(digits: $0)) != nil }) else { return nil }
        return (.unassigned, "the numbering guide has no block \(prefix.text)")
    }

    private func internationalProblem(_ prefix: Prefix, _ numbers: NumberFacts, _ countries: [String]) -> String? {
        let text = prefix.text
        guard text.first != "0" else { return "no number begins with 0" }
        if text.first == "1" {
            guard prefix.length >= 4, let npa = Int(text.dropFirst().prefix(3)) else { return nil }
            guard let areaCode = numbers.plan.areaCode(npa) else { return "the area code \(npa) is not assigned" }
            if areaCode.isDomestic { return "the area code \(npa) is domestic: a row of that scope without 1" }
            return areaCode.type == .geographic || areaCode.type == .nonGeographic
                ? nil : "the area code \(npa) is \(areaCode.type.rawValue), and not rated by decks"
        }
        if numbers.plan.country(ofDigits: prefix.digits) != nil { return nil }
        return countries.contains { $0.hasPrefix(text) } ? nil : "no country has numbers that begin with \(text)"
    }
}
