/// What changes for calls from a day on when one deck follows another: for each prefix the spans of days on which the two price
/// differently. A row that is stated anew and prices the same is no change.
public struct DeckDiff: Sendable {
    /// The deck in force; without rows where there was none.
    public let old: RateSheet
    /// The deck that follows it.
    public let new: RateSheet
    /// Days before this one are not compared.
    public let today: UsageDay
    /// By scope, prefix and day.
    public let changes: [Change]
    /// Prefixes of either deck that price as before on every day.
    public let unchanged: Int

    /// What becomes of a prefix.
    public enum Kind: String, Sendable, CaseIterable {
        /// A prefix that had no row: until now a shorter one priced its numbers, or none.
        case added = "new"
        case increased = "up"
        case decreased = "down"
        /// Some columns up and some down, other columns priced, or only other terms.
        case changed
        /// A prefix that no longer has a row: a shorter one prices its numbers, or none.
        case removed
    }

    /// One prefix that prices differently over a span of days.
    public struct Change: Hashable, Sendable {
        public let kind: Kind
        /// Whether increments, fees and bounds are stated otherwise, whatever becomes of the rates.
        public let hasOtherTerms: Bool
        public let scope: RateDeck.Scope
        public let prefix: Prefix
        public let from: UsageDay
        /// Exclusive; nil is open.
        public let until: UsageDay?
        /// The row's place in the old sheet; nil where it had none.
        public let old: Int?
        /// The row's place in the new sheet; nil where it has none.
        public let new: Int?
    }

    /// Compares two decks from a day on.
    public init(from old: RateSheet?, to new: RateSheet, today: UsageDay) {
        self.old = old ?? RateSheet(name: new.name)
        self.new = new
        self.today = today
        var comparison = DeckComparison(old: self.old, new: new, today: today)
        comparison.run()
        changes = comparison.changes
        unchanged = comparison.unchanged
    }

    /// How many changes there are of a kind.
    public func count(_ kind: Kind) -> Int { changes.count { $0.kind == kind } }

    /// The first day on which all changes that last are in effect: where their effect on traffic is measured.
    public var settled: UsageDay { changes.map(\.from).max() ?? today }
}

extension DeckDiff {
    /// The price before and after of a column; nil is none.
    public func prices(_ change: Change, _ column: RateRow.Column) -> (old: Rate?, new: Rate?) {
        (change.old.flatMap { old.rows[$0].price(column) }, change.new.flatMap { new.rows[$0].price(column) })
    }

    /// By how much the price of a column changes; nil where one of the two is missing, or the old one is 0.
    public func percentage(_ change: Change, _ column: RateRow.Column) -> Percentage? {
        guard case (let old?, let new?) = prices(change, column) else { return nil }
        return Percentage(Int128(new.units) - Int128(old.units), of: Int128(old.units))
    }

    /// The column that changes most.
    public func greatest(_ change: Change) -> (column: RateRow.Column, percentage: Percentage)? {
        change.scope.columns.compactMap { column in percentage(change, column).map { (column, $0) } }
            .max { $0.1.hundredths.magnitude < $1.1.hundredths.magnitude }
    }
}

/// Walks two sheets side by side.
private struct DeckComparison {
    let old: RateSheet
    let new: RateSheet
    let today: UsageDay
    var changes: [DeckDiff.Change] = []
    var unchanged = 0
    /// Days on which a row of the prefix at hand begins or ends, today first.
    private var boundaries: [UsageDay] = []

    init(old: RateSheet, new: RateSheet, today: UsageDay) {
        self.old = old
        self.new = new
        self.today = today
    }

    mutating func run() {
        let (before, after) = (old.groups(), new.groups())
        var (next, nextOld) = (0, 0)
        while next < after.count || nextOld < before.count {
            let newKey = next < after.count ? new.rows[after[next].lowerBound].key : .max
            let oldKey = nextOld < before.count ? old.rows[before[nextOld].lowerBound].key : .max
            let oldGroup = oldKey <= newKey ? before[nextOld] : 0..<0
            let newGroup = newKey <= oldKey ? after[next] : 0..<0
            compare(oldGroup, newGroup)
            if oldKey <= newKey { nextOld += 1 }
            if newKey <= oldKey { next += 1 }
        }
    }

