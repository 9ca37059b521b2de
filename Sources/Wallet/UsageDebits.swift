import Core
import DaemonKit
import Drivers
import Logging

/// Posts rated usage: rung by `usage:rated`, and swept once a minute in any case (M3). What it has to do stands in the table
/// above its mark, so the bell carries nothing that could be lost.
struct UsageDebits: Sendable {
    let store: WalletStore
    /// Charges that one transaction takes.
    let batchSize: Int
    /// When switches asked last: while they do, transactions are short (M16).
    let questions: QuestionClock
    let loop: Loop
    let now: @Sendable () -> Instant

    /// Posts everything above the mark and at or below the horizon.
    func post(upTo horizon: Int64) async throws {
        while true {
            let outcome = try await store.postNext(upTo: horizon, limit: limit, at: now())
            report(outcome)
            if outcome.isDone { return }
            Watchdog.progressed()
        }
    }

    /// Charges that one transaction takes while callers wait for its locks: a few milliseconds of work.
    private static let shortBatch = 200

    private var limit: Int { questions.isBusy ? min(batchSize, Self.shortBatch) : batchSize }

    private func report(_ outcome: WalletStore.PostingOutcome) {
        loop.metrics.increment(.walletPostings, by: outcome.posted, "posted")
        loop.metrics.increment(.walletPostings, by: outcome.repeats, "repeat")
        loop.metrics.increment(.walletPostings, by: outcome.parked, "parked")
        if outcome.posted > 0 {
            loop.logger.info("Usage posted", metadata: ["usage.count": "\(outcome.posted)"])
        }
        if outcome.parked > 0 {
            loop.logger.error("Postings parked", metadata: ["usage.count": "\(outcome.parked)"])
        }
        for alert in outcome.alerts {
            loop.logger.notice(
                "Balance is low",
                metadata: ["customer.id": "\(alert.customer)", "alert.percent": "\(alert.level.rawValue)"])
        }
        for customer in outcome.suspended {
            loop.logger.notice("Wallet suspended: beyond its limit", metadata: ["customer.id": "\(customer)"])
        }
        outcome.fraud.report(to: loop)
    }
}
