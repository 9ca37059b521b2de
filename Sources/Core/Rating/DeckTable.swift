/// The rows of one scope of a deck, compiled: 28 bytes a row, two steps from a number to the rows of its exchange. Never changed, and
/// by reference, so that a look-up copies nothing of it.
final class DeckTable: Sendable {
    /// First the rows of `prefixes`, then those of `exchanges`; of each prefix the earliest first.
    private let rows: [Row]
    /// E.164 prefixes, or area codes.
    private let prefixes: PrefixIndex
    /// Domestic rows of six and seven digits.
    private let exchanges: ExchangeIndex
    private let isDomestic: Bool
    private let terms: [TermsOverride]
    /// By terms: whether they state anything.
    private let isStating: [Bool]
    /// Rates that a row has no room for, by row and column.
    private let wideRates: [Int: Rate]

    /// How many rows were loaded.
    let count: Int

    private struct Row {
        /// In 1e-7 USD, or `absent` or `wide`. Of international rows only the first counts.
        var rates: (UInt32, UInt32, UInt32, UInt32) = (Row.absent, Row.absent, Row.absent, Row.absent)
        var effective: Int32
        var end: Int32
        /// Place among the terms (28 bits); above it the thousands block, or `whole` for a row of the whole exchange.
        var termsAndBlock: UInt32

        static let absent = UInt32.max
        static let wide = UInt32.max - 1
        static let whole: UInt32 = 10
        static let blockShift: UInt32 = 28

        var block: UInt32 { termsAndBlock >> Row.blockShift }
        var termsPlace: Int { Int(termsAndBlock & (1 << Row.blockShift - 1)) }

        @inline(__always)
        func isInForce(on day: UsageDay) -> Bool { effective <= day.daysSince1970 && day.daysSince1970 < end }
    }

    /// The rows of those entries that are of this scope. Of rows with the same prefix and effective date the later in order counts.
    init<Entries: RandomAccessCollection<RateDeck.Entry>>(_ entries: Entries, _ scope: RateDeck.Scope) {
        let isDomestic = scope == .domestic
        let order = DeckTable.order(of: entries, scope)
        self.isDomestic = isDomestic
        count = order.count
        let coarse = order.filter { !isDomestic || entries[$0].prefix.length == 3 }
        let fine = isDomestic ? order.filter { 6...7 ~= entries[$0].prefix.length } : []
        prefixes = PrefixIndex(sorted: coarse.map { entries[$0].prefix })
        exchanges = ExchangeIndex(exchanges: fine.lazy.map { Int(entries[$0].prefix.head(6)) })
        var packer = Packer(isDomestic: isDomestic)
        packer.rows.reserveCapacity(coarse.count + fine.count)
        for place in coarse { packer.add(entries[place], block: Row.whole) }
        for place in fine {
            let prefix = entries[place].prefix
            packer.add(entries[place], block: prefix.length == 7 ? UInt32(prefix.head(7) % 10) : Row.whole)
        }
        rows = packer.rows
        terms = packer.terms
        isStating = packer.terms.map { $0 != TermsOverride() }
        wideRates = packer.wideRates
    }

