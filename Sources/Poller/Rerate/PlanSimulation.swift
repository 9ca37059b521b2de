import Core
import DaemonKit
import Drivers
import Reference

/// What a customer's past usage would have cost by another plan. Nothing is kept.
struct PlanSimulation: Sendable {
    let pool: PostgresPool
    let rerating: Rerating

    /// A simulation by a plan in the place of all that the customer has of its type, whatever days the plan is for.
    init(pool: PostgresPool, tables: RatingTables, plan: PlanRow, customer: BAN, days: ClosedRange<UsageDay>) {
        self.pool = pool
        let lasting = RatePlan(
            id: plan.id, name: plan.name, type: plan.type, customer: tables.customer(customer)?.id,
            effective: min(plan.effective, days.lowerBound), expiry: nil, rates: plan.rates)
        rerating = Rerating(enricher: Enricher(), tables: tables.pricing(customer, by: lasting))
    }

    /// What it comes to.
    struct Report: Sendable, Equatable {
        fileprivate(set) var days: [RerateReport.Sum] = []
        /// By class key.
        fileprivate(set) var classes: [RerateReport.Sum] = []
        /// Records that the plan has no price for; they are in no sum.
        fileprivate(set) var unpriced = 0

        var total: RerateReport.Sum { RerateReport.Sum.total(of: days) }

        /// For a person at a terminal.
        var text: String {
            var parts = [
                RerateReport.table("day", days, total), RerateReport.table("class", classes, total),
            ]
            if unpriced > 0 { parts.append("\(unpriced) records have no price by this plan; they are in no sum.") }
            return parts.joined(separator: "\n\n")
        }
    }

    /// Rates the usage of a scope, day by day.
    /// - Parameter progress: hears after each day of how many records were read.
    func run(_ scope: RerateScope, progress: (_ records: Int) -> Void = { _ in }) async throws -> Report {
        var total = Sums()
        for day in scope.allDays {
            for kind in RawKind.charged { total.add(try await sums(of: kind, on: day, scope)) }
            progress(total.records)
        }
        return total.report
    }

    private func sums(of kind: RawKind, on day: UsageDay, _ scope: RerateScope) async throws -> Sums {
        try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            var sums = Sums()
            try StandingUsage.forEach(kind, on: day, of: scope, in: transaction) { chunk in
                for standing in chunk { sums.add(standing, rerating.again(standing)) }
            }
            return sums
        }
    }
}

/// Sums under way.
private struct Sums: Sendable {
    private struct Pair: Sendable {
        var records = 0
        var before = Money.zero
        var after = Money.zero

        mutating func add(_ other: Pair) {
            records += other.records
            before += other.before
            after += other.after
        }
    }

    private var days: [String: Pair] = [:]
    private var classes: [String: Pair] = [:]
    private var unpriced = 0
    private(set) var records = 0

    mutating func add(_ standing: StandingUsage, _ again: Rerating.Again) {
        records += 1
        guard again.stored != nil else {
            unpriced += 1
            return
        }
        let pair = Pair(records: 1, before: standing.facts.charge ?? .zero, after: again.facts.charge ?? .zero)
        days[standing.day.text, default: Pair()].add(pair)
        classes[again.facts.classKey?.text ?? "", default: Pair()].add(pair)
    }

    mutating func add(_ other: Sums) {
        for (day, pair) in other.days { days[day, default: Pair()].add(pair) }
        for (key, pair) in other.classes { classes[key, default: Pair()].add(pair) }
        unpriced += other.unpriced
        records += other.records
    }

    var report: PlanSimulation.Report {
        func sums(_ pairs: [String: Pair]) -> [RerateReport.Sum] {
            pairs.sorted { $0.key < $1.key }.map {
                RerateReport.Sum(
                    name: $0.key, records: $0.value.records, before: $0.value.before, after: $0.value.after)
            }
        }
        return PlanSimulation.Report(days: sums(days), classes: sums(classes), unpriced: unpriced)
    }
}
