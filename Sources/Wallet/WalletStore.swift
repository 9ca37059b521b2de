import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

/// The wallet's tables: locks wallets, applies what `WalletState` decides, writes the rows. Takes no decision of its own.
struct WalletStore: Sendable {
    let pool: PostgresPool
    /// Automatic recharges that a customer gets in 24 hours at most; 0: nobody is asked for money.
    var rechargesPerDay = 0
    /// Hears of changed wallets after each commit.
    var watch = WalletWatch()

    /// What one batch of charges came to.
    struct PostingOutcome: Sendable {
        /// Charges posted by this call.
        var posted = 0
        /// Charges that had been posted or parked before.
        var repeats = 0
        /// Charges put aside with a reason.
        var parked = 0
        /// Low-balance alerts to send, with the balance at that moment.
        var alerts: [(customer: CustomerID, level: BalanceAlert, balance: Money)] = []
        /// Customers whose wallet went beyond its limit.
        var suspended: [CustomerID] = []
        /// What fraud control made of the charges.
        var fraud = FraudDesk.Outcome()
        /// What subscribers are told of all that.
        var notices: [Notice] = []
        /// The wallets as they are now.
        var wallets: [WalletRow] = []
        /// Whether the horizon is reached.
        var isDone = true
    }

    /// Posts the charges above the mark, about `limit` of them, and moves the mark on in the same transaction; so a repeat finds
    /// nothing, and the postings' key is the second belt (M13). Instances take turns at the mark.
    func postNext(upTo horizon: Int64, limit: Int, at now: Instant) async throws -> PostingOutcome {
        let outcome: PostingOutcome
        do {
            outcome = try await postNext(upTo: horizon, limit: limit, isNew: true, at: now)
        } catch let error as PostgresError where error.sqlState == "23505" {
            // The mark was lost: now each charge is looked for.
            outcome = try await postNext(upTo: horizon, limit: limit, isNew: false, at: now)
        }
        watch.wallets(outcome.wallets)
        return outcome
    }

    private func postNext(
        upTo horizon: Int64, limit: Int, isNew: Bool, at now: Instant
    ) async throws -> PostingOutcome {
        try await pool.withTransaction { transaction in
            // A plan that was made while the tables were small would read all of them.
            transaction.queue("SET LOCAL enable_seqscan = off")
            let progress = WalletStore.ratedProgress
            let through = try progress.lockedThrough(in: transaction, now: now.milliseconds)
            guard through < horizon else { return PostingOutcome() }
            let next = try RatedUsageReader(transaction: transaction).usage(
                above: through, upTo: horizon, limit: limit)
            var outcome = try WalletStore.post(
                next.charges, besides: next.unanswered,
                isNew: isNew && !Self.isAnyParked(above: through, upTo: next.mark, in: transaction),
                rechargesPerDay: rechargesPerDay, at: now, in: transaction)
            progress.advance(in: transaction, to: next.mark, now: now.milliseconds)
            outcome.isDone = next.mark >= horizon
            return outcome
        }
    }

    /// How far rated usage has been posted or parked, completely; the biller cuts invoices there (M22).
    static let ratedProgress = Progress(table: "billing.wallet_progress", source: "rated")

