import Core
import DaemonKit
import Drivers
import Reference

/// What wallets could not take: usage in `parked_postings`, invoices in `parked_invoices`. Lists it, and posts it again.
struct ParkedStore: Sendable {
    let pool: PostgresPool

    /// How many one transaction tries again.
    static let batchSize = 500
    private static let audit = Audit(table: "billing.wallet_audit")

    /// A parked record or invoice as people look at it.
    struct Item: Sendable {
        /// `usage` or `invoice`.
        let kind: String
        let id: Identifier128
        let customer: CustomerID?
        let reason: String
        let parkedAt: Instant
        let attempts: Int

        /// One line of a list.
        var line: String { "\(parkedAt.text)  \(kind)  \(reason)  \(customer?.text ?? "-")  \(id.text)" }
    }

    /// What trying again came to.
    struct RetryOutcome: Hashable, Sendable {
        var posted = 0
        var stillParked = 0
    }

    /// Open items, the oldest first.
    func open(limit: Int) async throws -> [Item] {
        try await pool.query(
            """
            SELECT kind, id, customer_id, reason, parked_at, attempts
            FROM (
                SELECT 'usage' AS kind, rated_id AS id, customer_id, reason, parked_at, attempts
                FROM billing.parked_postings WHERE resolved_at IS NULL
                UNION ALL
                SELECT 'invoice', invoice_id, customer_id, reason, parked_at, attempts
                FROM billing.parked_invoices WHERE resolved_at IS NULL
            ) AS parked
            ORDER BY parked_at, id
            LIMIT \(limit)
            """
        ).map { row in
            Item(
                kind: try row.value("kind"), id: try row.value("id"), customer: try row.value("customer_id"),
                reason: try row.value("reason"), parkedAt: try row.value("parked_at"),
                attempts: try row.value("attempts"))
        }
    }

    /// Posts everything open again, or the one with this id: usage first, each in the order of its numbers. What is refused again
    /// stays parked and counts the attempt.
    func retry(only id: Identifier128?, actor: String, at now: Instant) async throws -> RetryOutcome {
        var outcome = RetryOutcome()
        var usage: Int64? = 0
        while let after = usage {
            usage = try await retryUsage(only: id, after: after, actor: actor, at: now, &outcome)
        }
        var invoices: Int64? = 0
        while let after = invoices {
            invoices = try await retryInvoices(only: id, after: after, actor: actor, at: now, &outcome)
        }
        return outcome
    }

    /// One transaction; returns the last number it tried, nil where nothing was left.
    private func retryUsage(
        only id: Identifier128?, after: Int64, actor: String, at now: Instant, _ outcome: inout RetryOutcome
    ) async throws -> Int64? {
        let (last, tried, posted) = try await pool.withTransaction { transaction -> (Int64?, Int, Int) in
            // In turn with the posting of new usage.
            _ = try WalletStore.ratedProgress.lockedThrough(in: transaction, now: now.milliseconds)
            let open = try transaction.query(
                """
                SELECT rated_id, usage_day, rated_seq
                FROM billing.parked_postings
                WHERE resolved_at IS NULL AND rated_seq > \(after) AND (\(id)::uuid IS NULL OR rated_id = \(id))
                ORDER BY rated_seq
                LIMIT \(ParkedStore.batchSize)
                FOR UPDATE
                """)
            let ids = try open.map { try $0.value("rated_id") as UsageID }
            let days = Set(try open.map { try $0.value("usage_day") as UsageDay }).sorted()
            let charges = try RatedUsageReader(transaction: transaction).charges(of: ids, on: days)
            _ = try WalletStore.post(charges, isRetry: true, at: now, in: transaction)
            let resolved = try transaction.query(
                """
                UPDATE billing.parked_postings AS parked
                SET resolved_at = \(now), attempts = attempts + 1
                WHERE rated_id = ANY (\(ids))
                    AND EXISTS (SELECT FROM billing.usage_postings AS posting
                                WHERE posting.usage_day = parked.usage_day AND posting.rated_id = parked.rated_id)
                RETURNING rated_id AS id
                """)
            try ParkedStore.record(resolved, "usage", actor: actor, at: now, in: transaction)
            return (try open.last?.value("rated_seq"), ids.count, resolved.count)
        }
        outcome.posted += posted
        outcome.stillParked += tried - posted
        return last
    }

    private func retryInvoices(
        only id: Identifier128?, after: Int64, actor: String, at now: Instant, _ outcome: inout RetryOutcome
    ) async throws -> Int64? {
        let (last, tried, posted) = try await pool.withTransaction { transaction -> (Int64?, Int, Int) in
            _ = try Receivables.progress.lockedThrough(in: transaction, now: now.milliseconds)
            let invoices = try transaction.query(
                """
                SELECT \(IssuedInvoice.columns)
                FROM billing.parked_invoices AS parked
                JOIN billing.invoices AS i ON i.id = parked.invoice_id
                WHERE parked.resolved_at IS NULL AND i.invoice_seq > \(after)
                    AND (\(id)::uuid IS NULL OR i.id = \(id))
                ORDER BY i.invoice_seq
                LIMIT \(ParkedStore.batchSize)
                FOR UPDATE OF parked
                """
            ).map { try IssuedInvoice($0) }
            let refused = try IssuedInvoice.book(invoices, at: now, in: transaction).refused
            for (invoice, reason) in refused { try invoice.park(reason, at: now, in: transaction) }
            let booked = Set(invoices.map(\.id)).subtracting(refused.map(\.invoice.id))
            let resolved = try transaction.query(
                """
                UPDATE billing.parked_invoices
                SET resolved_at = \(now), attempts = attempts + 1
                WHERE invoice_id = ANY (\(Array(booked)))
                RETURNING invoice_id AS id
                """)
            try ParkedStore.record(resolved, "invoice", actor: actor, at: now, in: transaction)
            return (invoices.last?.sequence, invoices.count, resolved.count)
        }
        outcome.posted += posted
        outcome.stillParked += tried - posted
        return last
    }

    private static func record(
        _ resolved: PostgresRows, _ kind: String, actor: String, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        for row in resolved {
            let id: Identifier128 = try row.value("id")
            try audit.record(
                in: transaction, actor: actor, action: "parked-\(kind).retry", subject: id.text, at: now.milliseconds)
        }
    }
}
