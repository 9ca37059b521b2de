/// The exact nets that taxes are taken of (rule T3): five decimals, the recurring line rounded.
public struct TaxBasis: Hashable, Sendable {
    public var interstate = Money.zero
    public var intrastate = Money.zero
    public var international = Money.zero
    public var indeterminate = Money.zero
    /// Messages and queries: never in the USF base.
    public var nonTelecom = Money.zero
    public var recurring = Money.zero

    /// Nothing.
    public init() {}

    /// Adds the net of a usage group.
    public mutating func add(_ net: Money, of key: UsageGroupKey) {
        guard !key.classKey.isNonTelecom else {
            nonTelecom = nonTelecom + net
            return
        }
        switch key.taxJurisdiction {
        case .interstate: interstate = interstate + net
        case .intrastate: intrastate = intrastate + net
        case .international: international = international + net
        case .indeterminate: indeterminate = indeterminate + net
        case .none: break
        }
    }

    /// The same without recurring fees: the tax that usage alone causes.
    public var usageOnly: TaxBasis {
        var usage = self
        usage.recurring = .zero
        return usage
    }

    subscript(base: TaxRow.Base, usf usf: Money) -> Money {
        switch base {
        case .interstate: interstate
        case .intrastate: intrastate
        case .international: international
        case .indeterminate: indeterminate
        case .recurring: recurring
        case .nontelecom: nonTelecom
        case .usf: usf
        }
    }

    /// The federal contribution (rule T1), rounded once.
    func usf(_ profile: TaxProfile, factor: Factor) -> Money {
        let whole = interstate + (profile.usfCoversInternational ? international : .zero)
        let base =
            Int128(whole.units) * Int128(Factor.one.units)
            + Int128(indeterminate.units) * Int128(profile.indeterminatePIU.units)
            + Int128(recurring.units) * Int128(profile.recurringPIU.units)
        let scale = Int128(Factor.one.units) * Int128(Factor.one.units)
        return Money(rounding: base * Int128(factor.units), dividedBy: scale, to: .cents)
    }
}

extension ClassKey {
    /// Messages and queries are no telecommunications (rules S5, T5).
    public var isNonTelecom: Bool { isMessage || text.hasPrefix("API:") }
    /// SMS or MMS.
    public var isMessage: Bool { text.hasPrefix("SMS:") || text.hasPrefix("MMS:") }
    /// Calls from or to toll-free numbers.
    public var isTollFree: Bool { self == .terminatingTollFree || self == .originatingTollFree }
}

/// One tax on an invoice.
public struct TaxLine: Hashable, Sendable {
    public let id: String
    /// Two decimals; negative on a credit.
    public let amount: Money
    /// Kept at `0.00` because of a certificate (rule T4).
    public let isExempt: Bool

    public init(id: String, amount: Money, isExempt: Bool) {
        self.id = id
        self.amount = amount
        self.isExempt = isExempt
    }

    /// The federal line and one for each row of the customer's state, sorted by id, at `0.00` too (rules T1–T4).
    ///
    /// `chargesPerLine` is false on the invoices of a daily or weekly cycle that do not hold the anchor day (rule I5).
    public static func lines(
        on basis: TaxBasis, profile: TaxProfile, rules: TaxRules, invoiceDate day: UsageDay, chargesPerLine: Bool = true
    ) -> [TaxLine] {
        let federal = line(TaxRules.federalUSF, profile, day) { basis.usf(profile, factor: rules.usfFactor(on: day)) }
        let others = rules.rows(inState: profile.serviceState).map { row in
            line(row.id, profile, day) {
                switch row.kind {
                case .percent(let rate, let bases):
                    let sum = bases.reduce(Int128(0)) { $0 + Int128(basis[$1, usf: federal.amount].units) }
                    return Money(
                        rounding: sum * Int128(rate.units), dividedBy: Int128(Factor.one.units), to: .cents)
                case .perLine(let amount):
                    return chargesPerLine ? (amount * profile.lines).rounded(to: .cents) : .zero
                }
            }
        }
        return ([federal] + others).sorted { $0.id < $1.id }
    }

    private static func line(_ id: String, _ profile: TaxProfile, _ day: UsageDay, amount: () -> Money) -> TaxLine {
        let isExempt = profile.isExempt(from: id, on: day)
        return TaxLine(id: id, amount: isExempt ? .zero : amount(), isExempt: isExempt)
    }
}

/// An invoice's revenue as Form 499 asks for it (rule T5): five decimals, recurring fees included.
public struct Form499: Hashable, Sendable {
    /// Who the revenue comes from.
    public enum Customer: String, Sendable, CaseIterable {
        /// Block 3: a reseller with a certificate.
        case carrierCarrier = "carrier_carrier"
        /// Block 4.
        case endUser = "end_user"
    }

    public let customer: Customer
    /// With the interstate shares of what is indeterminate or recurring.
    public let interstate: Money
    public let international: Money
    /// The rest of telecommunications.
    public let intrastate: Money
    /// Line 418.
    public let nonTelecom: Money

    public init(_ basis: TaxBasis, profile: TaxProfile, invoiceDate: UsageDay) {
        let isResold = profile.isWholesale && profile.isExempt(from: TaxRules.federalUSF, on: invoiceDate)
        customer = isResold ? .carrierCarrier : .endUser
        // The interstate share is rounded once; intrastate is what is left, so that the classes add up to the revenue.
        let one = Int128(Factor.one.units)
        let shares =
            Int128(basis.indeterminate.units) * Int128(profile.indeterminatePIU.units)
            + Int128(basis.recurring.units) * Int128(profile.recurringPIU.units)
        let exactInterstate = Int128(basis.interstate.units) * one + shares
        let domestic = basis.interstate + basis.intrastate + basis.indeterminate + basis.recurring
        interstate = Money(rounding: exactInterstate, dividedBy: one, to: .charge)
        international = basis.international
        intrastate = domestic - interstate
        nonTelecom = basis.nonTelecom
    }
}
