/// What an issued invoice moves in a wallet (rule W11, M14, M26): see `InvoiceSettlement`, which makes it.
public struct InvoiceMovement: Hashable, Sendable {
    /// The usage it carries that had accrued: Σ `usage_postings.accrued` over its records, four decimals.
    public let accruedCarried: Money
    /// What it leaves to pay, tax included, two decimals; negative is a credit.
    public let amountDue: Money
    /// The tax in `amountDue`.
    public let taxDue: Money
    /// The tax on usage that the wallet took, debited from a prepaid balance with the invoice as reference (M26).
    public let taxFromBalance: Money

    public init(accruedCarried: Money, amountDue: Money, taxDue: Money, taxFromBalance: Money) {
        self.accruedCarried = accruedCarried
        self.amountDue = amountDue
        self.taxDue = taxDue
        self.taxFromBalance = taxFromBalance
    }

    /// What is due beyond accrued usage and tax: fees, and the cents between exact usage and rounded lines, less discounts.
    public var otherDue: Money { amountDue - accruedCarried - taxDue }

    /// The same the other way round.
    public var reversed: InvoiceMovement {
        InvoiceMovement(
            accruedCarried: -accruedCarried, amountDue: -amountDue, taxDue: -taxDue, taxFromBalance: -taxFromBalance)
    }
}

extension WalletState {
    /// An invoice was issued: accrued usage becomes receivable, a prepaid customer's tax leaves the balance.
    ///
    /// An amount due below zero lowers what is open on other invoices first and raises the balance with the rest. Alerts,
    /// recharge and suspension for overdraft belong to usage and are not asked here.
    public func invoiced(_ movement: InvoiceMovement) throws(WalletRefusal) -> WalletDecision {
        let settled = max(movement.amountDue, -max(receivable, .zero))
        let returned = settled - movement.amountDue
        var decision = WalletDecision(wallet: self)
        decision.wallet.accrued = accrued - movement.accruedCarried
        decision.wallet.receivable = receivable + settled
        try decision.wallet.changeBalance(by: returned - movement.taxFromBalance)
        if returned > .zero { decision.wallet.liftSuspension() }
        decision.add(LedgerEntry(.adjustment, amount: returned - movement.taxFromBalance, balanceBefore: balance))
        decision.add(JournalLine(debit: .receivable, credit: .unbilled, movement.accruedCarried))
        decision.add(JournalLine(debit: .receivable, credit: .tax, movement.taxDue))
        decision.add(JournalLine(debit: .receivable, credit: .revenue, movement.otherDue))
        decision.add(JournalLine(debit: .wallet, credit: .tax, movement.taxFromBalance))
        decision.add(JournalLine(debit: .receivable, credit: .wallet, returned))
        return decision
    }

    /// An issued invoice was voided: both movements are booked back (M14). What had been paid on it raises the balance.
    public func voided(_ movement: InvoiceMovement) throws(WalletRefusal) -> WalletDecision {
        try invoiced(movement.reversed)
    }
}
