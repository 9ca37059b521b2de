import Core
import DaemonKit
import Drivers
import Reference

/// Remembers when the schedule billed last, so that an hour of billing that passes while the biller is down is made up for at its
/// start. Runs by hand don't count: they may have billed one customer alone.
struct BillingHours: Sendable {
    let pool: PostgresPool
    let now: @Sendable () -> Instant

    /// Of this row the number is an instant.
    private static let progress = Progress(table: "billing.biller_progress", source: "schedule")

    /// When the last run began that the schedule began and that came to its end, in milliseconds since 1970; at the first start
    /// ever now, which is kept: what was over before is billed at the next hour of billing.
    func last() async throws -> Int64 {
        let instant = now().milliseconds
        return try await pool.withTransaction { transaction in
            let last = try BillingHours.progress.lockedThrough(in: transaction, now: instant)
            guard last == 0 else { return last }
            BillingHours.progress.advance(in: transaction, to: instant, now: instant)
            return instant
        }
    }

    /// Keeps that a run that began then has come to its end.
    func keep(_ began: Instant) async throws {
        let instant = now().milliseconds
        try await pool.withTransaction { transaction in
            BillingHours.progress.advance(in: transaction, to: began.milliseconds, now: instant)
        }
    }
}
