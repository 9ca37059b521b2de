/// How an invoice meets the wallet: what the balance has paid already, and what is left to pay (rules W1, W11, I5; M22, M26).
///
/// Charges = taken from the balance + accrued + residue, to the last digit. Of its usage lines an invoice leaves due what had
/// accrued less what the modifiers took off, rounded once; it shows the rest as paid from the balance. So a prepaid customer's
/// usage is due at 0.00, and discounts on it come back to the balance in full.
public struct InvoiceSettlement: Hashable, Sendable {
    /// What the wallet made of exactly the records that an invoice carries: sums over `usage_postings`.
    public struct Postings: Hashable, Sendable {
        /// Σ charges, five decimals.
        public var charges: Money
        /// Σ debits from the balance, four decimals.
        public var debits: Money
        /// Σ accrued, four decimals.
        public var accrued: Money

        /// Sums; all zero is no record.
        public init(charges: Money = .zero, debits: Money = .zero, accrued: Money = .zero) {
            self.charges = charges
            self.debits = debits
            self.accrued = accrued
        }

        /// Adds one record's posting.
        public mutating func add(_ posting: UsagePosting) {
            charges = charges + posting.charge
            debits = debits + posting.debit
            accrued = accrued + posting.accrued
        }
    }

    /// What the balance took of the invoice's usage, four decimals.
    public let takenFromBalance: Money
    /// What of its usage had accrued, four decimals.
    public let accruedCarried: Money
    /// What of its usage lies in the residue, five decimals; below zero where earlier usage's residue was debited with it.
    public let residueChange: Money
    /// What the modifiers took off, five decimals.
    public let discounts: Money
    /// What rounding the usage lines to cents added, five decimals.
    public let lineRounding: Money
    /// The line "paid from balance", two decimals: taken off subtotal and taxes.
    public let paidFromBalance: Money
    /// The tax on usage, which leaves a prepaid balance at issue (M26), two decimals.
    public let taxFromBalance: Money
    /// What is left to pay; below zero it is a credit.
    public let amountDue: Money
    /// The tax in `amountDue`.
    public let taxDue: Money

    /// What of the usage lines is still due, two decimals.
    public let usageDue: Money

    /// Why an invoice cannot be settled.
    public enum Fault: Error, Hashable, Sendable {
        /// The postings are not those of the invoice's records: one is missing or parked.
        case chargesDiffer(invoice: Money, postings: Money)
    }

    /// The settlement of a draft with what the wallet made of its records. The postings are over exactly those records.
    public init(_ draft: InvoiceDraft, model: BillingModel, postings: Postings) throws(Fault) {
        guard draft.charges == postings.charges else {
            throw .chargesDiffer(invoice: draft.charges, postings: postings.charges)
        }
        takenFromBalance = postings.debits
        accruedCarried = postings.accrued
        residueChange = postings.charges - postings.debits - postings.accrued
        discounts = draft.charges - draft.usageNet
        lineRounding = draft.usageAmount - draft.usageNet
        // Where the balance took nothing, the lines are due as they stand.
        usageDue = takenFromBalance == .zero ? draft.usageAmount : (accruedCarried - discounts).rounded(to: .cents)
        paidFromBalance = draft.usageAmount - usageDue
        switch model {
        case .prepaid: taxFromBalance = draft.taxOnUsage
        case .hybrid, .postpaid: taxFromBalance = .zero
        }
        taxDue = draft.taxTotal - taxFromBalance
        amountDue = draft.total - paidFromBalance - taxFromBalance
    }

    /// What the wallet books when the invoice is issued.
    public var movement: InvoiceMovement {
        InvoiceMovement(
            accruedCarried: accruedCarried, amountDue: amountDue, taxDue: taxDue, taxFromBalance: taxFromBalance)
    }
}
