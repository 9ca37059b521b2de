/// One line of an invoice (rule I5).
public struct InvoiceLine: Hashable, Sendable {
    /// What it is for.
    public enum Kind: String, Sendable, CaseIterable {
        case usage
        /// Records of earlier periods that came late, and corrections (rule I9).
        case lateUsage = "late_usage"
        case recurring
        case minimumCommitment = "minimum_commitment"

        /// Whether records stand behind it.
        public var isUsage: Bool {
            switch self {
            case .usage, .lateUsage: true
            case .recurring, .minimumCommitment: false
            }
        }
    }

    /// Whether accounting can take it (rule K4).
    public enum Export: String, Sendable, CaseIterable {
        case ready
        /// No SKU yet: in the exception queue until there is one.
        case held
    }

    public let kind: Kind
    public let classKey: ClassKey
    public let sku: SKU?
    public let records: Int
    public let billedSeconds: Int
    /// Messages or queries.
    public let units: Int
    /// Exact sums, five decimals: net = gross − bundle credit − volume discount − promotions.
    public let gross: Money
    public let bundleCredit: Money
    public let volumeDiscount: Money
    public let promotionCredit: Money
    public let net: Money
    /// The net, rounded once to two decimals.
    public let amount: Money

    /// `held` without a SKU.
    public var export: Export { sku == nil ? .held : .ready }

    /// A line of an amount that is not usage.
    init(_ kind: Kind, key: ClassKey, amount: Money, skus: SKUMap) {
        self.kind = kind
        classKey = key
        sku = skus[key]
        records = 0
        billedSeconds = 0
        units = 0
        gross = amount
        bundleCredit = .zero
        volumeDiscount = .zero
        promotionCredit = .zero
        net = amount
        self.amount = amount
    }

    private init(_ kind: Kind, key: ClassKey, of groups: [NetGroup], skus: SKUMap) {
        self.kind = kind
        classKey = key
        sku = skus[key]
        records = groups.reduce(0) { $0 + $1.usage.records }
        billedSeconds = groups.reduce(0) { $0 + $1.usage.billedSeconds }
        units = groups.reduce(0) { $0 + $1.usage.units }
        gross = groups.map(\.usage.gross).total()
        bundleCredit = groups.map(\.usage.bundleCredit).total()
        volumeDiscount = groups.map(\.volumeDiscount).total()
        promotionCredit = groups.map(\.promotionCredit).total()
        net = groups.map(\.net).total()
        amount = net.rounded(to: .cents)
    }

    /// A line for each class key, over all its tax jurisdictions, sorted by key.
    static func lines(of groups: [NetGroup], kind: Kind, skus: SKUMap) -> [InvoiceLine] {
        Dictionary(grouping: groups, by: \.key.classKey)
            .sorted { $0.key < $1.key }
            .map { InvoiceLine(kind, key: $0.key, of: $0.value, skus: skus) }
    }
}

/// A usage group after all modifiers (rules I3, I4).
struct NetGroup {
    let usage: UsageGroup
    var volumeDiscount = Money.zero
    var promotionCredit = Money.zero

    var key: UsageGroupKey { usage.key }
    var net: Money { usage.gross - usage.bundleCredit - volumeDiscount - promotionCredit }

    /// Volume first, then the promotions in list order, each on what the ones before left. The groups are sorted by key.
    static func nets(of groups: [UsageGroup], modifiers: InvoiceModifiers) -> [NetGroup] {
        var nets = groups.map { NetGroup(usage: $0) }
        if let volume = modifiers.volume {
            for (index, discount) in volume.discounts(on: groups).enumerated() { nets[index].volumeDiscount = discount }
        }
        for promotion in modifiers.promotions {
            for (index, credit) in promotion.credits(on: nets.map(\.net)).enumerated() {
                nets[index].promotionCredit += credit
            }
        }
        return nets
    }
}
