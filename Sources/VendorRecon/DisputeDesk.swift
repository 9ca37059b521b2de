import Core
import DaemonKit
import Drivers
import Reference

/// Opens a claim over what a run found, keeps the open claim of a day up to date, and takes it back when nothing is left of it
/// (rule C5). One claim is alive for a vendor's day.
struct DisputeDesk: Sendable {
    let store: DisputeStore
    let loop: Loop

    /// Brings the day's claim in line with a new run, in the run's own transaction.
    func settle(
        _ result: ReconciliationRun.Result, run: Identifier128, on day: UsageDay, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        let records = result.matching.matches.count { $0.disputable > .zero }
        let claim = Dispute(disputable: result.matching.disputable, vendorInvoiceDate: result.invoiceDate, on: day)
        switch (try store.alive(vendor: result.vendor, day: result.day, in: transaction), claim) {
        case (nil, nil):
            return
        case (nil, let claim?):
            try store.open(claim, of: result, run: run, records: records, at: now, in: transaction)
            loop.metrics.increment(.reconDisputes, result.vendor)
        case (let alive?, _) where alive.state != "open":
            // With the vendor already: its amount is what was claimed, and a person decides what a new finding means.
            return
        case (let alive?, let claim?):
            try store.update(alive.id, amount: claim.amount, run: run, records: records, in: transaction)
        case (let alive?, nil):
            let isOver = result.matching.disputable > .zero
            try store.close(
                alive.id, as: isOver ? "lapsed" : "withdrawn", note: isOver ? nil : "nothing is left of the difference",
                at: now,
                in: transaction)
        }
    }
}
