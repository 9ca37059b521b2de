/// A customer's standing order to fill the balance up when it runs low (rule W9).
public struct AutoRecharge: Hashable, Sendable {
    public var isEnabled: Bool
    /// A balance below this one, strictly, asks for a recharge.
    public var threshold: Money
    /// What is asked for, two decimals.
    public var amount: Money
    /// Failures in a row.
    public var failures: Int
    /// A request is with the processor.
    public var isPending: Bool
    /// When the last request was made.
    public var lastRequestAt: Instant?

    /// After so many failures in a row the order is switched off.
    public static let maximumFailures = 3
    /// Between two requests at least this many milliseconds pass.
    public static let pauseMilliseconds: Int64 = 3_600_000

    public init(
        isEnabled: Bool, threshold: Money, amount: Money, failures: Int = 0, isPending: Bool = false,
        lastRequestAt: Instant? = nil
    ) {
        self.isEnabled = isEnabled
        self.threshold = threshold
        self.amount = amount
        self.failures = failures
        self.isPending = isPending
        self.lastRequestAt = lastRequestAt
    }
}

extension WalletState {
    /// The amount to ask a processor for after a debit, if one is due; it is pending from then on.
    ///
    /// An amount that the balance could not take (rule W10) is not asked for.
    mutating func requestRecharge(at now: Instant) -> Money? {
        guard model != .postpaid, var order = autoRecharge, order.isEnabled, !order.isPending,
            balance < order.threshold, WalletState.canHold(balance, plus: order.amount)
        else { return nil }
        if let last = order.lastRequestAt, now - last < AutoRecharge.pauseMilliseconds { return nil }
        order.isPending = true
        order.lastRequestAt = now
        autoRecharge = order
        return order.amount
    }

    /// The processor has paid the pending recharge: a top-up, and the failures are forgotten (rule W9).
    ///
    /// `amount` is what was paid. Refused as `noRecharge` with none pending (a repeated answer), `amountOverflow` by W10.
    public func rechargePaid(_ amount: Money) throws(WalletRefusal) -> WalletDecision {
        guard let order = autoRecharge, order.isPending else { throw .noRecharge }
        var decision = try topUp(amount)
        decision.wallet.autoRecharge?.isPending = false
        decision.wallet.autoRecharge?.failures = 0
        return decision
    }

    /// The processor has refused the pending recharge; the third time in a row switches the order off (rule W9).
    public func rechargeFailed() throws(WalletRefusal) -> WalletDecision {
        guard var order = autoRecharge, order.isPending else { throw .noRecharge }
        order.isPending = false
        order.failures += 1
        var decision = WalletDecision(wallet: self)
        if order.failures >= AutoRecharge.maximumFailures, order.isEnabled {
            order.isEnabled = false
            decision.flags = [.autoRechargeDisabled]
        }
        decision.wallet.autoRecharge = order
        return decision
    }
}
