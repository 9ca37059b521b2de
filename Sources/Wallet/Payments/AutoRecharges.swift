import Core
import Drivers
import Reference

/// Standing orders that usage made due: each becomes a payment in the transaction of the usage, and a processor is asked afterwards.
struct AutoRecharges: Sendable {
    /// Customers that a processor can be asked for now.
    private let chargeable: Set<CustomerID>
    private var orders: [ChargeOrder] = []

    /// Asks only about wallets whose order is on and not pending: they need a method that works, and fewer recharges than `perDay` in 24 hours.
    init(
        of wallets: [CustomerID: WalletRow], perDay: Int, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        let wishing = wallets.values.filter { row in
            guard let order = row.state.autoRecharge, perDay > 0 else { return false }
            return order.isEnabled && !order.isPending && row.state.balance < order.threshold + order.amount
        }
        guard !wishing.isEmpty else {
            chargeable = []
            return
        }
        let rows = try transaction.query(
            """
            SELECT m.customer_id FROM billing.payment_methods AS m
            WHERE m.customer_id = ANY (\(wishing.map(\.customer))) AND m.is_default AND m.status = 'active'
                AND m.type IN ('card', 'ach')
                AND (
                    SELECT count(*) FROM billing.payments AS p
                    WHERE p.customer_id = m.customer_id AND p.purpose = 'auto_recharge'
                        AND p.created_at > \(now.advanced(seconds: -86_400))::timestamptz) < \(perDay)
            """)
        chargeable = Set(try rows.map { try $0.value("customer_id") })
    }

    /// Takes what a decision on a charge asks for; where nobody can be asked, the order stays as it was, and the next debit asks again.
    mutating func take(_ decision: inout WalletDecision, before wallet: WalletState, of charge: RatedCharge) {
        guard let amount = decision.recharge, let customer = charge.customer else { return }
        guard chargeable.contains(customer) else {
            decision.wallet.autoRecharge = wallet.autoRecharge
            return
        }
        orders.append(
            ChargeOrder(
                id: .named(by: Array("auto-recharge\u{0}\(charge.id.text)".utf8)), customer: customer, amount: amount,
                purpose: .autoRecharge, requestedBy: "daemon:wallet"))
    }

    /// Writes the payments.
    func insert(at now: Instant, in transaction: PostgresTransaction) throws {
        try PaymentStore.insert(orders, at: now, in: transaction)
    }
}
