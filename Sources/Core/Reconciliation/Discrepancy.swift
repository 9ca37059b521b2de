/// What one side bills for a vendor's day (rule C4).
public struct VendorTotals: Hashable, Sendable {
    public var calls: Int
    public var billed: Int
    public var cost: Money

    public init(calls: Int, billed: Int, cost: Money) {
        self.calls = calls
        self.billed = billed
        self.cost = cost
    }

    init<ID>(of records: [StatementRecord<ID>]) {
        self.init(
            calls: records.count, billed: records.reduce(0) { $0 + $1.billed }, cost: records.map(\.cost).total())
    }
}

/// The two sides of one measure. It is a discrepancy above 5 %, strictly, or where we have nothing and they something (C4).
public struct Discrepancy: Hashable, Sendable {
    /// In steps of the measure: calls, seconds, or 1e-7 USD.
    public let ours: Int64
    public let theirs: Int64

    /// More than this share of ours is a discrepancy, in percent.
    public static let limitPercent: Int128 = 5

    public init(ours: Int64, theirs: Int64) {
        self.ours = ours
        self.theirs = theirs
    }

    /// Theirs less ours.
    public var delta: Int64 { theirs - ours }

    /// The size of the difference in percent of ours; nil where ours is 0.
    public var percentage: Percentage? { Percentage(Int128(delta.magnitude), of: Int128(ours)) }

    /// Whether it has to be looked at.
    public var isDiscrepancy: Bool {
        guard ours != 0 else { return theirs != 0 }
        return Int128(delta.magnitude) * 100 > Int128(ours.magnitude) * Discrepancy.limitPercent
    }
}

/// A vendor's day, measure by measure (rule C4). Single records never raise the flag, only their status.
public struct DiscrepancyTotals: Hashable, Sendable {
    public let calls: Discrepancy
    public let billed: Discrepancy
    /// In 1e-7 USD.
    public let cost: Discrepancy

    public init(ours: VendorTotals, theirs: VendorTotals) {
        calls = Discrepancy(ours: Int64(ours.calls), theirs: Int64(theirs.calls))
        billed = Discrepancy(ours: Int64(ours.billed), theirs: Int64(theirs.billed))
        cost = Discrepancy(ours: ours.cost.units, theirs: theirs.cost.units)
    }

    /// Whether any measure has to be looked at.
    public var isDiscrepancy: Bool { calls.isDiscrepancy || billed.isDiscrepancy || cost.isDiscrepancy }
}
