import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

/// Wires are booked by hand, by two persons: one who has seen the money, and another who approves.
extension PaymentStore {
    private static let audit = Audit(table: "billing.wallet_audit")

    /// Notes a wire that came in; nothing is credited yet. `reference` is the bank's, and books the wire once.
    func noteWire(
        of customer: CustomerID, amount: Money, reference: String, by actor: String, at now: Instant
    ) async throws -> Payment {
        let id = Identifier128.named(by: Array("wire\u{0}\(reference)".utf8))
        return try await pool.withTransaction { transaction in
            if let known = try Self.read(id, in: transaction) { return known }
            try WalletStore.makeMissingWallets(of: [customer], at: now, in: transaction)
            guard try !WalletRow.lock([customer], in: transaction).isEmpty else {
                throw PaymentRefusal.unknownCustomer
            }
            try transaction.execute("SELECT billing.lock_sequence('payments')")
            try transaction.execute(
                """
                INSERT INTO billing.payments (id, payment_seq, customer_id, method, amount, state, reference, purpose, requested_by,
                    created_at, updated_at)
                VALUES (\(id), nextval('billing.payments_seq'), \(customer), 'wire', \(amount), 'awaiting_approval',
                    \("wire:" + reference), 'wire', \(actor), \(now), \(now))
                """)
            try Self.audit.record(
                in: transaction, actor: actor, action: "wire.note", subject: id.text, at: now.milliseconds)
            guard let made = try Self.read(id, in: transaction) else { throw APIError.notFound() }
            return made
        }
    }

    /// Approves a wire and credits it, or refuses it. The approver is another person than the one who noted it.
    func decideWire(_ id: Identifier128, isApproved: Bool, by actor: String, at now: Instant) async throws -> Payment {
        let known = try await read(id)
        guard let known, known.method == .wire else { throw APIError.notFound() }
        guard known.requestedBy != actor else { throw PaymentRefusal.sameApprover }
        guard known.state == .awaitingApproval else { throw PaymentRefusal.wrongState(known.state) }
        return try await pool.withTransaction { transaction in
            guard var wallet = try WalletRow.lock([known.customer], in: transaction)[known.customer],
                var payment = try Self.read(id, forUpdate: true, in: transaction)
            else { throw APIError.notFound() }
            guard payment.state == .awaitingApproval else { throw PaymentRefusal.wrongState(payment.state) }
            payment.approvedBy = actor
            payment.state = isApproved ? .paid : .rejected
            if isApproved {
                var ledger = LedgerRows()
                ledger.add(
                    try wallet.state.paid(payment.amount), to: &wallet,
                    reference: LedgerReference(type: "payment", id: id.text), description: "Wire transfer", at: now)
                try ledger.insert(in: transaction)
                try WalletRow.store([wallet], at: now, in: transaction)
                _ = try Notifications.wallet.post(
                    [
                        .paymentSucceeded(
                            customer: payment.customer, amount: payment.amount, method: "wire", invoice: nil,
                            key: id.text)
                    ], in: transaction, at: now.milliseconds)
            }
            try Self.store(payment, due: nil, at: now, in: transaction)
            try Self.audit.record(
                in: transaction, actor: actor, action: isApproved ? "wire.approve" : "wire.reject", subject: id.text,
                at: now.milliseconds)
            return payment
        }
    }
}
