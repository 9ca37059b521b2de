import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Which usage an invoice claims (M22): of its period everything rated up to the cut, of earlier periods what came after the
/// customer's previous cut. Periods follow one another without a gap, so each record is claimed once.
struct UsageClaim: Hashable, Sendable {
    let customer: CustomerID
    /// The period's instants.
    let period: Range<Instant>
    /// `rated_seq` up to which the customer's earlier invoices know all usage.
    let previousCut: Int64
    let cut: Int64

    /// The UTC days on which the period's usage lies.
    var days: ClosedRange<UsageDay> {
        period.lowerBound.usageDay...period.upperBound.advanced(milliseconds: -1).usageDay
    }
}

/// Takes a run's cut: the number up to which all rated usage is visible and has been posted by the wallet.
struct InvoiceCut: Sendable {
    let pool: PostgresPool
    /// How long to wait for the wallet.
    let wait: Duration
    let logger: Logger

    /// Usage rated when the run began should be on its invoices: the wallet gets some time to post it.
    func take() async throws -> Int64 {
        let rated = try await Horizon("rated").through(pool)
        let deadline = ContinuousClock.now + wait
        while true {
            let posted = try await postedThrough()
            if posted >= rated { return rated }
            guard ContinuousClock.now < deadline else {
                logger.warning(
                    "Cut is behind: the wallet has not posted everything",
                    metadata: ["rated.through": "\(rated)", "posted.through": "\(posted)"])
                return posted
            }
            Watchdog.progressed()
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The cut as it is, for a preview.
    func now() async throws -> Int64 {
        min(try await Horizon("rated").through(pool), try await postedThrough())
    }

    private func postedThrough() async throws -> Int64 {
        let rows = try await pool.query("SELECT through_seq FROM billing.wallet_progress WHERE source = 'rated'")
        return try rows.first?.value("through_seq") ?? 0
    }

    /// Customers with usage at or below a cut, or an invoice, that the wallet could not post: they are held back (M22).
    func heldBack(at cut: Int64) async throws -> Set<CustomerID> {
        let rows = try await pool.query(
            """
            SELECT DISTINCT customer_id
            FROM billing.parked_postings
            WHERE resolved_at IS NULL AND customer_id IS NOT NULL AND rated_seq <= \(cut)
            UNION
            SELECT customer_id
            FROM billing.parked_invoices
            WHERE resolved_at IS NULL
            """)
        return Set(try rows.map { try $0.value("customer_id") })
    }
}
