import Core
import Drivers
import Reference

/// Holds of calls under way. Questions that come together are decided one after the other in one transaction, under the locks of their wallets; so
/// any number of instances give away no cent twice, and what is answered is durable.
struct HoldBook: Sendable {
    let pool: PostgresPool
    /// Hears of changed wallets and holds after each commit.
    var watch = WalletWatch()

    /// Answers questions, in their order.
    func settle(_ orders: [HoldOrder], at now: Instant) async throws -> [HoldAnswer] {
        do {
            return try await settleOnce(orders, at: now)
        } catch let error as PostgresError where error.sqlState == HoldRow.taken {
            // Two customers named one call: now the other one's hold is there to be seen.
            return try await settleOnce(orders, at: now)
        }
    }

    private func settleOnce(_ orders: [HoldOrder], at now: Instant) async throws -> [HoldAnswer] {
        let (answers, stored) = try await pool.withTransaction { transaction in
            var page = try HoldPage(of: orders, at: now, in: transaction)
            let answers = orders.map { page.decide($0, at: now) }
            return (answers, page.store(at: now, in: transaction))
        }
        tell(stored)
        return answers
    }

    /// Lets the watch know what a commit has written.
    func tell(_ stored: HoldPage.Stored) {
        watch.wallets(stored.wallets)
        watch.holds(stored.holds)
    }

    /// Frees the money of holds whose time is over, of some customers at a time; those of ended calls that no usage record has captured.
    func expire(at now: Instant) async throws -> [HoldRow] {
        var uncaptured: [HoldRow] = []
        while true {
            let customers = try await pool.query(
                """
                SELECT DISTINCT customer_id FROM (
                    SELECT customer_id FROM billing.holds WHERE state IN ('open', 'ended') AND expires_at <= \(now)
                    ORDER BY expires_at LIMIT 1000) AS due
                """
            ).map { try $0.value("customer_id", as: CustomerID.self) }
            guard !customers.isEmpty else { return uncaptured }
            let (page, stored) = try await pool.withTransaction { transaction in
                let page = try HoldPage(of: [], and: customers, at: now, in: transaction)
                return (page, page.store(at: now, in: transaction))
            }
            tell(stored)
            uncaptured += page.uncaptured
            // Another instance was faster.
            guard page.isChanged else { return uncaptured }
        }
    }

    /// Removes what is known of calls that were over before an instant.
    func forget(before: Instant) async throws {
        try await pool.execute("DELETE FROM billing.holds WHERE closed_at < \(before)")
    }
}

/// The wallets and holds of one transaction.
struct HoldPage: Sendable {
    private(set) var wallets: [CustomerID: WalletRow]
    private var holds: [UsageID: HoldRow]
    private var changedWallets: Set<CustomerID> = []
    private var changedHolds: Set<UsageID> = []
    /// Calls that have a row.
    private let known: Set<UsageID>
    /// Holds of ended calls that expired: no usage record has captured them (flag `HOLD_UNCAPTURED`).
    private(set) var uncaptured: [HoldRow] = []

    /// Locks the wallets of the orders' calls and reads their holds; those whose time is over are released (rule W6).
    init(
        of orders: [HoldOrder], and others: [CustomerID] = [], at now: Instant, in transaction: PostgresTransaction
    ) throws {
        let ids = Set(orders.map(\.id))
        var customers = Set(others)
        for case .authorize(let customer, _, _) in orders.map(\.wish) { customers.insert(customer) }
        // Also of a call that another customer's question names: it holds what it holds.
        if orders.contains(where: { $0.isAboutKnownCall }) {
            customers.formUnion(try HoldRow.customers(of: Array(ids), in: transaction))
        }
        let sorted = customers.sorted()
        // A plan that was made while the tables were small would read all of them.
        transaction.queue("SET LOCAL enable_seqscan = off")
        var answers = try transaction.queries(
            WalletRow.locking(sorted), HoldRow.reading(Array(ids), dueOf: sorted, at: now))
        wallets = try WalletRow.read(answers[0])
        if wallets.count < sorted.count {
            try WalletStore.makeMissingWallets(of: sorted, at: now, in: transaction)
            answers = try transaction.queries(
                WalletRow.locking(sorted), HoldRow.reading(Array(ids), dueOf: sorted, at: now))
            wallets = try WalletRow.read(answers[0])
        }
        let rows = try HoldRow.read(answers[1])
        holds = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
        known = Set(rows.map(\.id))
        for row in rows where (row.state == .open || row.state == .ended) && row.hold.isExpired(at: now) {
            release(row, as: .expired, at: now)
        }
    }

