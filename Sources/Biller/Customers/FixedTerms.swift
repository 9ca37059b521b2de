import Core
import Drivers
import Reference

/// What a wallet has taken over from its customer when it was made, and keeps from then on. Another value in the customer would
/// be one by which invoices are settled and balances are not kept; so it is refused.
struct FixedTerms: Sendable {
    private let model: String
    private let creditLimit: Money?
    private let openingBalance: Money
    private let autoRecharge: Customer.AutoRechargeTerms?

    /// The terms of those customers that have a wallet. `WalletTermsLock` is held, so none gets one while they are changed.
    static func read(
        of customers: [CustomerID], in transaction: PostgresTransaction
    ) throws -> [CustomerID: FixedTerms] {
        let rows = try transaction.query(
            """
            SELECT c.customer_id, c.model, c.initial_credit_limit, c.initial_balance, c.auto_recharge_enabled,
                c.auto_recharge_threshold, c.auto_recharge_amount
            FROM billing.customers AS c
            WHERE c.customer_id = ANY (\(customers))
                AND EXISTS (SELECT FROM billing.wallets AS w WHERE w.customer_id = c.customer_id)
            """)
        var terms: [CustomerID: FixedTerms] = [:]
        for row in rows { terms[try row.value("customer_id")] = try FixedTerms(row) }
        return terms
    }

    private init(_ row: PostgresRow) throws {
        model = try row.value("model")
        creditLimit = try row.value("initial_credit_limit")
        openingBalance = try row.value("initial_balance")
        let isEnabled: Bool = try row.value("auto_recharge_enabled")
        let threshold: Money? = try row.value("auto_recharge_threshold")
        let amount: Money? = try row.value("auto_recharge_amount")
        autoRecharge = threshold.flatMap { threshold in
            amount.map { Customer.AutoRechargeTerms(isEnabled: isEnabled, threshold: threshold, amount: $0) }
        }
    }

    /// The fields that a customer would change, each as a fault below `path`.
    func faults(of customer: Customer, path: String) -> [FileFault] {
        var changed: [String] = []
        if customer.model.rawValue != model { changed.append("model") }
        if customer.creditLimit != creditLimit { changed.append("credit_limit") }
        if customer.openingBalance != openingBalance { changed.append("opening_balance") }
        if customer.autoRecharge != autoRecharge { changed.append("auto_recharge") }
        return changed.map {
            FileFault(
                path: "\(path)/\($0)",
                problem: "cannot change: the customer's wallet exists and keeps what it was made with")
        }
    }
}
