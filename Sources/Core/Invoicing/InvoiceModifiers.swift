/// What a customer's plans change on an invoice, beside the rates (section P, from `monthly_fee` on; rules I3–I5, I9).
public struct InvoiceModifiers: Hashable, Sendable {
    /// Two decimals; nil is no recurring line.
    public var monthlyFee: Money?
    public var bundles: [Bundle]
    public var volume: VolumeDiscount?
    public var promotions: [Promotion]
    public var minimum: MinimumCommitment?

    /// No modifiers unless named.
    public init(
        monthlyFee: Money? = nil, bundles: [Bundle] = [], volume: VolumeDiscount? = nil, promotions: [Promotion] = [],
        minimum: MinimumCommitment? = nil
    ) {
        self.monthlyFee = monthlyFee
        self.bundles = bundles
        self.volume = volume
        self.promotions = promotions
        self.minimum = minimum
    }
}

/// Seconds that are paid for already (rule I3).
public struct Bundle: Hashable, Sendable {
    public let id: String
    public let keys: Set<ClassKey>
    public let seconds: Int

    public init(id: String, keys: Set<ClassKey>, seconds: Int) {
        self.id = id
        self.keys = keys
        self.seconds = seconds
    }
}

/// A discount by how much was used (rule I4).
public struct VolumeDiscount: Hashable, Sendable {
    /// What is measured.
    public enum Metric: String, Sendable, CaseIterable {
        case minutes, messages, queries, spend
    }

    /// What the tiers apply to.
    public enum Mode: String, Sendable, CaseIterable {
        /// The reached tier's percentage on everything.
        case allUnits = "all_units"
        /// Each slice by its own tier.
        case graduated
    }

    /// A percentage from a volume on.
    public struct Tier: Hashable, Sendable {
        /// Minutes, units or dollars, in 1e-7.
        public let from: Int64
        public let discount: Percent

        public init(from: Int64, discount: Percent) {
            self.from = from
            self.discount = discount
        }
    }

    public let metric: Metric
    public let mode: Mode
    /// Nil is every key.
    public let keys: Set<ClassKey>?
    /// The first from 0, strictly ascending.
    public let tiers: [Tier]

    public init(metric: Metric, mode: Mode, keys: Set<ClassKey>?, tiers: [Tier]) {
        self.metric = metric
        self.mode = mode
        self.keys = keys
        self.tiers = tiers
    }
}

/// A percentage or an amount off what is left (rule I4).
public struct Promotion: Hashable, Sendable {
    /// How it takes off.
    public enum Kind: Hashable, Sendable {
        case percent(Percent)
        /// At most what is left, spread over all groups.
        case credit(Money)
    }

    public let id: String
    public let kind: Kind

    public init(id: String, _ kind: Kind) {
        self.id = id
        self.kind = kind
    }
}

/// What a customer has promised to buy at least (rule I9): one line adds what the subtotal of the named keys lacks.
public struct MinimumCommitment: Hashable, Sendable {
    /// Two decimals.
    public let amount: Money
    /// Nil is every usage line.
    public let keys: Set<ClassKey>?

    public init(amount: Money, keys: Set<ClassKey>?) {
        self.amount = amount
        self.keys = keys
    }
}
