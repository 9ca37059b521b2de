import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

extension PaymentStore {
    private static let audit = Audit(table: "billing.wallet_audit")

    /// Begins to give a payment back, all of it or a part: the money leaves the balance first, so that it cannot be spent meanwhile.
    /// `id` is derived from what asked for it; asking again finds the row.
    func beginRefund(
        _ id: Identifier128, of paymentID: Identifier128, amount: Money?, by actor: String, at now: Instant
    ) async throws -> Payment {
        try await pool.withTransaction { transaction in
            if let known = try Self.read(id, in: transaction) { return known }
            guard let customer = try Self.read(paymentID, in: transaction)?.customer,
                var wallet = try WalletRow.lock([customer], in: transaction)[customer],
                let paid = try Self.read(paymentID, forUpdate: true, in: transaction)
            else { throw APIError.notFound() }
            guard paid.state == .paid, paid.method == .card || paid.method == .ach else {
                throw PaymentRefusal.wrongState(paid.state)
            }
            let given: Money =
                try transaction.query(
                    """
                    SELECT coalesce(sum(amount), 0) AS given FROM billing.payments
                    WHERE refund_of = \(paymentID) AND state <> 'failed'
                    """
                ).first?.value("given") ?? .zero
            let amount = amount ?? paid.amount - given
            guard amount > .zero, amount + given <= paid.amount else { throw PaymentRefusal.moreThanPaid }
            try transaction.execute("SELECT billing.lock_sequence('payments')")
            try transaction.execute(
                """
                INSERT INTO billing.payments (id, payment_seq, customer_id, method, amount, state, reference, purpose,
                    payment_method_id, refund_of, requested_by, due_at, created_at, updated_at)
                VALUES (\(id), nextval('billing.payments_seq'), \(customer), \(paid.method.rawValue), \(amount), 'pending',
                    \("refund:" + id.text), 'refund', \(paid.paymentMethod), \(paymentID), \(actor), \(now), \(now), \(now))
                """)
            try Self.book(
                try wallet.state.paymentReversed(amount), of: id, "Refund of a payment", wallet: &wallet, at: now,
                in: transaction)
            try Self.audit.record(
                in: transaction, actor: actor, action: "payment.refund", subject: paymentID.text, at: now.milliseconds)
            guard let made = try Self.read(id, in: transaction) else { throw APIError.notFound() }
            return made
        }
    }

    /// A bank took back what was credited (a return such as R01); the account is not debited again until a person has seen to it.
    /// Returns the wallet as it is from the commit on.
    func returned(
        processorID: String, code: String, text: String, at now: Instant, in transaction: PostgresTransaction
    ) throws -> [WalletRow] {
        guard let found = try Self.find(processorID: processorID, in: transaction),
            var wallet = try WalletRow.lock([found.customer], in: transaction)[found.customer],
            var payment = try Self.read(found.id, forUpdate: true, in: transaction), payment.state == .paid
        else { return [] }
        let stored = try Self.book(
            try wallet.state.paymentReversed(payment.amount), of: payment.id, "Payment returned by the bank",
            wallet: &wallet, at: now, in: transaction)
        payment.state = .returned
        payment.outcome = "\(code) \(text)"
        try Self.store(payment, due: nil, at: now, in: transaction)
        try transaction.execute(
            """
            UPDATE billing.payment_methods SET status = 'relink', is_default = false
            WHERE id = \(payment.paymentMethod) AND status = 'active'
            """)
        _ = try Notifications.wallet.post(
            [
                .paymentReturned(
                    customer: payment.customer, amount: payment.amount, method: payment.method.rawValue, invoice: nil,
                    reason: code, key: payment.id.text)
            ], in: transaction, at: now.milliseconds)
        return stored
    }

    /// The payment of a processor's id.
    static func find(processorID: String, in transaction: PostgresTransaction) throws -> Payment? {
        try transaction.query(
            "SELECT \(Payment.columns) FROM billing.payments AS p WHERE p.processor_id = \(processorID)"
        ).first.map(Payment.init)
    }

    @discardableResult
    private static func book(
        _ decision: WalletDecision, of payment: Identifier128, _ words: String, wallet: inout WalletRow,
        at now: Instant, in transaction: PostgresTransaction
    ) throws -> [WalletRow] {
        var ledger = LedgerRows()
        ledger.add(
            decision, to: &wallet, reference: LedgerReference(type: "payment", id: payment.text), description: words,
            at: now)
        try ledger.insert(in: transaction)
        return try WalletRow.store([wallet], at: now, in: transaction)
    }

    /// When fees were booked last; an instant where they never were.
    func lastFees(or now: Instant) async throws -> Int64 {
        let last: Instant? = try await pool.query("SELECT max(fee_settled_at) AS last FROM billing.payments").first?
            .value("last")
        return (last ?? now).milliseconds
    }

    /// Books the fees of payments that were credited (rule I8), each once, in the wallets' chains: what processors keep is an expense of ours.
    /// Returns how many.
    func settleFees(at now: Instant) async throws -> Int {
        var count = 0
        while true {
            let settled = try await pool.withTransaction { transaction in
                let payments = try transaction.query(
                    """
                    SELECT \(Payment.columns) FROM billing.payments AS p
                    WHERE p.fee IS NOT NULL AND p.fee_settled_at IS NULL ORDER BY p.payment_seq LIMIT 500 FOR UPDATE SKIP LOCKED
                    """
                ).map(Payment.init)
                guard !payments.isEmpty else { return 0 }
                var wallets = try WalletRow.lock(Set(payments.map(\.customer)).sorted(), in: transaction)
                var ledger = LedgerRows()
                for payment in payments {
                    guard var wallet = wallets[payment.customer], let fee = payment.fee else { continue }
                    ledger.add(
                        wallet.state.feeSettled(fee), to: &wallet,
                        reference: LedgerReference(type: "payment", id: payment.id.text), description: "Fee", at: now)
                    wallets[payment.customer] = wallet
                }
                try ledger.insert(in: transaction)
                try WalletRow.store(wallets.values.sorted { $0.customer < $1.customer }, at: now, in: transaction)
                try transaction.execute(
                    "UPDATE billing.payments SET fee_settled_at = \(now) WHERE id = ANY (\(payments.map(\.id)))")
                return payments.count
            }
            if settled == 0 { return count }
            count += settled
        }
    }
}
