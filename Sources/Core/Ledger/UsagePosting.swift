/// How one charge met a wallet: charge = debit + accrued + change of residue, to the last digit (rule W1, M13).
public struct UsagePosting: Hashable, Sendable {
    /// The record's charge, five decimals; negative for a refund or a correction in the customer's favour.
    public let charge: Money
    /// What left the balance, four decimals; negative where it came back.
    public let debit: Money
    /// What was added to accrued, four decimals; negative where it was taken off.
    public let accrued: Money
    public let residueBefore: Money
    public let residueAfter: Money

    /// `residueAfter - residueBefore`.
    public var residueChange: Money { residueAfter - residueBefore }
}

extension WalletState {
    /// Posts a usage record's charge (rules W1, W3, W7–W9), closing the hold of its call in the same step (W12).
    ///
    /// The charge is never cut: beyond the credit limit it is booked all the same, flagged and the wallet suspended.
    /// Refused with `amountOverflow` (rule W10), and then the hold stays too.
    public func debit(_ charge: Money, closing hold: Hold? = nil, at now: Instant) throws(WalletRefusal)
        -> WalletDecision
    {
        var decision = WalletDecision(wallet: self)
        if let hold { decision.wallet.held = held - hold.amount }
        try decision.post(charge, as: .charge, against: .revenue)
        decision.wallet.suspendIfOverdrawn(&decision.flags)
        decision.alert = decision.wallet.raiseAlert()
        decision.recharge = decision.wallet.requestRecharge(at: now)
        return decision
    }

    /// Gives back an amount of usage (rule W4): it lowers accrued first, the rest raises the balance. `amount` is positive.
    public func refund(_ amount: Money) throws(WalletRefusal) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        try decision.post(-amount, as: .refund, against: .adjustments)
        decision.wallet.liftSuspension()
        return decision
    }

    /// Posts the net of a re-rated record (rule W13): no alert, no recharge, no fraud control sees it.
    public func correct(by net: Money) throws(WalletRefusal) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        try decision.post(net, as: .adjustment, against: .revenue)
        if net > .zero { decision.wallet.suspendIfOverdrawn(&decision.flags) } else { decision.wallet.liftSuspension() }
        return decision
    }

    /// Splits a charge over residue, balance and accrued (rules W1, W3, W4).
    mutating func post(_ charge: Money) throws(WalletRefusal) -> UsagePosting {
        let exact = residue + charge
        let whole = exact.roundedDown(to: .ledger)
        let fromBalance = shareOfBalance(in: whole)
        try changeBalance(by: -fromBalance)
        let posting = UsagePosting(
            charge: charge, debit: fromBalance, accrued: whole - fromBalance, residueBefore: residue,
            residueAfter: exact - whole)
        accrued = accrued + posting.accrued
        residue = posting.residueAfter
        return posting
    }

    /// What of a whole debit the balance takes; a negative debit is a credit, which lowers accrued first.
    private func shareOfBalance(in debit: Money) -> Money {
        if debit < .zero {
            switch model {
            case .prepaid: return debit
            case .hybrid, .postpaid: return min(debit + max(accrued, .zero), .zero)
            }
        }
        switch model {
        case .prepaid: return debit
        case .hybrid: return min(debit, max(balance, .zero))
        case .postpaid: return .zero
        }
    }

    /// Suspends a wallet that has gone beyond its credit limit (rule W3); holds and receivable do not count here.
    mutating func suspendIfOverdrawn(_ flags: inout [WalletFlag]) {
        guard let limit = effectiveCreditLimit, balance + limit - accrued < .zero else { return }
        isSuspended = true
        flags.append(.overdrawn)
    }
}

extension WalletDecision {
    /// Posts a charge and notes its rows: what the customer is charged is credited to `account` in full.
    fileprivate mutating func post(
        _ charge: Money, as kind: LedgerEntry.Kind, against account: LedgerAccount
    ) throws(WalletRefusal) {
        let before = wallet.balance
        let posting = try wallet.post(charge)
        self.posting = posting
        add(LedgerEntry(kind, amount: -posting.debit, balanceBefore: before))
        add(JournalLine(debit: .wallet, credit: account, posting.debit))
        add(JournalLine(debit: .unbilled, credit: account, posting.accrued))
        add(JournalLine(debit: .residue, credit: account, posting.residueChange))
    }
}
