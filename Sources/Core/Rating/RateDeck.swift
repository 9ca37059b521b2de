/// A table of prefixes with rates over time, of a customer plan or a vendor (rule R4): flat arrays sorted by prefix.
/// Never changed, and by reference, so that a look-up copies nothing of it.
public final class RateDeck: Sendable {
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
    public init(name: String, entries: some RandomAccessCollection<Entry>) {
        self.name = name
        domestic = DeckTable(entries, .domestic)
        international = DeckTable(entries, .international)
    }

    /// How many rows there are.
    public var count: Int { domestic.count + international.count }
}

/// The rows in which a number is looked up: a plan's own, and those of its deck (rule R4).
struct RowSources {
    var inline: PrefixRows?
    var deck: DeckTable?

    /// The row of the longest prefix in force of E.164 digits; of equal prefixes the inline one.
    func longest(of number: UInt64, digits: Int, on day: UsageDay) -> (prefix: Prefix, row: FoundRow)? {
        for length in stride(from: digits, through: 1, by: -1) {
            let isInline = inline?.has(length: length) ?? false
            let isInDeck = deck?.has(length: length) ?? false
            guard isInline || isInDeck else { continue }
            let prefix = Prefix(of: number, digits: digits, length: length)
            if isInline, let row = inline?.row(of: prefix) { return (prefix, row) }
            if isInDeck, let deck, let place = deck.place(of: prefix, on: day) {
                return (prefix, FoundRow(deck, at: place))
            }
        }
        return nil
    }

    /// What a plan may price of premium numbers (rule R7).
    static let premiumLengths = Array((3...10).reversed())

    /// NPA-NXX-X, NPA-NXX, NPA of a routing number (rule R4).
    static let domesticLengths = [7, 6, 3]
    /// E.164 digits; `1` alone would swallow North America (rule R6).
    static let internationalLengths = Array((1...15).reversed())
}