    /// Posts each charge exactly once, in the order of their numbers. One that is parked stays so, unless it is tried again. With `isNew` none of them is
    /// looked for among what was posted: the postings' key still refuses a second one, and with it the transaction. Fraud control sees what is posted,
    /// and the calls that nobody answered.
    static func post(
        _ charges: [RatedCharge], besides unanswered: [UnansweredCall] = [], isNew: Bool = false,
        isRetry: Bool = false, rechargesPerDay: Int = 0, at now: Instant, in transaction: PostgresTransaction
    ) throws -> PostingOutcome {
        var outcome = PostingOutcome()
        guard !charges.isEmpty || !unanswered.isEmpty else { return outcome }
        let customers = Set(charges.compactMap(\.customer)).union(unanswered.map(\.customer)).sorted()
        try ensurePartitions(of: charges, in: transaction)
        let calls = charges.filter { $0.service == .cdr }.map(\.id)
        let answers = try transaction.queries(
            WalletRow.locking(customers), HoldRow.readingOpen(of: calls), FraudRecord.reading(customers))
        var wallets = try WalletRow.read(answers[0])
        let held = Dictionary(uniqueKeysWithValues: try HoldRow.read(answers[1]).map { ($0.id, $0) })
        let records = try FraudRecord.read(answers[2])
        if wallets.count < customers.count {
            // They have neither holds nor windows.
            let missing = customers.filter { wallets[$0] == nil }
            try makeMissingWallets(of: missing, at: now, in: transaction)
            wallets.merge(try WalletRow.lock(missing, in: transaction)) { $1 }
        }
        let settled = isNew ? [] : try settled(charges, isRetry: isRetry, in: transaction)
        var recharges = try AutoRecharges(of: wallets, perDay: rechargesPerDay, at: now, in: transaction)
        var rows = PostingRows()
        var fraud = FraudDesk()
        for call in unanswered { fraud.see(call) }
        for charge in charges {
            guard !settled.contains(charge.id), !rows.contains(charge.id) else {
                outcome.repeats += 1
                continue
            }
            guard let customer = charge.customer, var wallet = wallets[customer] else {
                rows.park(charge, reason: "UNKNOWN_CUSTOMER")
                outcome.parked += 1
                continue
            }
            do throws(WalletRefusal) {
                let hold = held[charge.id].flatMap { $0.customer == customer ? $0 : nil }
                var decision = try decide(charge, capturing: hold, wallet: wallet.state, at: now)
                recharges.take(&decision, before: wallet.state, of: charge)
                rows.post(charge, decision, wallet: &wallet, at: now)
                if let hold { rows.capture(hold) }
                wallets[customer] = wallet
                fraud.see(charge)
                outcome.note(decision, of: wallet, by: charge)
            } catch {
                rows.park(charge, reason: error.rawValue)
                outcome.parked += 1
            }
        }
        try rows.insert(at: now, in: transaction)
        outcome.fraud = try fraud.judge(&wallets, records, at: now, in: transaction)
        let touched = Set(rows.touched).union(outcome.fraud.blocked).sorted()
        outcome.wallets = WalletRow.storeUsage(touched.compactMap { wallets[$0] }, at: now, in: transaction)
        try recharges.insert(at: now, in: transaction)
        outcome.notices += outcome.fraud.notices
        _ = try Notifications.wallet.post(outcome.notices, in: transaction, at: now.milliseconds)
        return outcome
    }

    /// Usage of an old day may be the first of its day here.
    private static func ensurePartitions(of charges: [RatedCharge], in transaction: PostgresTransaction) throws {
        for day in Set(charges.map(\.day)).sorted() {
            _ = try transaction.query("SELECT billing.ensure_partition('usage_postings', \(day))")
        }
    }

    /// The decision on one charge: a correction is posted as its net and seen by no alert (rule W13); the hold of a call goes in the same
    /// step as its charge comes (rule W12).
    private static func decide(
        _ charge: RatedCharge, capturing hold: HoldRow?, wallet: WalletState, at now: Instant
    ) throws(WalletRefusal) -> WalletDecision {
        guard charge.corrects == nil else { return try wallet.correct(by: charge.charge) }
        return try wallet.debit(charge.charge, closing: hold?.hold, at: now)
    }

    /// Whether a charge of these numbers is parked: then the mark was lost.
    private static func isAnyParked(
        above through: Int64, upTo mark: Int64, in transaction: PostgresTransaction
    ) throws -> Bool {
        try !transaction.query(
            """
            SELECT 1 FROM billing.parked_postings
            WHERE resolved_at IS NULL AND rated_seq > \(through) AND rated_seq <= \(mark) LIMIT 1
            """
        ).isEmpty
    }

    /// Which of the charges have a posting, or wait in the parking table for a person.
    private static func settled(
        _ charges: [RatedCharge], isRetry: Bool, in transaction: PostgresTransaction
    ) throws -> Set<UsageID> {
        let ids = charges.map(\.id)
        let days = Set(charges.map(\.day)).sorted()
        let rows = try transaction.query(
            """
            SELECT rated_id FROM billing.usage_postings WHERE usage_day = ANY (\(days)) AND rated_id = ANY (\(ids))
            UNION ALL
            SELECT rated_id FROM billing.parked_postings
            WHERE NOT \(isRetry) AND rated_id = ANY (\(ids)) AND resolved_at IS NULL
            """)
        return Set(try rows.map { try $0.value("rated_id") as UsageID })
    }
}

