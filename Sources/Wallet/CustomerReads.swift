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

    /// Where in a customer's chain what is asked for can stand; rows outside need not be looked at.
    func span(of filter: TransactionFilter, before: Int64?, customer: CustomerID) async throws -> Range<Int64> {
        let end = before ?? .max
        guard filter.from != nil || filter.to != nil else { return 0..<end }
        return try await pool.asCustomer(customer.value.uuid) { transaction in
            let chain = try ChainTimes(of: customer, in: transaction)
            let first = try filter.from.map(chain.first) ?? 0
            return first..<max(first, min(end, try filter.to.map(chain.end) ?? end))
        }
    }

    /// The customer's ledger entries that a filter lets through, of a part of the wallet's chain, newest first.
    func transactions(
        of customer: CustomerID, _ filter: TransactionFilter, in span: Range<Int64>, limit: Int
    ) async throws -> [Entry] {
        try await pool.asCustomer(customer.value.uuid) { transaction in
            let rows = try transaction.query(
                """
                SELECT id, chain_index, type, amount, balance_before, balance_after, description, reference_type,
                    reference_id, created_at
                FROM billing.transactions
                WHERE \(filter.condition(on: customer))
                    AND chain_index >= \(span.lowerBound) AND chain_index < \(span.upperBound)
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

/// Where in a wallet's chain an instant lies, found by halving: a wallet may have millions of entries, and times have no index of their own.
///
/// Entries stand nearly in the order of their times: a transaction takes its time before it waits for the wallet, and hosts' clocks differ. No two are
/// further out of order than `disorder`, so what is found is moved by that much, and the exact time is compared row by row.
private struct ChainTimes {
    private let customer: CustomerID
    private let transaction: PostgresTransaction
    /// One above the last entry's number.
    private let end: Int64

    private static let disorder = 600

    init(of customer: CustomerID, in transaction: PostgresTransaction) throws {
        self.customer = customer
        self.transaction = transaction
        let last: Int64? = try transaction.query(
            "SELECT max(chain_index) AS last FROM billing.transactions WHERE customer_id = \(customer)"
        ).first?.value("last")
        end = (last ?? 0) + 1
    }

    /// Every entry below this number is earlier than the instant.
    func first(_ instant: Instant) throws -> Int64 { try index(of: instant.advanced(seconds: -Self.disorder)) }

    /// No entry from this number on is earlier than the instant.
    func end(_ instant: Instant) throws -> Int64 { try index(of: instant.advanced(seconds: Self.disorder)) }

    /// The number whose entry is not earlier than the instant while the entry before it is.
    private func index(of instant: Instant) throws -> Int64 {
        var (low, high) = (Int64(0), end)
        while low < high {
            let middle = low + (high - low) / 2
            guard let entry = try entry(from: middle), entry.at < instant else {
                high = middle
                continue
            }
            low = entry.index + 1
        }
        return low
    }

    /// The first entry with this number or a higher one.
    private func entry(from index: Int64) throws -> (index: Int64, at: Instant)? {
        try transaction.query(
            """
            SELECT chain_index, created_at FROM billing.transactions
            WHERE customer_id = \(customer) AND chain_index >= \(index)
            ORDER BY chain_index
            LIMIT 1
            """
        ).first.map { (try $0.value("chain_index"), try $0.value("created_at")) }
    }
}
