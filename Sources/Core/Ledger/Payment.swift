/// A customer's order to pay an amount on an invoice: written by biller, carried out by wallet (M20).
public struct PaymentOrder: Hashable, Sendable {
    public let id: Identifier128
    public let invoice: Identifier128
    public let customer: CustomerID
    /// Greater than zero, two decimals.
    public let amount: Money

    public init(id: Identifier128, invoice: Identifier128, customer: CustomerID, amount: Money) {
        self.id = id
        self.invoice = invoice
        self.customer = customer
        self.amount = amount
    }
}

/// Money that reached us elsewhere, as NetSuite recorded it: credited by wallet (M20).
public struct PaymentReceived: Hashable, Sendable {
    public let id: Identifier128
    public let customer: CustomerID
    public let invoice: Identifier128?
    /// Greater than zero, two decimals.
    public let amount: Money
    public let receivedOn: UsageDay

    public init(id: Identifier128, customer: CustomerID, invoice: Identifier128?, amount: Money, receivedOn: UsageDay) {
        self.id = id
        self.customer = customer
        self.invoice = invoice
        self.amount = amount
        self.receivedOn = receivedOn
    }
}

extension WalletState {
    /// Money paid in advance (rule W8): the balance rises, alerts are measured from it anew, a suspension ends (W4).
    ///
    /// Refused with `amountOverflow` (rule W10); ask before a processor is asked for the money.
    public func topUp(_ amount: Money) throws(WalletRefusal) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        try decision.wallet.changeBalance(by: amount)
        decision.wallet.highWaterMark = decision.wallet.balance > .zero ? decision.wallet.balance : amount
        decision.wallet.alertLevel = nil
        decision.wallet.liftSuspension()
        decision.add(LedgerEntry(.payment, amount: amount, balanceBefore: balance))
        decision.add(JournalLine(debit: .cashClearing, credit: .wallet, amount))
        return decision
    }

    /// Money paid on invoices (rule W11): it lowers what is open, and only the rest raises the balance. No high-water mark.
    public func paid(_ amount: Money) throws(WalletRefusal) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        try decision.credit(amount, from: .cashClearing, as: .payment)
        decision.wallet.liftSuspension()
        return decision
    }
}

extension WalletDecision {
    /// An amount in the customer's favour: receivable first, the rest to the balance.
    mutating func credit(
        _ amount: Money, from account: LedgerAccount, as kind: LedgerEntry.Kind
    ) throws(WalletRefusal) {
        let settled = min(amount, max(wallet.receivable, .zero))
        let rest = amount - settled
        let before = wallet.balance
        try wallet.changeBalance(by: rest)
        wallet.receivable = wallet.receivable - settled
        add(LedgerEntry(kind, amount: rest, balanceBefore: before))
        add(JournalLine(debit: account, credit: .receivable, settled))
        add(JournalLine(debit: account, credit: .wallet, rest))
    }
}
