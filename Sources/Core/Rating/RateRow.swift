/// One row of a plan or deck: a rate per column, and the terms that it states (rules R4, R5, R13).
public struct RateRow: Hashable, Sendable {
    public var interstate: Rate?
    public var intrastate: Rate?
    public var local: Rate?
    public var indeterminate: Rate?
    /// International and premium rows.
    public var rate: Rate?
    /// Toll-free rows.
    public var international: Rate?
    public var terms = TermsOverride()

    /// A row without rates.
    public init() {}

    /// The rate of a column, where needed from the next one (rule R5). The row is authoritative: nil is no rate.
    public func rate(for column: Column) -> Rate? {
        switch column {
        case .interstate: interstate
        case .intrastate: intrastate ?? interstate
        case .local: local ?? intrastate ?? interstate
        case .indeterminate: indeterminate ?? higher
        case .international: international ?? indeterminate ?? higher
        case .rate: rate
        }
    }

    private var higher: Rate? {
        guard let interstate, let intrastate else { return interstate ?? intrastate }
        return max(interstate, intrastate)
    }

    /// The column by which a row is read.
    public enum Column: Sendable {
        case interstate, intrastate, local, indeterminate
        /// Of toll-free rows (rule R13).
        case international
        /// The one rate of international and premium rows.
        case rate
    }
}

extension Jurisdiction {
    /// The column of a domestic call (rule R5).
    var column: RateRow.Column {
        switch self {
        case .interstate: .interstate
        case .intrastate: .intrastate
        case .local: .local
        case .indeterminate, .international, .tollfree, .premium, .service, .emergency, .invalid, .domestic:
            .indeterminate
        }
    }
}

extension TaxJurisdiction {
    /// The column of a toll-free row (rule R13).
    var column: RateRow.Column {
        switch self {
        case .interstate: .interstate
        case .intrastate: .intrastate
        case .international: .international
        case .indeterminate, .none: .indeterminate
        }
    }
}

/// Rows by prefix, each prefix once: what a plan states inline.
public final class PrefixRows: Sendable {
    private let index: PrefixIndex
    let rows: [RateRow]

    /// The rows of these prefixes; of a repeated prefix the last counts.
    public init(_ rows: [Prefix: RateRow] = [:]) {
        let sorted = rows.sorted { $0.key < $1.key }
        index = PrefixIndex(sorted: sorted.map(\.key))
        self.rows = sorted.map(\.value)
    }

    /// Whether some row has a prefix of this length.
    func has(length: Int) -> Bool { index.has(length: length) }

    /// The row of exactly this prefix.
    func row(of prefix: Prefix) -> FoundRow? {
        let places = index.rows(of: prefix)
        return places.isEmpty ? nil : FoundRow(self, at: places.lowerBound)
    }

    /// The row of the longest prefix of a number of so many digits; the lengths go down.
    func longest(of number: UInt64, digits: Int, among lengths: [Int]) -> (prefix: Prefix, row: FoundRow)? {
        guard index.count > 0 else { return nil }
        for length in lengths where length <= digits && index.has(length: length) {
            let prefix = Prefix(of: number, digits: digits, length: length)
            if let row = row(of: prefix) { return (prefix, row) }
        }
        return nil
    }
}
