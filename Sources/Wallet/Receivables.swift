import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Books issued invoices into wallets: what accrued becomes receivable, tax on usage that the balance paid is debited (M14, M26).
///
/// Swept from the biller's table by its sequence; an invoice is booked once, since its number moves the progress mark in the
/// same transaction. One that is a draft or waits for its tax is passed over, as by the biller's own sweeps: what it comes to is not
/// known yet, and it draws a new number when it is issued (M25). One that its wallet refuses is parked, and the others go on.
struct Receivables: Sendable {
    let pool: PostgresPool
    let now: @Sendable () -> Instant
    let logger: Logger
    /// Hears of changed wallets after each commit.
    var watch = WalletWatch()

    /// How many invoices one transaction takes.
    static let batchSize = 200
    /// How far invoices have been booked or parked.
    static let progress = Progress(table: "billing.wallet_progress", source: "invoices")

    /// Books every invoice above the mark and at or below the horizon.
    func sweep(upTo horizon: Int64) async throws {
        var booked = 0
        var parked = 0
        while true {
            let batch = try await bookBatch(upTo: horizon)
            booked += batch.taken - batch.parked
            parked += batch.parked
            if batch.taken < Receivables.batchSize { break }
            Watchdog.progressed()
        }
        if booked > 0 { logger.info("Invoices booked", metadata: ["invoice.count": "\(booked)"]) }
        if parked > 0 { logger.error("Invoices parked", metadata: ["invoice.count": "\(parked)"]) }
    }

    private func bookBatch(upTo horizon: Int64) async throws -> (taken: Int, parked: Int) {
        let instant = now()
        let (taken, booking) = try await pool.withTransaction { transaction in
            let through = try Receivables.progress.lockedThrough(in: transaction, now: instant.milliseconds)
            let invoices = try transaction.query(
                """
                SELECT \(IssuedInvoice.columns)
                FROM billing.invoices AS i
                WHERE i.invoice_seq > \(through) AND i.invoice_seq <= \(horizon)
                    AND i.status NOT IN ('draft', 'awaiting_tax')
                ORDER BY i.invoice_seq
                LIMIT \(Receivables.batchSize)
                """
            ).map { try IssuedInvoice($0) }
            let booking = try IssuedInvoice.book(invoices, at: instant, in: transaction)
            for (invoice, reason) in booking.refused { try invoice.park(reason, at: instant, in: transaction) }
            let last = invoices.last?.sequence ?? horizon
            let mark = invoices.count < Receivables.batchSize ? horizon : last
            Receivables.progress.advance(in: transaction, to: mark, now: instant.milliseconds)
            return (invoices.count, booking)
        }
        watch.wallets(booking.wallets)
        return (taken, booking.refused.count)
    }
}
