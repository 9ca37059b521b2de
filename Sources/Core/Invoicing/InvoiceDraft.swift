/// An invoice before it has a number: lines, taxes and totals, computed from usage and terms alone (rules I2–I5, T1–T5).
public struct InvoiceDraft: Hashable, Sendable {
    /// Usage by key, late usage by key, the recurring line, the minimum commitment.
    public let lines: [InvoiceLine]
    /// Sorted by id.
    public let taxes: [TaxLine]
    public let form499: Form499
    public let dueDate: UsageDay
    /// The tax that its usage alone causes: what a prepaid balance pays at issue (M26).
    public let taxOnUsage: Money

    /// Σ lines.
    public var subtotal: Money { lines.map(\.amount).total() }
    /// Σ rounded tax lines (rule T3).
    public var taxTotal: Money { taxes.map(\.amount).total() }
    /// Subtotal and taxes; what a balance has paid is not taken off yet (see `InvoiceSettlement`).
    public var total: Money { subtotal + taxTotal }
    /// Σ charges of the records it carries, exact.
    public var charges: Money { lines.filter(\.kind.isUsage).map(\.gross).total() }
    /// Σ nets of the records it carries, exact.
    public var usageNet: Money { lines.filter(\.kind.isUsage).map(\.net).total() }
    /// Σ rounded lines of the records it carries.
    public var usageAmount: Money { lines.filter(\.kind.isUsage).map(\.amount).total() }

    /// An invoice of usage under a customer's terms.
    public init(_ usage: InvoiceUsage, terms: InvoiceTerms, skus: SKUMap, taxRules: TaxRules) {
        let nets = NetGroup.nets(of: usage.groups, modifiers: terms.modifiers)
        let late = NetGroup.nets(of: usage.late, modifiers: InvoiceModifiers())
        let usageLines =
            InvoiceLine.lines(of: nets, kind: .usage, skus: skus)
            + InvoiceLine.lines(of: late, kind: .lateUsage, skus: skus)
        let recurring = terms.recurringFee.map { InvoiceLine(.recurring, key: .recurring, amount: $0, skus: skus) }
        let shortfall = terms.modifiers.minimum?.shortfall(below: usageLines).map {
            InvoiceLine(.minimumCommitment, key: .minimumCommitment, amount: $0, skus: skus)
        }
        lines = usageLines + [recurring, shortfall].compactMap { $0 }
        var basis = TaxBasis()
        for group in nets + late { basis.add(group.net, of: group.key) }
        // A shortfall is owed month by month like a fee, so it is taxed as one.
        basis.recurring = [recurring, shortfall].compactMap { $0?.amount }.total()
        taxes = TaxLine.lines(
            on: basis, profile: terms.tax, rules: taxRules, invoiceDate: terms.invoiceDate,
            chargesPerLine: terms.carriesMonthlyCharges)
        taxOnUsage = TaxLine.lines(
            on: basis.usageOnly, profile: terms.tax, rules: taxRules, invoiceDate: terms.invoiceDate,
            chargesPerLine: false
        ).map(\.amount).total()
        form499 = Form499(basis, profile: terms.tax, invoiceDate: terms.invoiceDate)
        dueDate = terms.payment.dueDate(invoiceDate: terms.invoiceDate)
    }
}

/// The usage that an invoice carries, summed by key.
public struct InvoiceUsage: Hashable, Sendable {
    /// Usage of the period. Made from records where there are bundles, else a store may sum.
    public let groups: [UsageGroup]
    /// Late records and corrections: billed at their rated charge, no modifier applies to them (rule I9).
    public let late: [UsageGroup]

    public init(groups: [UsageGroup], late: [UsageGroup] = []) {
        self.groups = groups.sorted { $0.key < $1.key }
        self.late = late.sorted { $0.key < $1.key }
    }
}

/// What an invoice depends on beside usage.
public struct InvoiceTerms: Hashable, Sendable {
    public var invoiceDate: UsageDay
    /// Days of the fee's month, and on how many of them the plan was in force (rule I5).
    public var daysInMonth: Int
    public var activeDays: Int
    public var payment: PaymentTerms
    public var tax: TaxProfile
    public var modifiers: InvoiceModifiers
    /// Whether monthly fees and taxes per line stand on this invoice (rule I5, `BillingCycle.carriesMonthlyCharges`).
    public var carriesMonthlyCharges: Bool

    public init(
        invoiceDate: UsageDay, daysInMonth: Int, activeDays: Int? = nil, payment: PaymentTerms, tax: TaxProfile,
        modifiers: InvoiceModifiers = InvoiceModifiers(), carriesMonthlyCharges: Bool = true
    ) {
        precondition(daysInMonth > 0, "a month has days")
        self.invoiceDate = invoiceDate
        self.daysInMonth = daysInMonth
        self.activeDays = activeDays ?? daysInMonth
        self.payment = payment
        self.tax = tax
        self.modifiers = modifiers
        self.carriesMonthlyCharges = carriesMonthlyCharges
    }

    /// The monthly fee by days, two decimals; nil where none stands on this invoice.
    var recurringFee: Money? {
        guard carriesMonthlyCharges, let fee = modifiers.monthlyFee else { return nil }
        return Money(rounding: Int128(fee.units) * Int128(activeDays), dividedBy: Int128(daysInMonth), to: .cents)
    }
}

extension ClassKey {
    /// The line of a minimum commitment (rule I9).
    public static let minimumCommitment = ClassKey("MINIMUM_COMMITMENT")
}

extension MinimumCommitment {
    /// What the named lines lack; nil where they reach it.
    func shortfall(below lines: [InvoiceLine]) -> Money? {
        let reached = lines.filter { keys?.contains($0.classKey) ?? true }.map(\.amount).total()
        return reached < amount ? amount - reached : nil
    }
}
