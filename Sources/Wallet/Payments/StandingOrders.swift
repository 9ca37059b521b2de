import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

/// Changes of standing orders to fill balances up: what a customer wants from now on.
struct StandingOrders: Sendable {
    let pool: PostgresPool
    /// Hears of changed wallets after each commit.
    var watch = WalletWatch()

    private static let audit = Audit(table: "billing.wallet_audit")

    /// Sets a customer's order under the lock of the wallet, with a row of the audit trail; the same wish again changes nothing more. Nil where there is
    /// no such customer.
    func set(
        _ wish: AutoRechargeWish, of customer: CustomerID, by actor: String, at now: Instant
    ) async throws -> WalletRow? {
        let stored = try await pool.withTransaction { transaction -> [WalletRow] in
            try WalletStore.makeMissingWallets(of: [customer], at: now, in: transaction)
            guard var wallet = try WalletRow.lock([customer], in: transaction)[customer] else { return [] }
            let before = wallet.state.autoRecharge
            do throws(AutoRechargeRefusal) {
                wallet.state = try wallet.state.ordering(wish)
            } catch {
                throw APIError(refusing: error)
            }
            if wish.isEnabled, try !Self.canBeCharged(customer, in: transaction) {
                throw APIError.conflict(
                    reason: PaymentRefusal.noPaymentMethod.reason,
                    detail: "store a card or an account first, and make it the default")
            }
            guard wallet.state.autoRecharge != before else { return [wallet] }
            try Self.audit.record(
                in: transaction, actor: actor, action: "auto-recharge.set", subject: customer.text,
                detail: Self.detail(from: before, to: wallet.state.autoRecharge), at: now.milliseconds)
            return try WalletRow.store([wallet], at: now, in: transaction)
        }
        watch.wallets(stored)
        return stored.first
    }

    /// Whether there is a method that an automatic recharge would take; the same as `AutoRecharges` asks for.
    private static func canBeCharged(_ customer: CustomerID, in transaction: PostgresTransaction) throws -> Bool {
        try !transaction.query(
            """
            SELECT 1 FROM billing.payment_methods
            WHERE customer_id = \(customer) AND is_default AND status = 'active' AND type IN ('card', 'ach')
            """
        ).isEmpty
    }

    /// What it was and what it is, for the audit trail.
    private static func detail(from before: AutoRecharge?, to after: AutoRecharge?) -> String {
        var json = JSONWriter()
        json.object { json in
            for (name, order) in [("before", before), ("after", after)] {
                json.key(name)
                guard let order else {
                    json.null()
                    continue
                }
                json.object { json in
                    json.field("enabled", order.isEnabled)
                    json.field("threshold", order.threshold.text(.cents))
                    json.field("amount", order.amount.text(.cents))
                }
            }
        }
        return json.text
    }
}

extension APIError {
    /// The answer to a wish that cannot be met.
    fileprivate init(refusing refusal: AutoRechargeRefusal) {
        switch refusal {
        case .postpaid:
            self = .conflict(reason: "POSTPAID_WALLET", detail: "a postpaid balance is not filled up")
        case .noThreshold: self = .invalid(pointer: "/threshold", reason: "MISSING_FIELD")
        case .noAmount: self = .invalid(pointer: "/amount", reason: "MISSING_FIELD")
        }
    }
}
