import Core
import DaemonKit
import Drivers
import Reference

/// What people do with reviews; each deed goes with its audit row.
struct ReviewDesk: Sendable {
    let pool: PostgresPool
    private static let audit = Audit(table: "billing.wallet_audit")

    /// What a person finds.
    enum Verdict: Sendable {
        /// It was nothing. A suspension that only this review asked for ends.
        case released
        /// It was fraud: a suspension lasts until the review is released. `suspending` stops a wallet that is not stopped yet.
        case confirmed(suspending: Bool)

        fileprivate var state: FraudReview.State {
            switch self {
            case .released: .released
            case .confirmed: .confirmed
            }
        }

        fileprivate var action: String {
            switch self {
            case .released: "fraud-review.release"
            case .confirmed: "fraud-review.confirm"
            }
        }
    }

    /// What a decision did to the wallet.
    enum Effect: String, Sendable {
        case none, resumed, suspended
    }

    /// Reviews in a state, of all customers or one, the newest first.
    func list(_ state: FraudReview.State?, of customer: CustomerID?, limit: Int) async throws -> [ReviewRow] {
        try await pool.query(
            """
            SELECT \(ReviewRow.columns)
            FROM billing.fraud_reviews
            WHERE (\(state?.rawValue)::text IS NULL OR state = \(state?.rawValue)::text)
                AND (\(customer)::uuid IS NULL OR customer_id = \(customer)::uuid)
            ORDER BY fired_at DESC, id DESC
            LIMIT \(limit)
            """
        ).map(ReviewRow.init)
    }

    /// One review; nil where there is none.
    func read(_ id: Identifier128) async throws -> ReviewRow? {
        try await pool.withTransaction(readOnly: true) { try ReviewRow.read(id, in: $0) }
    }

    /// Decides on an open review, or takes a confirmed one back.
    func decide(
        _ id: Identifier128, _ verdict: Verdict, actor: String, note: String?, at now: Instant
    ) async throws -> Effect {
        try await pool.withTransaction { transaction in
            guard let customer = try ReviewRow.read(id, in: transaction)?.customer else {
                throw FraudError.unknownReview
            }
            // The wallet first, as everybody locks.
            guard var wallet = try WalletRow.lock([customer], in: transaction)[customer],
                let review = try ReviewRow.read(id, forUpdate: true, in: transaction)
            else { throw FraudError.unknownReview }
            guard review.canBecome(verdict.state) else { throw FraudError.reviewDecided(review.state) }
            let effect = try effect(of: verdict, on: review, wallet.state, in: transaction)
            var actions = review.actions
            if effect == .suspended { actions = Set(actions + [.suspendService]).sorted { $0.rawValue < $1.rawValue } }
            try transaction.execute(
                """
                UPDATE billing.fraud_reviews
                SET state = \(verdict.state.rawValue), actions = \(actions.map(\.rawValue))::text[], decided_by = \(actor),
                    decided_at = \(now), note = \(note)
                WHERE id = \(id)
                """)
            try apply(effect, of: review, to: &wallet, at: now, in: transaction)
            var detail = JSONWriter()
            detail.object { json in
                json.field("customer_id", customer.text)
                json.field("check", review.check.rawValue)
                json.field("wallet", effect.rawValue)
                json.field("note", note)
            }
            try Self.audit.record(
                in: transaction, actor: actor, action: verdict.action, subject: id.text, detail: detail.text,
                at: now.milliseconds)
            return effect
        }
    }

    private func effect(
        of verdict: Verdict, on review: ReviewRow, _ wallet: WalletState, in transaction: PostgresTransaction
    ) throws -> Effect {
        switch verdict {
        case .confirmed(let suspending): return suspending && !wallet.isBlocked ? .suspended : .none
        case .released:
            guard wallet.isBlocked, review.actions.contains(.suspendService) else { return .none }
            let others = try transaction.query(
                """
                SELECT id FROM billing.fraud_reviews
                WHERE customer_id = \(review.customer) AND id <> \(review.id) AND state IN ('open', 'confirmed')
                    AND 'suspend_service' = ANY (actions)
                LIMIT 1
                """)
            return others.isEmpty ? .resumed : .none
        }
    }

    private func apply(
        _ effect: Effect, of review: ReviewRow, to wallet: inout WalletRow, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        guard effect != .none else { return }
        wallet.state.isBlocked = effect == .suspended
        try WalletRow.store([wallet], at: now, in: transaction)
        let (balance, key) = (wallet.state.balance, "\(review.id.text):\(now.milliseconds)")
        var notices: [Notice] = []
        if effect == .suspended {
            notices.append(
                .walletSuspended(customer: wallet.customer, cause: .fraudControl, balance: balance, key: key))
        } else if !wallet.state.isSuspended {
            // One that is overdrawn besides stays suspended until money comes.
            notices.append(.walletResumed(customer: wallet.customer, balance: balance, key: key))
        }
        try Notifications.wallet.post(notices, in: transaction, at: now.milliseconds)
    }
}

/// A review as its row holds it.
struct ReviewRow: Sendable {
    let id: Identifier128
    let customer: CustomerID
    let check: FraudCheck
    let value: String
    let firedAt: Instant
    let seenAt: Instant
    let actions: [FraudAction]
    /// A JSON object.
    let evidence: String
    let state: FraudReview.State
    let decidedBy: String?
    let decidedAt: Instant?
    let note: String?

    static let columns: SQL = """
        id, customer_id, check_name, value, fired_at, seen_at, actions, evidence::text AS evidence, state, decided_by, decided_at, note
        """

    static func read(
        _ id: Identifier128, forUpdate: Bool = false, in transaction: PostgresTransaction
    ) throws -> ReviewRow? {
        let lock: SQL = forUpdate ? "FOR UPDATE" : ""
        return try transaction.query("SELECT \(columns) FROM billing.fraud_reviews WHERE id = \(id) \(lock)")
            .first.map(ReviewRow.init)
    }

    init(_ row: PostgresRow) throws {
        id = try row.value("id")
        customer = try row.value("customer_id")
        guard let check = FraudCheck(rawValue: try row.value("check_name")),
            let state = FraudReview.State(rawValue: try row.value("state"))
        else { throw FraudError.unreadableReview(id) }
        self.check = check
        self.state = state
        value = try row.value("value")
        firedAt = try row.value("fired_at")
        seenAt = try row.value("seen_at")
        let names: [String] = try row.value("actions")
        actions = names.compactMap(FraudAction.init)
        evidence = try row.value("evidence")
        decidedBy = try row.value("decided_by")
        decidedAt = try row.value("decided_at")
        note = try row.value("note")
    }

    /// Whether a decision may follow on where it stands.
    fileprivate func canBecome(_ next: FraudReview.State) -> Bool {
        switch state {
        case .open: true
        case .confirmed: next == .released
        case .released, .noted: false
        }
    }
}
