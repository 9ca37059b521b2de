/// A table of prefixes with rates over time, of a customer plan or a vendor (rule R4): flat arrays sorted by prefix.
public struct RateDeck: Sendable {
    /// The name by which plans and vendors refer to it.
    public let name: String
    let domestic: DeckTable
    let international: DeckTable

    /// One row as loaded.
    public struct Entry: Sendable {
        public var scope: Scope
        public var prefix: Prefix
        public var row: RateRow
        /// From this UTC day on, inclusive.
        public var effective: UsageDay
        /// Until this UTC day, exclusive; nil is open.
        public var end: UsageDay?

        /// A row.
        public init(scope: Scope, prefix: Prefix, row: RateRow, effective: UsageDay, end: UsageDay?) {
            self.scope = scope
            self.prefix = prefix
            self.row = row
            self.effective = effective
            self.end = end
        }
    }

    /// Which numbers a row is for.
    public enum Scope: String, Sendable, CaseIterable {
        /// NPA, NPA-NXX and NPA-NXX-X of routing numbers.
        case domestic
        /// E.164 digits.
        case international
    }

    /// The deck of these rows. Of rows with the same prefix and effective date the later in order counts.
    public init(name: String, entries: [Entry]) {
        self.name = name
        domestic = DeckTable(entries.filter { $0.scope == .domestic }, primary: \.interstate)
        international = DeckTable(entries.filter { $0.scope == .international }, primary: \.rate)
    }

    /// How many rows there are.
    public var count: Int { domestic.count + international.count }
}

/// The rows of one scope. A rate that is absent is −1.
struct DeckTable: Sendable {
    private let index: PrefixIndex
    private let effective: [Int32]
    private let end: [Int32]
    /// Interstate of domestic rows, the one rate of international rows.
    private let primary: [Int64]
    private let intrastate: [Int64]
    private let local: [Int64]
    private let indeterminate: [Int64]
    private let termsIndex: [UInt32]
    private let terms: [TermsOverride]

    init(_ entries: [RateDeck.Entry], primary column: KeyPath<RateRow, Rate?>) {
        let sorted = entries.enumerated().sorted {
            ($0.element.prefix, $0.element.effective, $0.offset) < ($1.element.prefix, $1.element.effective, $1.offset)
        }.map(\.element)
        index = PrefixIndex(sorted: sorted.map(\.prefix))
        effective = sorted.map(\.effective.daysSince1970)
        end = sorted.map { $0.end?.daysSince1970 ?? Int32.max }
        primary = sorted.map { $0.row[keyPath: column]?.units ?? -1 }
        let isDomestic = column == \RateRow.interstate
        intrastate = isDomestic ? sorted.map { $0.row.intrastate?.units ?? -1 } : []
        local = isDomestic ? sorted.map { $0.row.local?.units ?? -1 } : []
        indeterminate = isDomestic ? sorted.map { $0.row.indeterminate?.units ?? -1 } : []
        var known: [TermsOverride: UInt32] = [:]
        var terms: [TermsOverride] = []
        termsIndex = sorted.map { entry in
            if let place = known[entry.row.terms] { return place }
            let place = UInt32(terms.count)
            known[entry.row.terms] = place
            terms.append(entry.row.terms)
            return place
        }
        self.terms = terms
    }

    var count: Int { index.count }

    func has(length: Int) -> Bool { index.has(length: length) }

    /// The row of exactly this prefix that is in force on a day: the latest one.
    func row(of prefix: Prefix, on day: UsageDay) -> RateRow? {
        for place in index.rows(of: prefix).reversed()
        where effective[place] <= day.daysSince1970 && day.daysSince1970 < end[place] {
            return row(at: place)
        }
        return nil
    }

    /// All rows of exactly this prefix and their days, the earliest first: what there was to choose from.
    func history(of prefix: Prefix) -> [(row: RateRow, effective: UsageDay, end: UsageDay?)] {
        index.rows(of: prefix).map { place in
            let isOpen = end[place] == Int32.max
            return (
                row(at: place), UsageDay(daysSince1970: effective[place]),
                isOpen ? nil : UsageDay(daysSince1970: end[place])
            )
        }
    }

    private func row(at place: Int) -> RateRow {
        var row = RateRow()
        if intrastate.isEmpty {
            row.rate = DeckTable.rate(primary[place])
        } else {
            row.interstate = DeckTable.rate(primary[place])
            row.intrastate = DeckTable.rate(intrastate[place])
            row.local = DeckTable.rate(local[place])
            row.indeterminate = DeckTable.rate(indeterminate[place])
        }
        row.terms = terms[Int(termsIndex[place])]
        return row
    }

    private static func rate(_ units: Int64) -> Rate? { units < 0 ? nil : Rate(units: units) }
}

/// The rows in which a number is looked up: a plan's own, and those of its deck (rule R4).
struct RowSources {
    var inline: PrefixRows?
    var deck: DeckTable?

    /// The row of the longest prefix in force; of equal prefixes the inline one.
    func longest(of number: UInt64, digits: Int, lengths: [Int], on day: UsageDay) -> (prefix: Prefix, row: RateRow)? {
        for length in lengths where length <= digits {
            let prefix = Prefix(of: number, digits: digits, length: length)
            if let row = inline?.row(of: prefix) { return (prefix, row) }
            if let deck, deck.has(length: length), let row = deck.row(of: prefix, on: day) { return (prefix, row) }
        }
        return nil
    }

    /// NPA-NXX-X, NPA-NXX, NPA of a routing number (rule R4).
    static let domesticLengths = [7, 6, 3]
    /// E.164 digits; `1` alone would swallow North America (rule R6).
    static let internationalLengths = Array((1...15).reversed())
}
