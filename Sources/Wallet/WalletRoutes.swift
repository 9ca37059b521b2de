import Core
import DaemonKit
import Drivers
import Foundation
import Hummingbird
import Logging
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
            json.key("auto_recharge")
            if let order = wallet.state.autoRecharge { order.write(to: &json) } else { json.null() }
        }
        return .json(json.bytes)
    }

    /// `GET /api/v1/billing/transactions?type=&from=&to=&reference_type=&reference_id=&limit=&before=&format=`: newest first; `next` is the cursor of the
    /// next page, null at the end. As CSV, all of them in one answer.
    @Sendable
    func transactions(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = CustomerID(Identifier128(try context.customerID(asked: request.customerAsked())))
        let filter = try TransactionFilter(request)
        let isCSV = try request.wantsCSV()
        let limit = try request.integer("limit", in: 1...WalletRoutes.maximumPageSize)
        let before = try request.integer("before", in: 1...Int.max)
        let span = try await reads.span(of: filter, before: before.map(Int64.init), customer: customer)
        var pages = TransactionPages(reads: reads, customer: customer, filter: filter, span: span, limit: limit)
        if isCSV { return try await csv(of: pages, logger: context.logger) }
        pages.size = limit ?? WalletRoutes.defaultPageSize
        let page = try await pages.next()
        var json = JSONWriter()
        json.object { json in
            json.key("transactions")
            json.array { json in for entry in page { entry.write(to: &json) } }
            json.field("next", page.count == pages.size ? page.last?.index : nil)
        }
        return .json(json.bytes)
    }

    /// Sends page after page, so that no more than one is in memory. The first is read before the answer begins: what is wrong can still be said then.
    private func csv(of pages: TransactionPages, logger: Logger) async throws -> Response {
        var pages = pages
        let first = try await pages.next()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8",
                .contentDisposition: "attachment; filename=\"transactions.csv\"", .vary: "Accept",
            ],
            body: ResponseBody { [pages] writer in
                var (pages, page) = (pages, first)
                try await writer.write(ByteBuffer(string: TransactionCSV.head))
                do {
                    while !page.isEmpty {
                        try await writer.write(ByteBuffer(string: TransactionCSV.lines(page)))
                        page = try await pages.next()
                    }
                } catch {
                    // The connection is broken off, so that nobody takes a part for the whole; no answer can tell of it any more.
                    logger.warning(
                        "Answer broken off",
                        metadata: [
                            "http.route": "/api/v1/billing/transactions",
                            "failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)",
                        ])
                    throw error
                }
                try await writer.finish(nil)
            })
    }
}

/// A customer's transactions, page by page from the newest on.
private struct TransactionPages: Sendable {
    let reads: CustomerReads
    let customer: CustomerID
    let filter: TransactionFilter
    /// What is still to be read of the wallet's chain.
    var span: Range<Int64>
    /// Entries that all pages have together; nil is all there are.
    var limit: Int?
    /// Entries of a page.
    var size = WalletRoutes.maximumPageSize
    private var isAtEnd = false

    init(reads: CustomerReads, customer: CustomerID, filter: TransactionFilter, span: Range<Int64>, limit: Int?) {
        self.reads = reads
        self.customer = customer
        self.filter = filter
        self.span = span
        self.limit = limit
    }

    /// The next page; empty behind the last.
    mutating func next() async throws -> [CustomerReads.Entry] {
        let count = min(size, limit ?? size)
        guard !isAtEnd, count > 0, !span.isEmpty else { return [] }
        let page = try await reads.transactions(of: customer, filter, in: span, limit: count)
        isAtEnd = page.count < count
        limit = limit.map { $0 - page.count }
        if let last = page.last { span = span.lowerBound..<max(span.lowerBound, last.index) }
        return page
    }
}
