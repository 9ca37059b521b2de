import Core
import DaemonKit
import Drivers
import Reference

/// What the tables say of the poller's work: parked usage, and whether every record has its outcome.
struct PollerGauges: Sendable {
    let pool: PostgresPool
    let parked: ParkedUsageStore
    let metrics: PrometheusRegistry

    /// Days of receipt over which records and outcomes are compared.
    static let daysCompared = 2

    /// Sets the gauges.
    func refresh(now: Instant) async throws {
        let open = try await parked.openCounts()
        for status in ["held", "unrated", "waiting"] { metrics.set(.pollerParked, to: open[status] ?? 0, status) }
        metrics.set(.pollerConservationDifference, to: try await conservationDifference(now: now))
    }

    /// Usage records that were accepted, have no outcome yet and do not wait in a parked row: what is on its way, and 0 when all
    /// is quiet. Whole hours of receipt are compared, so that both sides count the same records.
    func conservationDifference(now: Instant) async throws -> Int {
        let from = now.usageDay.advanced(days: 1 - Self.daysCompared).startUTC
        let rows = try await pool.query(
            "SELECT coalesce(sum(difference), 0)::bigint AS difference FROM billing.usage_conservation WHERE hour >= \(from)"
        )
        return try rows.first?.value("difference") ?? 0
    }
}
