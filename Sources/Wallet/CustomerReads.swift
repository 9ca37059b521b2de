import Core
import DaemonKit
import Drivers
import Foundation
import LedgerAudit
import Reference

/// What a customer may see of the wallet's tables: read as `warp_wallet_customer`, whose row-level security lets only the
/// customer's rows through, whatever a query asks (M29).
struct CustomerReads: Sendable {
    let pool: PostgresPool

    /// One row of `transactions` as a customer sees it.
    struct Entry: Sendable {
        let id: Identifier128
        /// Its number among what happened to the wallet.
        let index: Int64
        let type: String
        let amount: Money
        let balanceBefore: Money
        let balanceAfter: Money
        let description: String
        let reference: LedgerReference
        let createdAt: Instant
    }

    /// The customer's wallet; nil where there is none yet.
    func balance(of customer: UUID) async throws -> WalletRow? {
        try await pool.asCustomer(customer) { try WalletRow.read(in: $0) }
    }

    /// The customer's ledger entries numbered below `before` in the wallet's chain, newest first.
    func transactions(of customer: UUID, before: Int64, limit: Int) async throws -> [Entry] {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                """
                SELECT id, chain_index, type, amount, balance_before, balance_after, description, reference_type,
                    reference_id, created_at
                FROM billing.transactions
                WHERE customer_id = \(customer) AND chain_index < \(before)
                ORDER BY chain_index DESC
                LIMIT \(limit)
                """)
            return try rows.map { row in
                Entry(
                    id: try row.value("id"), index: try row.value("chain_index"), type: try row.value("type"),
                    amount: try row.value("amount"), balanceBefore: try row.value("balance_before"),
                    balanceAfter: try row.value("balance_after"), description: try row.value("description"),
                    reference: LedgerReference(
                        type: try row.value("reference_type"), id: try row.value("reference_id")),
                    createdAt: try row.value("created_at"))
            }
        }
    }
}
