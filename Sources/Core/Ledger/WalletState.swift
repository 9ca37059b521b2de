/// A customer's account at one moment, of every model (rules W1–W13). What happens to it is decided here and written by the
/// wallet daemon: each decision is a new state and the rows that go with it.
public struct WalletState: Hashable, Sendable {
    public var model: BillingModel
    /// Paid in advance, four decimals; negative is an overdraft of a prepaid customer.
    public var balance: Money
    /// How far below zero the wallet may go. Nil is unlimited for POSTPAID and zero for the others (rule W2).
    public var creditLimit: Money?
    /// Usage that no balance paid and no invoice carries yet, four decimals.
    public var accrued: Money
    /// What is open on issued invoices, two decimals.
    public var receivable: Money
    /// Usage not debited yet, in [0, 0.0001): the fifth decimal of charges (rule W1).
    public var residue: Money
    /// The sum of the wallet's holds.
    public var held: Money
    /// The balance after the last top-up, by which alerts are measured; nil before the first (rule W8).
    public var highWaterMark: Money?
    /// The alert that was sent since the last top-up.
    public var alertLevel: BalanceAlert?
    /// Overdrawn: ends by itself when money comes (rules W3, W4).
    public var isSuspended: Bool
    /// Stopped by fraud control or by hand: money does not lift it (rule W4).
    public var isBlocked: Bool
    public var autoRecharge: AutoRecharge?

    /// A wallet of a model; everything not named is zero, nil or off.
    public init(
        model: BillingModel, balance: Money = .zero, creditLimit: Money? = nil, accrued: Money = .zero,
        receivable: Money = .zero, residue: Money = .zero, held: Money = .zero, highWaterMark: Money? = nil,
        alertLevel: BalanceAlert? = nil, isSuspended: Bool = false, isBlocked: Bool = false,
        autoRecharge: AutoRecharge? = nil
    ) {
        self.model = model
        self.balance = balance
        self.creditLimit = creditLimit
        self.accrued = accrued
        self.receivable = receivable
        self.residue = residue
        self.held = held
        self.highWaterMark = highWaterMark
        self.alertLevel = alertLevel
        self.isSuspended = isSuspended
        self.isBlocked = isBlocked
        self.autoRecharge = autoRecharge
    }

    /// What may still be spent: balance + credit limit − accrued − receivable − holds. Nil is without limit (rules W2, W11).
    public var available: Money? {
        guard let limit = effectiveCreditLimit else { return nil }
        return balance + limit - accrued - receivable - held
    }

    /// The credit limit with the meaning of nil settled: nil stays only where it means unlimited.
    var effectiveCreditLimit: Money? {
        if let creditLimit { return creditLimit }
        return model == .postpaid ? nil : .zero
    }

    /// A balance stays below this, on both sides of zero: its column ends there (rule W10).
    public static let balanceBound = Money(units: 1_000_000 * 10_000_000)

    /// Whether a balance can take a change (rule W10).
    static func canHold(_ balance: Money, plus change: Money) -> Bool {
        let sum = Int128(balance.units) + Int128(change.units)
        return sum.magnitude < UInt128(balanceBound.units)
    }

    /// Changes the balance, or refuses with `amountOverflow` (rule W10).
    mutating func changeBalance(by change: Money) throws(WalletRefusal) {
        guard WalletState.canHold(balance, plus: change) else { throw .amountOverflow }
        balance = balance + change
    }

    /// Ends the suspension of an overdrawn wallet once it has money again (rule W4).
    mutating func liftSuspension() {
        guard let available else {
            isSuspended = false
            return
        }
        if available > .zero { isSuspended = false }
    }
}

/// Why a wallet does not do what it was asked to.
public enum WalletRefusal: String, Error, Sendable, CaseIterable {
    /// The balance would leave its column (rule W10).
    case amountOverflow = "AMOUNT_OVERFLOW"
    /// Overdrawn or blocked: no new calls (rule W6).
    case suspended = "SUSPENDED"
    /// Not a second of the call is covered (rules W5, W6).
    case insufficientFunds = "INSUFFICIENT_FUNDS"
    /// The call holds money already (rule W6).
    case holdExists = "HOLD_EXISTS"
    /// The call holds none (rule W6).
    case noHold = "NO_HOLD"
    /// No recharge is pending (rule W9).
    case noRecharge = "NO_RECHARGE"
}

/// What is worth telling about a decision.
public enum WalletFlag: String, Sendable, CaseIterable {
    /// Auto-recharge was switched off after three failures (rule W9).
    case autoRechargeDisabled = "AUTO_RECHARGE_DISABLED"
    /// An ended call's hold was never captured (rule W12).
    case holdUncaptured = "HOLD_UNCAPTURED"
    /// The charge went beyond the credit limit (rule W3).
    case overdrawn = "OVERDRAWN"
}

/// What a wallet answers: its new state, and the rows and messages that go with it.
public struct WalletDecision: Hashable, Sendable {
    public var wallet: WalletState
    /// Rows of `transactions`: one for each change of the balance.
    public var entries: [LedgerEntry]
    /// Rows of `journal`.
    public var journal: [JournalLine]
    /// How a charge, a refund or a correction was split; nil for anything else.
    public var posting: UsagePosting?
    /// The alert to send.
    public var alert: BalanceAlert?
    /// The amount to ask a processor for.
    public var recharge: Money?
    /// Sorted by name.
    public var flags: [WalletFlag]

    /// A decision that changes nothing but the state.
    init(wallet: WalletState) {
        self.wallet = wallet
        entries = []
        journal = []
        flags = []
    }

    /// Notes a change of the balance.
    mutating func add(_ entry: LedgerEntry?) {
        if let entry { entries.append(entry) }
    }

    /// Notes a movement between accounts.
    mutating func add(_ line: JournalLine?) {
        if let line { journal.append(line) }
    }
}
