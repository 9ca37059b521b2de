/// A deck as a list of prices: what an import reads, what is compared, checked and stored. ``RateDeck`` is what calls are rated by.
///
/// Rows stand in order of scope, prefix and effective day, each in a few words of memory; what they state beside rates is kept once.
public struct RateSheet: Sendable {
    /// The deck's name.
    public let name: String
    /// In order of scope (domestic first), prefix and effective day.
    public private(set) var rows: [Row] = []
    /// What rows state beside their rates, each combination once; the first states nothing.
    public private(set) var terms: [TermsOverride] = [TermsOverride()]

    private var places: [TermsOverride: UInt32] = [TermsOverride(): 0]

    /// One row.
    public struct Row: Hashable, Sendable {
        public let scope: RateDeck.Scope
        public let prefix: Prefix
        /// From this UTC day on, inclusive.
        public let effective: UsageDay
        /// Until this UTC day, exclusive; nil is open.
        public internal(set) var end: UsageDay?
        /// Its line in the file it was read from, from 1; 0 where it came from no file.
        public internal(set) var line: Int32
        /// Where its terms stand in the sheet's.
        public internal(set) var terms: UInt32
        /// Interstate, or the one rate of an international row; −1 is absent, here and below.
        fileprivate let first: Int64
        fileprivate let intrastate: Int64
        fileprivate let local: Int64
        fileprivate let indeterminate: Int64
    }

    /// A sheet without rows.
    public init(name: String) {
        self.name = name
    }

    /// A sheet of these rows, in any order.
    public init(name: String, _ entries: some Sequence<RateDeck.Entry>) {
        self.name = name
        for entry in entries { append(entry) }
        sort()
    }

    /// Adds a row at the end; `sort` brings it to its place.
    public mutating func append(_ entry: RateDeck.Entry, line: Int = 0) {
        let isDomestic = entry.scope == .domestic
        rows.append(
            Row(
                scope: entry.scope, prefix: entry.prefix, effective: entry.effective, end: entry.end,
                line: Int32(clamping: line), terms: place(of: entry.row.terms),
                first: (isDomestic ? entry.row.interstate : entry.row.rate)?.units ?? -1,
                intrastate: entry.row.intrastate?.units ?? -1, local: entry.row.local?.units ?? -1,
                indeterminate: entry.row.indeterminate?.units ?? -1))
    }

    /// Takes over another sheet's terms: where each of them stands here.
    mutating func adoptTerms(of sheet: RateSheet) -> [UInt32] {
        sheet.terms.map { place(of: $0) }
    }

    /// Adds rows of a sheet whose terms were adopted, in their order.
    mutating func append(_ others: ArraySlice<Row>, terms adopted: [UInt32]) {
        for var row in others {
            row.terms = adopted[Int(row.terms)]
            rows.append(row)
        }
    }

    /// Adds one row of a sheet whose terms were adopted.
    mutating func append(_ other: Row, terms adopted: [UInt32]) {
        rows.append(other)
        rows[rows.count - 1].terms = adopted[Int(other.terms)]
    }

    /// Brings the rows into order. Rows of one prefix and day stay in the order in which they were added.
    public mutating func sort() {
        let isSorted = zip(rows, rows.dropFirst()).allSatisfy { !($1.precedes($0)) }
        guard !isSorted else { return }
        // Small keys are sorted, then each row is moved once.
        let keys = rows.enumerated().map { (row: $0.element.key, day: $0.element.effective, place: UInt32($0.offset)) }
        rows = keys.sorted { ($0.row, $0.day, $0.place) < ($1.row, $1.day, $1.place) }.map { rows[Int($0.place)] }
    }

    /// Leaves out rows by their places; returns how many.
    @discardableResult
    public mutating func removeRows(at places: Set<Int>) -> Int {
        guard !places.isEmpty else { return 0 }
        rows = rows.enumerated().filter { !places.contains($0.offset) }.map(\.element)
        return places.count
    }

    private mutating func place(of stated: TermsOverride) -> UInt32 {
        // Rows of a file mostly state what the one before stated.
        if let last = rows.last, terms[Int(last.terms)] == stated { return last.terms }
        if let place = places[stated] { return place }
        let place = UInt32(terms.count)
        terms.append(stated)
        places[stated] = place
        return place
    }
}

extension RateSheet {
    /// What a row states beside its rates.
    public func terms(of row: Row) -> TermsOverride { terms[Int(row.terms)] }

    /// A row as a deck is made of.
    public func entry(_ row: Row) -> RateDeck.Entry {
        var rates = row.rates
        rates.terms = terms(of: row)
        return RateDeck.Entry(
            scope: row.scope, prefix: row.prefix, row: rates, effective: row.effective, end: row.end)
    }

    /// The deck by which calls are rated.
    public var deck: RateDeck { RateDeck(name: name, entries: rows.lazy.map(entry)) }

    /// The rows of one scope, prefix by prefix.
    func groups() -> [Range<Int>] {
        var groups: [Range<Int>] = []
        groups.reserveCapacity(rows.count)
        var start = 0
        while start < rows.count {
            var end = start + 1
            while end < rows.count, rows[end].key == rows[start].key { end += 1 }
            groups.append(start..<end)
            start = end
        }
        return groups
    }

    /// The row of a group that is in force on a day: the one that took effect last (rule R4).
    func inForce(_ group: Range<Int>, on day: UsageDay) -> Int? {
        group.last { rows[$0].isInForce(on: day) }
    }
}

extension RateSheet.Row {
    /// Scope and prefix in one sortable number.
    var key: UInt64 { prefix.key | (scope == .international ? RateSheet.internationalBit : 0) }

    func precedes(_ other: RateSheet.Row) -> Bool {
        let (mine, theirs) = (key, other.key)
        return mine < theirs || (mine == theirs && effective < other.effective)
    }

    /// Whether it prices calls of a day (rule R4).
    public func isInForce(on day: UsageDay) -> Bool {
        effective <= day && (end.map { day < $0 } ?? true)
    }

    /// Its rates, without terms.
    public var rates: RateRow {
        func rate(_ units: Int64) -> Rate? { units < 0 ? nil : Rate(units: units) }
        var row = RateRow()
        if scope == .domestic {
            row.interstate = rate(first)
            row.intrastate = rate(intrastate)
            row.local = rate(local)
            row.indeterminate = rate(indeterminate)
        } else {
            row.rate = rate(first)
        }
        return row
    }

    /// The price per minute of a column, taken from the next where the row leaves it out (rule R5).
    public func price(_ column: RateRow.Column) -> Rate? { rates.rate(for: column) }

    /// Whether both state the same rates.
    func hasSameRates(as other: RateSheet.Row) -> Bool {
        first == other.first && intrastate == other.intrastate && local == other.local
            && indeterminate == other.indeterminate
    }
}

extension RateSheet {
    /// Above every prefix's key (10^15 × 16 < 2^54).
    static let internationalBit: UInt64 = 1 << 60
}

extension RateDeck.Scope {
    /// The columns by which its rows are read.
    public var columns: [RateRow.Column] {
        switch self {
        case .domestic: Self.domesticColumns
        case .international: Self.internationalColumns
        }
    }

    private static let domesticColumns: [RateRow.Column] = [.interstate, .intrastate, .local, .indeterminate]
    private static let internationalColumns: [RateRow.Column] = [.rate]
}
