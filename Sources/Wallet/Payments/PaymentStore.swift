import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

/// The rows of payments: begun before a processor is asked, taken up by one instance at a time, decided once.
struct PaymentStore: Sendable {
    let pool: PostgresPool
    /// Hears of changed wallets after each commit.
    var watch = WalletWatch()
    /// Hears after each commit what fraud control made of a refused payment.
    var heed: @Sendable (FraudDesk.Outcome) -> Void = { _ in }

    /// How long one instance has a payment for itself: longer than any deadline of a processor.
    static let leaseSeconds = 180

    /// Writes the row of a charge, unless it is there; returns what is there. It is due at once.
    func begin(_ order: ChargeOrder, at now: Instant) async throws -> Payment {
        try await pool.withTransaction { transaction in
            if let known = try Self.read(order.id, in: transaction) { return known }
            try WalletStore.makeMissingWallets(of: [order.customer], at: now, in: transaction)
            guard let wallet = try WalletRow.lock([order.customer], in: transaction)[order.customer] else {
                throw PaymentRefusal.unknownCustomer
            }
            // Under the wallet's lock, so that two of the same order make one row.
            if let known = try Self.read(order.id, in: transaction) { return known }
            do throws(WalletRefusal) { _ = try wallet.state.topUp(order.amount) } catch {
                throw PaymentRefusal.amountOverflow
            }
            try Self.insert([order], at: now, in: transaction)
            guard let made = try Self.read(order.id, in: transaction) else { throw PaymentRefusal.noPaymentMethod }
            return made
        }
    }

    /// Adds the rows of charges; one whose customer has no method that works gets none.
    static func insert(_ orders: [ChargeOrder], at now: Instant, in transaction: PostgresTransaction) throws {
        guard !orders.isEmpty else { return }
        try transaction.execute("SELECT billing.lock_sequence('payments')")
        for order in orders {
            try transaction.execute(
                """
                INSERT INTO billing.payments (id, payment_seq, customer_id, method, amount, state, reference, purpose,
                    payment_method_id, invoice_id, order_id, requested_by, due_at, created_at, updated_at)
                SELECT \(order.id), nextval('billing.payments_seq'), m.customer_id, m.type, \(order.amount), 'pending',
                    \("payment:" + order.id.text), \(order.purpose.rawValue), m.id, \(order.invoice), \(order.order),
                    \(order.requestedBy), \(now), \(now), \(now)
                FROM billing.payment_methods AS m
                WHERE m.customer_id = \(order.customer) AND m.status = 'active' AND m.type IN ('card', 'ach')
                    AND (m.id = \(order.paymentMethod) OR (\(order.paymentMethod)::uuid IS NULL AND m.is_default))
                ON CONFLICT (id) DO NOTHING
                """)
        }
    }

    static func read(
        _ id: Identifier128, forUpdate: Bool = false, in transaction: PostgresTransaction
    ) throws -> Payment? {
        let lock: SQL = forUpdate ? "FOR UPDATE" : ""
        return try transaction.query(
            "SELECT \(Payment.columns) FROM billing.payments AS p WHERE p.id = \(id) \(lock)"
        ).first.map(Payment.init)
    }

    func read(_ id: Identifier128) async throws -> Payment? {
        try await pool.withTransaction(readOnly: true) { try Self.read(id, in: $0) }
    }

    /// Takes up payments that are due, or the one named, for `leaseSeconds`; nobody else has them meanwhile.
    func takeUp(only id: Identifier128? = nil, limit: Int = 20, at now: Instant) async throws -> [Payment] {
        try await pool.query(
            """
            UPDATE billing.payments AS p
            SET state = CASE WHEN p.state = 'pending' THEN 'sent' ELSE p.state END, attempts = p.attempts + 1,
                sent_at = coalesce(p.sent_at, \(now)), due_at = \(now.advanced(seconds: Self.leaseSeconds)), updated_at = \(now)
            WHERE p.id IN (
                SELECT id FROM billing.payments
                WHERE due_at <= \(now) AND (\(id)::uuid IS NULL OR id = \(id))
                ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            RETURNING \(Payment.columns)
            """
        ).map(Payment.init)
    }

    /// Keeps a bank's authorization with the payment before the transfer is asked for.
    func note(authorization: String, of payment: Payment, at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            try transaction.execute(
                "UPDATE billing.payments SET authorization_id = \(authorization), updated_at = \(now) WHERE id = \(payment.id)"
            )
            try Self.event(payment, "authorized", authorization, "authorization", at: now, in: transaction)
        }
    }

    /// The authorization that was kept.
    func authorization(of payment: Payment) async throws -> String? {
        try await pool.query("SELECT authorization_id FROM billing.payments WHERE id = \(payment.id)")
            .first?.value("authorization_id")
    }

    /// One line of what became of a payment.
    static func event(
        _ payment: Payment, _ state: String, _ processorID: String?, _ detail: String, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.payment_events (payment_id, at, state, processor_id, detail)
            VALUES (\(payment.id), \(now), \(state), \(processorID), \(detail))
            """)
    }

    /// Writes what is new of a payment, and its event.
    static func store(_ payment: Payment, due: Instant?, at now: Instant, in transaction: PostgresTransaction) throws {
        let isCredited = payment.state == .paid
        let fee = isCredited ? payment.method.fee(of: payment.amount) : payment.fee
        try transaction.execute(
            """
            UPDATE billing.payments
            SET state = \(payment.state.rawValue), processor_id = \(payment.processorID), outcome = \(payment.outcome),
                approved_by = \(payment.approvedBy), due_at = \(due), fee = \(fee),
                credited_at = CASE WHEN \(isCredited) THEN coalesce(credited_at, \(now)::timestamptz) ELSE credited_at END,
                updated_at = \(now)
            WHERE id = \(payment.id)
            """)
        try event(
            payment, payment.state.rawValue, payment.processorID, payment.outcome ?? "", at: now, in: transaction)
    }
}

extension Payment.Method {
    /// What the processor keeps (rule I8); nil where it is not computed.
    fileprivate func fee(of amount: Money) -> Money? {
        switch self {
        case .card: ProcessorFee.card(amount)
        case .ach: ProcessorFee.ach(amount)
        case .wire, .opening: nil
        }
    }
}

extension PaymentStore {
    /// Payments, the newest first; those of one state, or all.
    func list(state: String?, limit: Int) async throws -> [Payment] {
        try await pool.query(
            """
            SELECT \(Payment.columns) FROM billing.payments AS p
            WHERE \(state)::text IS NULL OR p.state = \(state)
            ORDER BY p.payment_seq DESC LIMIT \(limit)
            """
        ).map(Payment.init)
    }

    /// What became of a payment, a line each, the oldest first.
    func events(of id: Identifier128) async throws -> [String] {
        try await pool.query(
            "SELECT at, state, processor_id, detail FROM billing.payment_events WHERE payment_id = \(id) ORDER BY id"
        ).map { row in
            let (at, processor): (Instant, String?) = (try row.value("at"), try row.value("processor_id"))
            let (state, detail): (String, String) = (try row.value("state"), try row.value("detail"))
            return [at.text, state, processor ?? "", detail].filter { !$0.isEmpty }.joined(separator: "  ")
        }
    }
}