    /// The spans of one prefix: between two days on which a row begins or ends nothing changes.
    private mutating func compare(_ oldGroup: Range<Int>, _ newGroup: Range<Int>) {
        if oldGroup.count == 1, newGroup.count == 1, isSame(oldGroup.lowerBound, newGroup.lowerBound) {
            unchanged += 1
            return
        }
        boundaries.removeAll(keepingCapacity: true)
        boundaries.append(today)
        for place in oldGroup { bound(old.rows[place]) }
        for place in newGroup { bound(new.rows[place]) }
        if boundaries.count > 2 { boundaries.sort() }
        let known = changes.count
        var isPriced = false
        for index in boundaries.indices where index == 0 || boundaries[index] > boundaries[index - 1] {
            let day = boundaries[index]
            let until = boundaries[index...].first { $0 > day }
            let pair = (old.inForce(oldGroup, on: day), new.inForce(newGroup, on: day))
            isPriced = isPriced || pair.0 != nil || pair.1 != nil
            guard let kind = kind(pair.0, pair.1) else { continue }
            note(kind, from: day, until: until, old: pair.0, new: pair.1, since: known)
        }
        if changes.count == known, isPriced { unchanged += 1 }
    }

    private mutating func bound(_ row: RateSheet.Row) {
        if row.effective > today { boundaries.append(row.effective) }
        if let end = row.end, end > today { boundaries.append(end) }
    }

    /// Adds a span, or lengthens the one before where nothing but a day's name is between them.
    private mutating func note(
        _ kind: DeckDiff.Kind, from: UsageDay, until: UsageDay?, old oldRow: Int?, new newRow: Int?, since known: Int
    ) {
        let row = newRow.map { new.rows[$0] } ?? oldRow.map { old.rows[$0] }
        guard let row else { return }
        var start = from
        if changes.count > known, let last = changes.last, last.until == from, last.old == oldRow, last.new == newRow {
            start = last.from
            changes.removeLast()
        }
        changes.append(
            DeckDiff.Change(
                kind: kind, hasOtherTerms: haveOtherTerms(oldRow, newRow), scope: row.scope, prefix: row.prefix,
                from: start, until: until, old: oldRow, new: newRow))
    }

    private func isSame(_ left: Int, _ right: Int) -> Bool {
        let (before, after) = (old.rows[left], new.rows[right])
        return before.effective == after.effective && before.end == after.end && before.hasSameRates(as: after)
            && old.terms(of: before) == new.terms(of: after)
    }

    private func haveOtherTerms(_ left: Int?, _ right: Int?) -> Bool {
        guard let left, let right else { return false }
        return old.terms(of: old.rows[left]) != new.terms(of: new.rows[right])
    }

    /// What two rows in force make of a prefix; nil where calls are priced alike.
    private func kind(_ left: Int?, _ right: Int?) -> DeckDiff.Kind? {
        guard let left else { return right == nil ? nil : .added }
        guard let right else { return .removed }
        let (before, after) = (old.rows[left], new.rows[right])
        var (up, down, other) = (false, false, false)
        if !before.hasSameRates(as: after) {
            for column in before.scope.columns {
                switch (before.price(column), after.price(column)) {
                case (let was?, let becomes?):
                    up = up || becomes > was
                    down = down || becomes < was
                case (nil, nil): break
                case (nil, _), (_, nil): other = true
                }
            }
        }
        switch (up, down, other) {
        case (false, false, false): return haveOtherTerms(left, right) ? .changed : nil
        case (true, false, false): return .increased
        case (false, true, false): return .decreased
        default: return .changed
        }
    }
}
