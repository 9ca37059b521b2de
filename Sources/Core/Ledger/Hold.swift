/// Money kept back for one call (rules W6, W12, M15).
public struct Hold: Hashable, Sendable {
    /// Where a call stands.
    public enum Phase: Hashable, Sendable {
        /// The call goes on, or nobody said that it ended.
        case open(until: Instant)
        /// The call ended; its usage record will capture the hold.
        case ended(at: Instant)
    }

    /// The call's `sip_uuid`.
    public let id: String
    /// What is kept back, four decimals.
    public var amount: Money
    /// How long the call is covered, from its start.
    public var reserveSeconds: Int
    public let price: CallPrice
    public var phase: Phase

    /// How far ahead a call is covered at a time.
    public static let stepSeconds = 300
    /// An open hold outlives its reserve by this much.
    public static let graceSeconds = 300
    /// An ended hold waits so long for its usage record.
    public static let captureSeconds = 7 * 86_400
    /// A switch cuts a call up to this much late (M15).
    static let switchDelaySeconds = 1

    public init(id: String, amount: Money, reserveSeconds: Int, price: CallPrice, phase: Phase) {
        self.id = id
        self.amount = amount
        self.reserveSeconds = reserveSeconds
        self.price = price
        self.phase = phase
    }

    /// From this instant on the hold is gone.
    public var expiresAt: Instant {
        switch phase {
        case .open(let until): until
        case .ended(let at): at.advanced(seconds: Hold.captureSeconds)
        }
    }

    /// Whether the hold is gone for an operation at this instant.
    public func isExpired(at now: Instant) -> Bool { now >= expiresAt }

    /// What a switch is told: it ends the call this long after its start (rule W12).
    public var switchSeconds: Int { reserveSeconds - Hold.switchDelaySeconds }
}

/// A granted or resized hold and the wallet with it.
public struct HoldDecision: Hashable, Sendable {
    public let wallet: WalletState
    public let hold: Hold
    /// How long the money would last.
    public let maximumSeconds: Int
}

extension WalletState {
    /// Keeps money back for a call that begins (rule W6). `existing` is the live hold of the same id, if there is one.
    public func authorize(
        _ id: String, price: CallPrice, existing: Hold?, cap: Int = CallPrice.defaultCap, at now: Instant
    ) throws(WalletRefusal) -> HoldDecision {
        guard existing == nil else { throw .holdExists }
        guard !isSuspended, !isBlocked else { throw .suspended }
        let maximum = price.maximumSeconds(available: available, cap: cap)
        guard maximum > 0 else { throw .insufficientFunds }
        return try holding(id, price: price, reserve: Hold.stepSeconds, maximum: maximum, previous: .zero, at: now)
    }

    /// Keeps more back for a call that goes on (rule W6). Refused where nothing can be added; the hold then stays as it was.
    /// An ended or unknown call has nothing to extend.
    public func extend(
        _ hold: Hold?, cap: Int = CallPrice.defaultCap, at now: Instant
    ) throws(WalletRefusal) -> HoldDecision {
        guard let hold, case .open = hold.phase else { throw .noHold }
        let maximum = hold.price.maximumSeconds(available: available.map { $0 + hold.amount }, cap: cap)
        guard maximum > hold.reserveSeconds else { throw .insufficientFunds }
        let decision = try holding(
            hold.id, price: hold.price, reserve: hold.reserveSeconds + Hold.stepSeconds, maximum: maximum,
            previous: hold.amount, at: now)
        guard decision.hold.reserveSeconds > hold.reserveSeconds else { throw .insufficientFunds }
        return decision
    }

    /// The call ended after so many seconds (rule W12): its hold becomes their price and waits for the usage record.
    /// A repeat with the same seconds gives the same amount; the first end counts for how long it waits.
    public func end(_ hold: Hold?, talkSeconds: Int, at now: Instant) throws(WalletRefusal) -> HoldDecision {
        guard var ended = hold else { throw .noHold }
        guard let charge = ended.price.charge(talkSeconds: talkSeconds) else { throw .amountOverflow }
        var wallet = self
        wallet.held = held - ended.amount
        ended.amount = charge.roundedUp(to: .ledger)
        wallet.held = wallet.held + ended.amount
        if case .open = ended.phase { ended.phase = .ended(at: now) }
        return HoldDecision(wallet: wallet, hold: ended, maximumSeconds: talkSeconds)
    }

    /// The call never came about, or its hold has expired: the money is free again.
    ///
    /// An ended hold that expired was never captured, which somebody must look at: flag `HOLD_UNCAPTURED` (rule W12).
    public func release(_ hold: Hold?, at now: Instant) throws(WalletRefusal) -> WalletDecision {
        guard let hold else { throw .noHold }
        return releasing(hold, at: now)
    }

    /// The same for a hold that is there.
    public func releasing(_ hold: Hold, at now: Instant) -> WalletDecision {
        var decision = WalletDecision(wallet: self)
        decision.wallet.held = held - hold.amount
        if case .ended = hold.phase, hold.isExpired(at: now) { decision.flags = [.holdUncaptured] }
        return decision
    }

    /// The hold that covers the largest boundary within `reserve` and `maximum`, but at least the initial increment.
    private func holding(
        _ id: String, price: CallPrice, reserve: Int, maximum: Int, previous: Money, at now: Instant
    ) throws(WalletRefusal) -> HoldDecision {
        let seconds = price.boundary(atOrBelow: min(maximum, reserve)) ?? price.terms.increments.initial
        guard let charge = price.charge(boundary: seconds) else { throw .amountOverflow }
        let hold = Hold(
            id: id, amount: charge.roundedUp(to: .ledger), reserveSeconds: seconds, price: price,
            phase: .open(until: now.advanced(seconds: seconds + Hold.graceSeconds)))
        var wallet = self
        wallet.held = held - previous + hold.amount
        return HoldDecision(wallet: wallet, hold: hold, maximumSeconds: maximum)
    }
}
