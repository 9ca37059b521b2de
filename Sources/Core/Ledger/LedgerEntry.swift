/// One signed change of a balance: a row of `transactions` (rule W7).
public struct LedgerEntry: Hashable, Sendable {
    /// Why a balance changed.
    public enum Kind: String, Sendable, CaseIterable {
        case charge, payment, refund, adjustment
    }

    public let kind: Kind
    /// Signed, never zero: a charge is negative.
    public let amount: Money
    public let balanceBefore: Money

    /// `balanceBefore + amount`.
    public var balanceAfter: Money { balanceBefore + amount }

    /// The entry of a change; nil where nothing changes.
    public init?(_ kind: Kind, amount: Money, balanceBefore: Money) {
        guard amount != .zero else { return nil }
        self.kind = kind
        self.amount = amount
        self.balanceBefore = balanceBefore
    }
}

/// The accounts of a customer's double entry.
public enum LedgerAccount: String, Sendable, CaseIterable {
    /// What we owe the customer: the balance paid in advance.
    case wallet
    /// Usage that accrued and stands on no invoice yet.
    case unbilled
    /// What the customer owes on issued invoices.
    case receivable
    /// What was earned.
    case revenue
    /// Money on its way between us, processors and banks.
    case cashClearing = "cash_clearing"
    /// What processors keep.
    case fees
    /// Taxes collected for others.
    case tax
    /// The part of usage below 0.0001 that no debit took yet (rule W1).
    case residue
    /// Refunds and credits that are no correction of usage.
    case adjustments
}

/// One row of the journal: an amount moves from the credit account to the debit account, so it balances by construction (M13).
public struct JournalLine: Hashable, Sendable {
    public let debit: LedgerAccount
    public let credit: LedgerAccount
    /// Greater than zero, at most five decimals.
    public let amount: Money

    /// The line of an amount; a negative one moves the other way, zero is no line.
    public init?(debit: LedgerAccount, credit: LedgerAccount, _ amount: Money) {
        precondition(debit != credit, "a journal line joins two accounts")
        guard amount != .zero else { return nil }
        self.debit = amount > .zero ? debit : credit
        self.credit = amount > .zero ? credit : debit
        self.amount = amount > .zero ? amount : -amount
    }
}
