import Core
import DaemonKit
import Drivers
import LiveReference
import Reference

/// Rates what was rated once more by shadow plans, behind the pipeline: it reads rated rows by their numbers and writes `shadow_rated`, so
/// that it can neither hold up nor change what is billed.
struct ShadowRating: Sendable {
    let pool: PostgresPool
    let reference: CurrentReference
    let clock: Clock

    /// How many numbers one transaction goes over.
    static let stepNumbers: Int64 = 20_000

    /// Brings every running plan up to the commit horizon, and stopped ones up to their end. Returns how many rows were rated.
    @discardableResult
    func run() async throws -> Int {
        let plans = try await ShadowPlanStore(pool: pool).plans(unfinished: true)
        guard !plans.isEmpty else { return 0 }
        let horizon = try await Horizon("rated").through(pool)
        let tables = try await reference.tables()
        var rated = 0
        for plan in plans {
            rated += try await follow(plan, through: min(horizon, plan.throughSequence ?? horizon), tables)
        }
        return rated
    }

    private func follow(_ plan: ShadowPlan, through horizon: Int64, _ tables: RatingTables) async throws -> Int {
        let progress = Progress(table: "billing.poller_progress", source: "shadow:\(plan.id)")
        let day = plan.startedAt.usageDay
        let rerating = PlanSimulation(
            pool: pool, tables: tables, plan: plan.plan, customer: plan.customer, days: day...day
        ).rerating
        var rated = 0
        while true {
            let now = clock.now()
            let step = try await pool.withTransaction { transaction -> Int? in
                let from = max(plan.fromSequence, try progress.lockedThrough(in: transaction, now: now))
                let through = min(horizon, from + Self.stepNumbers)
                guard from < through else { return nil }
                var count = 0
                for kind in RawKind.charged {
                    let rows = try Self.rows(kind, above: from, through: through, of: plan, in: transaction)
                    try Self.write(rows, kind, by: rerating, of: plan, in: transaction)
                    count += rows.count
                }
                progress.advance(in: transaction, to: through, now: now)
                return count
            }
            guard let step else { return rated }
            Watchdog.progressed()
            rated += step
        }
    }

    /// The customer's rows of these numbers, corrections too.
    private static func rows(
        _ kind: RawKind, above from: Int64, through: Int64, of plan: ShadowPlan, in transaction: PostgresTransaction
    ) throws -> [(standing: StandingUsage, number: Int64)] {
        let days = try transaction.query(
            """
            SELECT DISTINCT usage_day FROM billing.rated_spans
            WHERE service = \(kind.serviceOfSpans) AND last_seq > \(from) AND first_seq <= \(through)
            """
        ).map { try $0.value("usage_day", as: UsageDay.self) }
        guard !days.isEmpty else { return [] }
        let found = try transaction.query(
            """
            SELECT \(StandingUsage.columns(of: kind)), rated.rated_seq
            FROM \(StandingUsage.source(of: kind))
            WHERE rated.usage_day = ANY (\(days)) AND rated.rated_seq > \(from) AND rated.rated_seq <= \(through)
                AND rated.customer_ban = \(plan.customer) AND rated.reverses IS NULL
            """)
        return try found.map { (try StandingUsage(kind: kind, $0), try $0.value("rated_seq")) }
    }

    private static func write(
        _ rows: [(standing: StandingUsage, number: Int64)], _ kind: RawKind, by rerating: Rerating, of plan: ShadowPlan,
        in transaction: PostgresTransaction
    ) throws {
        guard !rows.isEmpty else { return }
        try transaction.copy(
            into: "billing.shadow_rated",
            columns: [
                "shadow_id", "usage_day", "row_id", "kind", "rated_seq", "class_key", "charge", "shadow_charge",
                "ref_version",
            ]
        ) { copy in
            for (standing, number) in rows {
                let again = rerating.again(standing)
                try copy.row { row in
                    row.int8(plan.id)
                    row.day(standing.day)
                    row.identifier(standing.rowID.value)
                    row.text(kind.fact.rawValue)
                    row.int8(number)
                    row.text(again.facts.classKey?.text)
                    row.money(standing.facts.charge, .charge)
                    row.money(again.stored == nil ? nil : again.facts.charge, .charge)
                    row.text(rerating.tables.version)
                }
            }
        }
    }
}
