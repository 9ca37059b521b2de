/// How a file relates to the deck that is in force.
public enum DeckSuccession: String, Sendable, CaseIterable {
    /// The file is the whole deck, its history included: nothing of the earlier deck stays.
    case exact
    /// The file is the whole deck from its first effective day on: earlier rates stay for the days before, and a prefix that the
    /// file leaves out is withdrawn on that day. A scope of which the file has no row is left alone.
    case replace
    /// The file holds changes: each prefix of it changes on its day, all others stay.
    case amend
}

extension RateSheet {
    /// The deck that results when this sheet follows the one in force. Rows that stay have line 0; rows that ended on `oldest` or
    /// before don't stay, so that a deck that changes every month doesn't grow for ever.
    public func succeeding(
        _ current: RateSheet?, as succession: DeckSuccession, oldest: UsageDay? = nil
    ) -> RateSheet {
        guard let current, succession != .exact, !current.rows.isEmpty else { return self }
        var starts: [RateDeck.Scope: UsageDay] = [:]
        if succession == .replace {
            for row in rows { starts[row.scope] = min(starts[row.scope] ?? row.effective, row.effective) }
        }
        var result = RateSheet(name: name)
        let (terms, oldTerms) = (result.adoptTerms(of: self), result.adoptTerms(of: current))
        let (mine, theirs) = (groups(), current.groups())
        var (next, nextOld) = (0, 0)
        while next < mine.count || nextOld < theirs.count {
            let new = next < mine.count ? mine[next] : nil
            let old = nextOld < theirs.count ? theirs[nextOld] : nil
            let newKey = new.map { rows[$0.lowerBound].key } ?? .max
            let oldKey = old.map { current.rows[$0.lowerBound].key } ?? .max
            if let old, oldKey <= newKey {
                let scope = current.rows[old.lowerBound].scope
                let cut = newKey == oldKey ? new.map { rows[$0.lowerBound].effective } : starts[scope]
                for row in current.rows[old] {
                    guard let row = row.closed(on: cut) else { continue }
                    if let end = row.end, let oldest, end <= oldest { continue }
                    result.append(row, terms: oldTerms)
                }
                nextOld += 1
            }
            if let new, newKey <= oldKey {
                result.append(rows[new], terms: terms)
                next += 1
            }
        }
        return result
    }
}

extension RateSheet.Row {
    /// The row without the days from `cut` on; nil where none is left.
    fileprivate func closed(on cut: UsageDay?) -> RateSheet.Row? {
        var row = self
        row.line = 0
        guard let cut else { return row }
        guard effective < cut else { return nil }
        row.end = min(end ?? cut, cut)
        return row
    }
}
