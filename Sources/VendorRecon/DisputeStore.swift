import Core
import DaemonKit
import Drivers
import Reference

/// The table `disputes`.
struct DisputeStore: Sendable {
    let pool: PostgresPool

    private static let audit = Audit(table: "billing.recon_audit")

    /// A claim that is still made.
    struct Alive: Sendable {
        let id: Identifier128
        let state: String
    }

    /// The claim that is alive for a vendor's day; locked until the transaction ends.
    func alive(vendor: String, day: UsageDay, in transaction: PostgresTransaction) throws -> Alive? {
        try transaction.query(
            """
            SELECT id, state FROM billing.disputes
            WHERE vendor_name = \(vendor) AND usage_day = \(day) AND state IN ('open', 'sent', 'escalated')
            FOR UPDATE
            """
        ).first.map { Alive(id: try $0.value("id"), state: try $0.value("state")) }
    }

    /// Opens a claim.
    func open(
        _ claim: Dispute, of result: ReconciliationRun.Result, run: Identifier128, records: Int, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        let id = Identifier128.random()
        try transaction.execute(
            """
            INSERT INTO billing.disputes (id, run_id, vendor_name, usage_day, state, amount, records, vendor_invoice_date,
                window_until, opened_at)
            VALUES (\(id), \(run), \(result.vendor), \(result.day), \(claim.state.name), \(claim.amount), \(records),
                \(claim.vendorInvoiceDate), \(claim.lastDay), \(now))
            """)
        try DisputeStore.audit.record(
            in: transaction, actor: "daemon:vendor-recon", action: "dispute.open", subject: id.text,
            at: now.milliseconds)
    }

    /// The same claim after a new run.
    func update(
        _ id: Identifier128, amount: Money, run: Identifier128, records: Int, in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            UPDATE billing.disputes SET amount = \(amount), run_id = \(run), records = \(records) WHERE id = \(id)
            """)
    }

    /// Ends a claim.
    func close(
        _ id: Identifier128, as state: String, note: String?, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            UPDATE billing.disputes SET state = \(state), note = \(note), closed_at = \(now) WHERE id = \(id)
            """)
        try DisputeStore.audit.record(
            in: transaction, actor: "daemon:vendor-recon", action: "dispute.\(state)", subject: id.text,
            at: now.milliseconds)
    }

    /// One claim as lists show it.
    struct Row: Sendable {
        let id: Identifier128
        let vendor: String
        let day: UsageDay
        let state: String
        let amount: Money
        let records: Int
        let windowUntil: UsageDay
    }

    /// All claims, newest day first.
    func all(limit: Int) async throws -> [Row] {
        try await pool.query(
            """
            SELECT id, vendor_name, usage_day, state, amount, records, window_until
            FROM billing.disputes
            ORDER BY usage_day DESC, vendor_name, opened_at DESC
            LIMIT \(limit)
            """
        ).map { row in
            Row(
                id: try row.value("id"), vendor: try row.value("vendor_name"), day: try row.value("usage_day"),
                state: try row.value("state"), amount: try row.value("amount"), records: try row.value("records"),
                windowUntil: try row.value("window_until"))
        }
    }
}