extension WalletStore {
    /// Makes the wallets of customers that have none (M27), and returns them; the opening balance is a payment booked by hand.
    @discardableResult
    static func makeMissingWallets(
        of customers: [CustomerID], at now: Instant, in transaction: PostgresTransaction
    ) throws -> [WalletRow] {
        let missing = try transaction.query(
            """
            SELECT c.customer_id
            FROM billing.customers AS c
            WHERE c.customer_id = ANY (\(customers))
                AND NOT EXISTS (SELECT FROM billing.wallets AS w WHERE w.customer_id = c.customer_id)
            """)
        guard !missing.isEmpty else { return [] }
        try WalletTermsLock.share(in: transaction)
        let made = try transaction.query(
            """
            INSERT INTO billing.wallets (customer_id, model, credit_limit, auto_recharge_enabled, auto_recharge_threshold,
                auto_recharge_amount, created_at, updated_at)
            SELECT customer_id, model, initial_credit_limit, auto_recharge_enabled, auto_recharge_threshold,
                auto_recharge_amount, \(now), \(now)
            FROM billing.customers
            WHERE customer_id = ANY (\(customers))
            ORDER BY customer_id
            ON CONFLICT (customer_id) DO NOTHING
            RETURNING customer_id
            """)
        let madeCustomers = try made.map { try $0.value("customer_id") as CustomerID }
        guard !madeCustomers.isEmpty else { return [] }
        var wallets = try WalletRow.lock(madeCustomers, in: transaction)
        var ledger = LedgerRows()
        let openings = try transaction.query(
            """
            SELECT customer_id, initial_balance
            FROM billing.customers
            WHERE customer_id = ANY (\(madeCustomers)) AND initial_balance > 0
            ORDER BY customer_id
            """)
        for row in openings {
            let customer: CustomerID = try row.value("customer_id")
            guard var wallet = wallets[customer] else { continue }
            let amount: Money = try row.value("initial_balance")
            let payment = Identifier128.random()
            try transaction.execute("SELECT billing.lock_sequence('payments')")
            try transaction.execute(
                """
                INSERT INTO billing.payments (id, payment_seq, customer_id, method, amount, state, reference, created_at,
                    updated_at)
                VALUES (\(payment), nextval('billing.payments_seq'), \(customer), 'opening', \(amount), 'paid',
                    \("opening:" + customer.text), \(now), \(now))
                """)
            let reference = LedgerReference(type: "payment", id: payment.text)
            ledger.add(
                try wallet.state.topUp(amount), to: &wallet, reference: reference, description: "Opening balance",
                at: now)
            wallets[customer] = wallet
        }
        try ledger.insert(in: transaction)
        return try WalletRow.store(wallets.values.sorted { $0.customer < $1.customer }, at: now, in: transaction)
    }

    /// Customers that have no wallet yet, at most `limit`.
    func customersWithoutWallet(limit: Int) async throws -> [CustomerID] {
        let rows = try await pool.query(
            """
            SELECT c.customer_id
            FROM billing.customers AS c
            LEFT JOIN billing.wallets AS w ON w.customer_id = c.customer_id
            WHERE w.customer_id IS NULL
            ORDER BY c.customer_id
            LIMIT \(limit)
            """)
        return try rows.map { try $0.value("customer_id") }
    }

    /// Makes the wallets of some customers in one transaction.
    func makeWallets(of customers: [CustomerID], at now: Instant) async throws {
        watch.wallets(
            try await pool.withTransaction { transaction in
                try WalletStore.makeMissingWallets(of: customers, at: now, in: transaction)
            })
    }
}

extension WalletStore.PostingOutcome {
    /// Counts a posted charge and keeps what must be told.
    fileprivate mutating func note(_ decision: WalletDecision, of wallet: WalletRow, by charge: RatedCharge) {
        posted += 1
        let (customer, balance) = (wallet.customer, wallet.state.balance)
        if let alert = decision.alert {
            alerts.append((customer, alert, balance))
            notices.append(
                .balanceLow(customer: customer, percent: alert.rawValue, balance: balance, key: charge.id.text))
        }
        if decision.flags.contains(.overdrawn) {
            suspended.append(customer)
            notices.append(
                .walletSuspended(customer: customer, cause: .overLimit, balance: balance, key: charge.id.text))
        }
    }
}
