/// The taxes that an invoice of a day is computed with (rules T1–T4).
public struct TaxRules: Hashable, Sendable {
    /// A USF contribution factor and the day from which it holds.
    public struct USFFactor: Hashable, Sendable {
        public let effective: UsageDay
        public let factor: Factor

        public init(effective: UsageDay, factor: Factor) {
            self.effective = effective
            self.factor = factor
        }
    }

    /// The id of the federal line, as exemptions name it.
    public static let federalUSF = "federal_usf"
    /// What an exemption from everything names.
    public static let all = "all"

    public let usf: [USFFactor]
    public let rows: [TaxRow]

    public init(usf: [USFFactor], rows: [TaxRow]) {
        self.usf = usf
        self.rows = rows
    }

    /// The factor in force on an invoice date; zero before the first.
    public func usfFactor(on day: UsageDay) -> Factor {
        usf.filter { $0.effective <= day }.max { $0.effective < $1.effective }?.factor ?? .zero
    }

    /// The rows of a state, sorted by id.
    public func rows(inState state: String?) -> [TaxRow] {
        rows.filter { $0.state == state }.sorted { $0.id < $1.id }
    }
}

/// One tax of a state (rule T2).
public struct TaxRow: Hashable, Sendable {
    /// What a percentage is taken of.
    public enum Base: String, Sendable, CaseIterable {
        case interstate, intrastate, international, indeterminate, recurring, nontelecom
        /// The rounded federal line itself.
        case usf
    }

    /// How the amount comes about.
    public enum Kind: Hashable, Sendable {
        case percent(Factor, of: Set<Base>)
        /// For each of the customer's lines, whole months.
        case perLine(Money)
    }

    public let id: String
    public let state: String
    public let kind: Kind

    public init(id: String, state: String, kind: Kind) {
        self.id = id
        self.state = state
        self.kind = kind
    }
}

/// A certificate that keeps a tax off a customer's invoices (rule T4).
public struct TaxExemption: Hashable, Sendable {
    /// A tax id, `federal_usf` or `all`.
    public let tax: String
    /// Both days inclusive; no end is nil.
    public let validFrom: UsageDay
    public let validTo: UsageDay?

    public init(tax: String, validFrom: UsageDay, validTo: UsageDay?) {
        self.tax = tax
        self.validFrom = validFrom
        self.validTo = validTo
    }

    /// Whether it covers a tax on an invoice date.
    public func covers(_ tax: String, on day: UsageDay) -> Bool {
        (self.tax == tax || self.tax == TaxRules.all) && validFrom <= day && validTo.map { day <= $0 } ?? true
    }
}

/// What a customer's taxes depend on.
public struct TaxProfile: Hashable, Sendable {
    public var serviceState: String?
    /// How many lines per-line taxes count.
    public var lines: Int
    public var exemptions: [TaxExemption]
    /// Buys to resell (rule T5).
    public var isWholesale: Bool
    /// The interstate share of indeterminate usage (rule T1).
    public var indeterminatePIU: Factor
    /// The interstate share of recurring fees (rule T1).
    public var recurringPIU: Factor
    /// False for a carrier under the limited international exemption (rule T1).
    public var usfCoversInternational: Bool

    public init(
        serviceState: String?, lines: Int, exemptions: [TaxExemption] = [], isWholesale: Bool = false,
        indeterminatePIU: Factor = .one, recurringPIU: Factor = .zero, usfCoversInternational: Bool = true
    ) {
        self.serviceState = serviceState
        self.lines = lines
        self.exemptions = exemptions
        self.isWholesale = isWholesale
        self.indeterminatePIU = indeterminatePIU
        self.recurringPIU = recurringPIU
        self.usfCoversInternational = usfCoversInternational
    }

    /// Whether a certificate covers a tax on an invoice date.
    public func isExempt(from tax: String, on day: UsageDay) -> Bool {
        exemptions.contains { $0.covers(tax, on: day) }
    }
}
