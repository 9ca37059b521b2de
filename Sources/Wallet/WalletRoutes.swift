import Core
import DaemonKit
import Drivers
import Foundation
import Hummingbird
import Reference

/// What customers ask the wallet: their balance and the ledger behind it. Read as the SELECT-only role, under row-level security.
struct WalletRoutes: Sendable {
    let reads: CustomerReads

    /// Entries a page holds where the caller does not say.
    static let defaultPageSize = 100
    /// Entries a page holds at the most.
    static let maximumPageSize = 1_000

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("balance", use: balance)
        group.get("transactions", use: transactions)
    }

    /// `GET /api/v1/billing/balance`: amounts are strings with four decimals; `available` is null where nothing limits it.
    @Sendable
    func balance(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let wallet = try await reads.balance(of: customer)
        guard let wallet else { throw APIError.notFound() }
        var json = JSONWriter()
        json.object { json in
            json.field("customer_id", wallet.customer.text)
            json.field("model", wallet.state.model.rawValue)
            json.field("currency", "USD")
            json.field("balance", wallet.state.balance.text(.ledger))
            json.field("credit_limit", wallet.state.creditLimit?.text(.cents))
            json.field("accrued", wallet.state.accrued.text(.ledger))
            json.field("receivable", wallet.state.receivable.text(.cents))
            json.field("holds", wallet.state.held.text(.ledger))
            json.field("available", wallet.state.available?.text(.ledger))
            json.field("low_balance_alert", wallet.state.alertLevel.map { Int($0.rawValue) })
            json.field("suspended", wallet.state.isSuspended || wallet.state.isBlocked)
        }
        return .json(json.bytes)
    }

    /// `GET /api/v1/billing/transactions?limit=&before=`: newest first; `next` is the cursor of the next page, null at the end.
    @Sendable
    func transactions(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let limit = try request.integer("limit", in: 1...WalletRoutes.maximumPageSize) ?? WalletRoutes.defaultPageSize
        let before = try request.integer("before", in: 1...Int.max)
        let page = try await reads.transactions(of: customer, before: before.map(Int64.init) ?? .max, limit: limit)
        var json = JSONWriter()
        json.object { json in
            json.key("transactions")
            json.array { json in
                for entry in page {
                    json.object { json in
                        json.field("id", entry.id.text)
                        json.field("type", entry.type)
                        json.field("amount", entry.amount.text(.ledger))
                        json.field("balance_before", entry.balanceBefore.text(.ledger))
                        json.field("balance_after", entry.balanceAfter.text(.ledger))
                        json.field("description", entry.description)
                        json.field("reference_type", entry.reference.type)
                        json.field("reference_id", entry.reference.id)
                        json.field("created_at", entry.createdAt.text)
                    }
                }
            }
            json.field("next", page.count == limit ? page.last?.index : nil)
        }
        return .json(json.bytes)
    }
}
