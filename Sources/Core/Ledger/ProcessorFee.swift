/// What payment processors keep of a payment (rule I8).
public enum ProcessorFee {
    /// Of a card: 2.9 % + 0.30 USD, two decimals.
    public static func card(_ amount: Money) -> Money {
        Money(rounding: Int128(amount.units) * 29 + Int128(Money.cents(30).units) * 1_000, dividedBy: 1_000, to: .cents)
    }

    /// Of a transfer between banks: 0.8 %, at most 5.00 USD, two decimals.
    public static func ach(_ amount: Money) -> Money {
        min(Money(rounding: Int128(amount.units) * 8, dividedBy: 1_000, to: .cents), Money.cents(500))
    }
}

extension Money {
    /// So many cents.
    fileprivate static func cents(_ count: Int64) -> Money { Money(units: count * MoneyScale.cents.units) }
}

extension WalletState {
    /// A payment that was credited has gone back: its bank returned it, or we gave it back. The balance falls, below its limit if it must; what had been
    /// paid on invoices stays paid, and is owed by the balance.
    public func paymentReversed(_ amount: Money) throws(WalletRefusal) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        try decision.wallet.changeBalance(by: -amount)
        decision.wallet.suspendIfOverdrawn(&decision.flags)
        decision.add(LedgerEntry(.refund, amount: -amount, balanceBefore: balance))
        decision.add(JournalLine(debit: .wallet, credit: .cashClearing, amount))
        return decision
    }

    /// A processor's fee is settled: ours to bear, so it changes nothing of the customer's.
    public func feeSettled(_ fee: Money) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        decision.add(JournalLine(debit: .fees, credit: .cashClearing, fee))
        return decision
    }
}
