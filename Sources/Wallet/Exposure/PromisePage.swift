import Core

/// A hold that was promised, and how much of it PostgreSQL knows of.
struct PromisedHold: Sendable {
    var row: HoldRow
    /// What the hold was when PostgreSQL went away; zero for a call that began later.
    let known: Money

    /// What is kept back beyond what PostgreSQL knows.
    var promised: Money {
        switch row.state {
        case .open, .ended: max(.zero, row.hold.amount - known)
        case .captured, .released, .expired: .zero
        }
    }
}

/// The questions of one batch, decided without PostgreSQL (rules W5, W6): on what was last seen of the wallets, and up to the exposure.
struct PromisePage: Sendable {
    /// What a customer is promised at most.
    let exposure: Money
    /// The calls of the batch that hold something, as far as this instance knows them.
    private(set) var holds: [UsageID: PromisedHold]
    /// What each customer of the batch was promised so far.
    private(set) var promised: [CustomerID: Money]
    /// What was last seen of their wallets.
    let balances: [CustomerID: CachedBalance]
    /// What has to be in the journal before anybody is answered.
    private(set) var entries: [PromiseEntry] = []

    init(
        exposure: Money, holds: [UsageID: PromisedHold], promised: [CustomerID: Money],
        balances: [CustomerID: CachedBalance]
    ) {
        self.exposure = exposure
        self.holds = holds
        self.promised = promised
        self.balances = balances
    }

    /// Decides on one question, as the wallet itself would.
    mutating func decide(_ order: HoldOrder, at now: Instant) -> HoldAnswer {
        do throws(WalletRefusal) {
            switch order.wish {
            case .authorize(let customer, let price, let question):
                if let known = holds[order.id]?.row {
                    guard known.question == question, known.state == .open, known.isLive(at: now) else {
                        throw .holdExists
                    }
                    return .granted(known.hold.switchSeconds)
                }
                return try authorize(order, customer, price, question, at: now)
            case .extend:
                guard let known = holds[order.id], known.row.isLive(at: now) else { throw .noHold }
                return try extend(known, at: now)
            case .end(let seconds):
                guard let known = holds[order.id] else {
                    entries.append(.end(call: order.call, seconds: seconds))
                    return .granted(nil)
                }
                guard known.row.isLive(at: now) else { throw .noHold }
                try end(known, after: seconds, at: now)
                return .granted(nil)
            }
        } catch {
            return .refused(error.rawValue)
        }
    }

    private mutating func authorize(
        _ order: HoldOrder, _ customer: CustomerID, _ price: CallPrice, _ question: Identifier128, at now: Instant
    ) throws(WalletRefusal) -> HoldAnswer {
        guard let balance = balances[customer] else { return .refused(PromiseRefusal.balanceUnknown.rawValue) }
        do throws(WalletRefusal) {
            let decision = try wallet(balance).authorize(order.call, price: price, existing: nil, at: now)
            let row = HoldRow(
                id: order.id, customer: customer, hold: decision.hold, question: question, createdAt: now)
            keep(PromisedHold(row: row, known: .zero))
            return .granted(decision.hold.switchSeconds)
        } catch {
            return try refused(error, isCovered: price.maximumSeconds(available: unbounded(balance)) > 0)
        }
    }

    private mutating func extend(_ known: PromisedHold, at now: Instant) throws(WalletRefusal) -> HoldAnswer {
        guard let balance = balances[known.row.customer] else {
            return .refused(PromiseRefusal.balanceUnknown.rawValue)
        }
        let hold = known.row.hold
        do throws(WalletRefusal) {
            let decision = try wallet(balance).extend(hold, at: now)
            var extended = known
            extended.row.hold = decision.hold
            keep(extended)
            return .granted(decision.hold.switchSeconds)
        } catch {
            let most = hold.price.maximumSeconds(available: unbounded(balance).map { $0 + hold.amount })
            return try refused(error, isCovered: most > hold.reserveSeconds)
        }
    }

    /// A refusal of the wallet, or of the exposure where the wallet would have covered it.
    private func refused(_ refusal: WalletRefusal, isCovered: Bool) throws(WalletRefusal) -> HoldAnswer {
        guard refusal == .insufficientFunds, isCovered else { throw refusal }
        return .refused(PromiseRefusal.exposureUsed.rawValue)
    }

    private mutating func end(_ known: PromisedHold, after seconds: Int, at now: Instant) throws(WalletRefusal) {
        var ended = known
        if seconds == 0 {
            ended.row.state = .released
        } else {
            ended.row.hold = try WalletState(model: .prepaid).end(known.row.hold, talkSeconds: seconds, at: now).hold
            ended.row.state = .ended
        }
        keep(ended)
    }

    /// A wallet of what may still be promised: the exposure or what is available, the smaller one, less what was promised already.
    private func wallet(_ balance: CachedBalance) -> WalletState {
        let limit = min(balance.available ?? exposure, exposure)
        return WalletState(
            model: .prepaid, balance: limit - promised[balance.customer, default: .zero],
            isSuspended: balance.isSuspended)
    }

    /// What could be promised if the exposure were no bound; nil without limit.
    private func unbounded(_ balance: CachedBalance) -> Money? {
        balance.available.map { $0 - promised[balance.customer, default: .zero] }
    }

    private mutating func keep(_ hold: PromisedHold) {
        let before = holds[hold.row.id]?.promised ?? .zero
        promised[hold.row.customer, default: .zero] =
            promised[hold.row.customer, default: .zero] - before
            + hold.promised
        holds[hold.row.id] = hold
        entries.append(.hold(hold.row))
    }
}

/// Why a call is refused while PostgreSQL is away, beside the wallet's own reasons.
enum PromiseRefusal: String, Sendable, CaseIterable {
    /// The customer has money, and was promised as much as may be.
    case exposureUsed = "EXPOSURE_USED"
    /// Nobody has seen the customer's wallet.
    case balanceUnknown = "BALANCE_UNKNOWN"
}