    /// Decides on one question.
    mutating func decide(_ order: HoldOrder, at now: Instant) -> HoldAnswer {
        do throws(WalletRefusal) {
            switch order.wish {
            case .authorize(let customer, let price, let question):
                return try authorize(order, customer, price, question, at: now)
            case .extend:
                let row = try live(order.id, at: now)
                let decision = try wallet(row.customer).state.extend(row.hold, at: now)
                keep(decision, row)
                return .granted(decision.hold.switchSeconds)
            case .end(let seconds):
                let row = try live(order.id, at: now)
                if seconds == 0 {
                    // No usage record of it will have a charge, and none would capture it.
                    release(row, as: .released, at: now)
                } else {
                    var ended = row
                    ended.state = .ended
                    keep(try wallet(row.customer).state.end(row.hold, talkSeconds: seconds, at: now), ended)
                }
                return .granted(nil)
            }
        } catch {
            return .refused(error.rawValue)
        }
    }

    private mutating func authorize(
        _ order: HoldOrder, _ customer: CustomerID, _ price: CallPrice, _ question: Identifier128, at now: Instant
    ) throws(WalletRefusal) -> HoldAnswer {
        if let row = holds[order.id] {
            guard row.question == question, row.state == .open else { throw .holdExists }
            return .granted(row.hold.switchSeconds)
        }
        guard let wallet = wallets[customer] else { return .refused(Flag.unknownCustomer.name) }
        let decision = try wallet.state.authorize(order.call, price: price, existing: nil, at: now)
        keep(
            decision,
            HoldRow(id: order.id, customer: customer, hold: decision.hold, question: question, createdAt: now))
        return .granted(decision.hold.switchSeconds)
    }

    private func live(_ id: UsageID, at now: Instant) throws(WalletRefusal) -> HoldRow {
        guard let row = holds[id], row.isLive(at: now) else { throw .noHold }
        return row
    }

    private func wallet(_ customer: CustomerID) throws(WalletRefusal) -> WalletRow {
        guard let wallet = wallets[customer] else { throw .noHold }
        return wallet
    }

    private mutating func keep(_ decision: HoldDecision, _ row: HoldRow) {
        var row = row
        row.hold = decision.hold
        wallets[row.customer]?.state = decision.wallet
        note(row)
    }

    private mutating func release(_ row: HoldRow, as state: HoldRow.State, at now: Instant) {
        guard let wallet = wallets[row.customer] else { return }
        let decision = wallet.state.releasing(row.hold, at: now)
        // One over nothing is not looked for when its usage comes.
        if decision.flags.contains(.holdUncaptured), row.hold.amount > .zero { uncaptured.append(row) }
        var closed = row
        closed.state = state
        wallets[row.customer]?.state = decision.wallet
        note(closed)
    }

    private mutating func note(_ row: HoldRow) {
        holds[row.id] = row
        changedHolds.insert(row.id)
        changedWallets.insert(row.customer)
    }

    /// Whether there is anything to write.
    var isChanged: Bool { !changedHolds.isEmpty }

    /// What a commit has written.
    struct Stored: Sendable {
        let wallets: [WalletRow]
        let holds: [HoldRow]
    }

    /// Writes what has changed: of wallets, only what their holds come to. It goes out with COMMIT.
    func store(at now: Instant, in transaction: PostgresTransaction) -> Stored {
        let changed = changedHolds.compactMap { holds[$0] }
        HoldRow.add(changed.filter { !known.contains($0.id) }, in: transaction)
        HoldRow.change(changed.filter { known.contains($0.id) }, at: now, in: transaction)
        let stored = WalletRow.storeHeld(
            changedWallets.sorted().compactMap { wallets[$0] }, at: now, in: transaction)
        return Stored(wallets: stored, holds: changed)
    }

    /// The hold of a call, as far as there is one.
    func hold(of id: UsageID) -> HoldRow? { holds[id] }

    /// Puts a hold as it is to be, and moves what its wallet holds by a change.
    mutating func put(_ row: HoldRow, changing held: Money) {
        guard var wallet = wallets[row.customer] else { return }
        wallet.state.held = wallet.state.held + held
        wallets[row.customer] = wallet
        note(row)
    }
}

extension HoldOrder {
    /// Whether whose call it is can only be known from its hold.
    fileprivate var isAboutKnownCall: Bool {
        if case .authorize = wish { return false }
        return true
    }
}
