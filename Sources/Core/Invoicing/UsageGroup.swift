/// What usage is summed by on an invoice (rule I2).
public struct UsageGroupKey: Hashable, Comparable, Sendable {
    public let classKey: ClassKey
    public let taxJurisdiction: TaxJurisdiction

    public init(_ classKey: ClassKey, _ taxJurisdiction: TaxJurisdiction) {
        self.classKey = classKey
        self.taxJurisdiction = taxJurisdiction
    }

    /// By key, then tax jurisdiction: the order in which credits are spread (rule I4).
    public static func < (left: UsageGroupKey, right: UsageGroupKey) -> Bool {
        (left.classKey, left.taxJurisdiction) < (right.classKey, right.taxJurisdiction)
    }
}

/// One rated record, as far as an invoice needs it record by record: for bundles.
public struct BillableRecord: Hashable, Sendable {
    public let id: UsageID
    public let key: UsageGroupKey
    /// The rating instant.
    public let instant: Instant
    public let billedSeconds: Int
    /// Messages or queries; 0 for calls.
    public let units: Int
    /// Nil for what is not rated by the minute: no bundle covers it.
    public let ratePerMinute: Rate?
    public let charge: Money

    public init(
        id: UsageID, key: UsageGroupKey, instant: Instant, billedSeconds: Int, units: Int, ratePerMinute: Rate?,
        charge: Money
    ) {
        self.id = id
        self.key = key
        self.instant = instant
        self.billedSeconds = billedSeconds
        self.units = units
        self.ratePerMinute = ratePerMinute
        self.charge = charge
    }
}

/// The rated usage of one key on an invoice: exact sums (rule I2). From records, or from a store's `GROUP BY`.
public struct UsageGroup: Hashable, Sendable {
    public let key: UsageGroupKey
    public var records: Int
    public var billedSeconds: Int
    public var units: Int
    /// Σ charges, five decimals.
    public var gross: Money
    /// What bundles took off, and of how many seconds (rule I3).
    public var bundleCredit: Money
    public var coveredSeconds: Int

    public init(
        key: UsageGroupKey, records: Int = 0, billedSeconds: Int = 0, units: Int = 0, gross: Money = .zero,
        bundleCredit: Money = .zero, coveredSeconds: Int = 0
    ) {
        self.key = key
        self.records = records
        self.billedSeconds = billedSeconds
        self.units = units
        self.gross = gross
        self.bundleCredit = bundleCredit
        self.coveredSeconds = coveredSeconds
    }

    /// Records summed by key, sorted by key, with what the bundles cover of them (rule I3).
    ///
    /// Without bundles a store's sums say the same; only bundles need the records. `usedBefore` is what the month's earlier
    /// invoices of a daily or weekly cycle have used of each bundle (rule I5).
    public static func groups(
        of records: [BillableRecord], bundles: [Bundle] = [], usedBefore: [String: Int] = [:]
    ) -> [UsageGroup] {
        var groups: [UsageGroupKey: UsageGroup] = [:]
        for record in records {
            var group = groups[record.key] ?? UsageGroup(key: record.key)
            group.records += 1
            group.billedSeconds += record.billedSeconds
            group.units += record.units
            group.gross = group.gross + record.charge
            groups[record.key] = group
        }
        for share in BundleShare.shares(of: records, in: bundles, usedBefore: usedBefore) {
            groups[share.key]?.coveredSeconds += share.seconds
            groups[share.key]?.bundleCredit += share.credit
        }
        return groups.values.sorted { $0.key < $1.key }
    }

    /// How many seconds of each bundle the records use up: what the month's next invoice counts as used before.
    public static func bundleSeconds(of records: [BillableRecord], bundles: [Bundle]) -> [String: Int] {
        BundleShare.shares(of: records, in: bundles, usedBefore: [:])
            .reduce(into: [:]) { used, share in used[share.bundle, default: 0] += share.seconds }
    }
}
