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

/// What somebody wants of a standing order.
public struct AutoRechargeWish: Hashable, Sendable {
    public let isEnabled: Bool
    /// Nil leaves it as it is.
    public let threshold: Money?
    /// Nil leaves it as it is.
    public let amount: Money?

    public init(isEnabled: Bool, threshold: Money?, amount: Money?) {
        self.isEnabled = isEnabled
        self.threshold = threshold
        self.amount = amount
    }
}

/// Why a standing order stays as it is.
public enum AutoRechargeRefusal: Error, Hashable, Sendable {
    /// A postpaid balance is never filled up.
    case postpaid
    /// Neither the wish nor an order before says when.
    case noThreshold
    /// Neither the wish nor an order before says how much.
    case noAmount
}

extension WalletState {
    /// The wallet with its standing order as it is wanted. Switching it on forgets the failures; a request that is with the processor stays so. An order
    /// that never was is switched off without a trace.
    public func ordering(_ wish: AutoRechargeWish) throws(AutoRechargeRefusal) -> WalletState {
        if wish.isEnabled, model == .postpaid { throw .postpaid }
        let threshold = wish.threshold ?? autoRecharge?.threshold
        let amount = wish.amount ?? autoRecharge?.amount
        var wallet = self
        if !wish.isEnabled, threshold == nil, amount == nil { return wallet }
        guard let threshold else { throw .noThreshold }
        guard let amount else { throw .noAmount }
        var order = autoRecharge ?? AutoRecharge(isEnabled: false, threshold: threshold, amount: amount)
        order.isEnabled = wish.isEnabled
        order.threshold = threshold
        order.amount = amount
        if wish.isEnabled { order.failures = 0 }
        wallet.autoRecharge = order
        return wallet
    }
}