    /// The places of the entries of a scope, by prefix, then day, then place. Small keys are sorted, the entries stay where they are.
    private static func order<Entries: RandomAccessCollection<RateDeck.Entry>>(
        of entries: Entries, _ scope: RateDeck.Scope
    ) -> [Entries.Index] {
        var keys: [(prefix: UInt64, day: Int32, place: Int32)] = []
        for (place, entry) in entries.enumerated() where entry.scope == scope {
            keys.append((entry.prefix.key, entry.effective.daysSince1970, Int32(place)))
        }
        let isSorted = zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }
        if !isSorted { keys.sort { $0 < $1 } }
        return keys.map { entries.index(entries.startIndex, offsetBy: Int($0.place)) }
    }

    /// Whether some row may have a prefix of this length.
    func has(length: Int) -> Bool { isDomestic && length > 3 ? true : prefixes.has(length: length) }

    /// Where the row of exactly this prefix stands that is in force on a day: the latest one.
    func place(of prefix: Prefix, on day: UsageDay) -> Int? {
        places(of: prefix).last { isRow($0, of: prefix) && rows[$0].isInForce(on: day) }
    }

    /// Where the row of the longest prefix of a domestic number's ten digits stands that is in force on a day: of seven, six or three
    /// digits.
    func place(ofDomestic digits: UInt64, on day: UsageDay) -> (place: Int, length: Int)? {
        let block = UInt32(digits / 1_000 % 10)
        let found = exchanges.rows(of: Int(digits / 10_000))
        // Rows of the whole exchange stand before those of its blocks.
        for place in (found.lowerBound + prefixes.count..<found.upperBound + prefixes.count).reversed() {
            let row = rows[place]
            if row.block == block || row.block == Row.whole, row.isInForce(on: day) {
                return (place, row.block == block ? 7 : 6)
            }
        }
        return place(of: Prefix(of: digits, digits: 10, length: 3), on: day).map { ($0, 3) }
    }

    /// The row of exactly this prefix that is in force on a day.
    func row(of prefix: Prefix, on day: UsageDay) -> RateRow? { place(of: prefix, on: day).map { row(at: $0) } }

    /// The rate of a row's column, where needed from the next one (rule R5).
    func rate(for column: RateRow.Column, at place: Int) -> Rate? {
        let packed = rows[place].rates
        guard isDomestic else { return column == .rate ? rate(packed.0, place, 0) : nil }
        let interstate = rate(packed.0, place, 0)
        let intrastate = rate(packed.1, place, 1)
        switch column {
        case .interstate: return interstate
        case .intrastate: return intrastate ?? interstate
        case .local: return rate(packed.2, place, 2) ?? intrastate ?? interstate
        case .indeterminate, .international:
            if let stated = rate(packed.3, place, 3) { return stated }
            guard let interstate, let intrastate else { return interstate ?? intrastate }
            return max(interstate, intrastate)
        case .rate: return nil
        }
    }

    /// A row's terms; what it leaves out comes from above (rule R9).
    func terms(at place: Int, over base: Terms) -> Terms {
        let stated = rows[place].termsPlace
        return isStating[stated] ? terms[stated].applied(over: base) : base
    }

    /// All rows of exactly this prefix and their days, the earliest first: what there was to choose from.
    func history(of prefix: Prefix) -> [(row: RateRow, effective: UsageDay, end: UsageDay?)] {
        places(of: prefix).filter { isRow($0, of: prefix) }.map { place in
            let row = rows[place]
            return (
                self.row(at: place), UsageDay(daysSince1970: row.effective),
                row.end == Int32.max ? nil : UsageDay(daysSince1970: row.end)
            )
        }
    }

    /// Where rows of a prefix may stand.
    private func places(of prefix: Prefix) -> Range<Int> {
        guard isDomestic, prefix.length > 3 else { return prefixes.rows(of: prefix) }
        guard prefix.length == 6 || prefix.length == 7 else { return 0..<0 }
        let found = exchanges.rows(of: Int(prefix.head(6)))
        return found.lowerBound + prefixes.count..<found.upperBound + prefixes.count
    }

    /// Whether one of these rows is the prefix's own.
    private func isRow(_ place: Int, of prefix: Prefix) -> Bool {
        guard isDomestic, prefix.length > 3 else { return true }
        return rows[place].block == (prefix.length == 7 ? UInt32(prefix.head(7) % 10) : Row.whole)
    }

    /// The whole row at a place.
    func row(at place: Int) -> RateRow {
        let packed = rows[place]
        var row = RateRow()
        if isDomestic {
            row.interstate = rate(packed.rates.0, place, 0)
            row.intrastate = rate(packed.rates.1, place, 1)
            row.local = rate(packed.rates.2, place, 2)
            row.indeterminate = rate(packed.rates.3, place, 3)
        } else {
            row.rate = rate(packed.rates.0, place, 0)
        }
        row.terms = terms[packed.termsPlace]
        return row
    }

    @inline(__always)
    private func rate(_ packed: UInt32, _ place: Int, _ column: Int) -> Rate? {
        switch packed {
        case Row.absent: nil
        case Row.wide: wideRates[place * 4 + column]
        default: Rate(units: Int64(packed))
        }
    }

    /// Rows in the making.
    private struct Packer {
        let isDomestic: Bool
        var rows: [Row] = []
        var terms: [TermsOverride] = []
        var wideRates: [Int: Rate] = [:]
        private var places: [TermsOverride: UInt32] = [:]
        private var last: (terms: TermsOverride, place: UInt32)?

        init(isDomestic: Bool) {
            self.isDomestic = isDomestic
        }

        mutating func add(_ entry: RateDeck.Entry, block: UInt32) {
            let place = place(of: entry.row.terms)
            precondition(place < 1 << Row.blockShift, "a deck has fewer different terms")
            var row = Row(
                effective: entry.effective.daysSince1970, end: entry.end?.daysSince1970 ?? Int32.max,
                termsAndBlock: block << Row.blockShift | place)
            if isDomestic {
                row.rates = (
                    packed(entry.row.interstate, 0), packed(entry.row.intrastate, 1), packed(entry.row.local, 2),
                    packed(entry.row.indeterminate, 3)
                )
            } else {
                row.rates.0 = packed(entry.row.rate, 0)
            }
            rows.append(row)
        }

        private mutating func packed(_ rate: Rate?, _ column: Int) -> UInt32 {
            guard let rate else { return Row.absent }
            if rate.units >= 0, rate.units < Int64(Row.wide) { return UInt32(rate.units) }
            wideRates[rows.count * 4 + column] = rate
            return Row.wide
        }

        private mutating func place(of stated: TermsOverride) -> UInt32 {
            if let last, last.terms == stated { return last.place }
            let place = places[stated] ?? UInt32(terms.count)
            if place == UInt32(terms.count) {
                terms.append(stated)
                places[stated] = place
            }
            last = (stated, place)
            return place
        }
    }
}
