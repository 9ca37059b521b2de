import Core
import DaemonKit
import Drivers
import Reference
import Synchronization

/// Finds what another rating of stored usage would change, and keeps it for whoever looks, approves and applies. No usage is touched.
struct ReratePreview: Sendable {
    let pool: PostgresPool
    let rerating: Rerating
    /// How many days are read at once.
    var lanes = 2

    private static let columns = [
        "preview_id", "kind", "id", "row_id", "usage_day", "raw_day", "raw_seq", "natural_key", "customer_ban",
        "changes",
        "before", "after", "charge_before", "charge_after", "cost_before", "cost_after",
    ]

    /// A part of the work: one day of one kind.
    private struct Part: Sendable {
        let kind: RawKind
        let day: UsageDay
    }

    /// Makes a preview; its id.
    /// - Parameter progress: hears after each part how many are done of how many, and how many records were read.
    func make(
        _ scope: RerateScope, by actor: String, at now: Instant,
        progress: @escaping @Sendable (_ done: Int, _ of: Int, _ records: Int) -> Void = { _, _, _ in }
    ) async throws -> Identifier128 {
        let id = Identifier128.random()
        try await pool.execute(
            """
            INSERT INTO billing.rerate_previews
                (id, made_at, made_by, first_day, last_day, customer_ban, rate_plan_id, ref_version)
            VALUES (\(id), \(now), \(actor), \(scope.days.lowerBound), \(scope.days.upperBound), \(scope.customerBAN),
                \(scope.ratePlan), \(rerating.tables.version))
            """)
        let records = try await compare(scope, into: id, progress)
        try await pool.execute(
            """
            UPDATE billing.rerate_previews
            SET records = \(records), finished_at = \(now), movement = (
                SELECT coalesce(sum(abs(charge_after - charge_before)), 0)
                FROM billing.rerate_differences WHERE preview_id = \(id))
            WHERE id = \(id)
            """)
        return id
    }

    private func compare(
        _ scope: RerateScope, into id: Identifier128, _ progress: @escaping @Sendable (Int, Int, Int) -> Void
    ) async throws -> Int {
        let parts = RawKind.charged.flatMap { kind in scope.allDays.map { Part(kind: kind, day: $0) } }
        return try await withThrowingTaskGroup(of: Int.self) { group in
            var waiting = parts.makeIterator()
            for _ in 0..<lanes {
                guard let part = waiting.next() else { break }
                group.addTask { try await compare(part, of: scope, into: id) }
            }
            var records = 0
            var done = 0
            while let read = try await group.next() {
                records += read
                done += 1
                progress(done, parts.count, records)
                if let part = waiting.next() { group.addTask { try await compare(part, of: scope, into: id) } }
            }
            return records
        }
    }

    private func compare(_ part: Part, of scope: RerateScope, into id: Identifier128) async throws -> Int {
        try await pool.withTransaction(isolation: .repeatableRead) { transaction in
            var records = 0
            try StandingUsage.forEach(part.kind, on: part.day, of: scope, in: transaction) { chunk in
                records += chunk.count
                let differences = chunk.compactMap { rerating.difference(of: $0) }
                guard !differences.isEmpty else { return }
                try transaction.copy(into: "billing.rerate_differences", columns: Self.columns) { copy in
                    for difference in differences { try copy.row { difference.write(to: $0, preview: id) } }
                }
            }
            return records
        }
    }
}

extension RerateScope {
    /// Its days, one by one.
    var allDays: [UsageDay] {
        (days.lowerBound.daysSince1970...days.upperBound.daysSince1970).map { UsageDay(daysSince1970: $0) }
    }
}

extension RerateDifference {
    /// Writes the row of `rerate_differences`.
    fileprivate func write(to row: CopyWriter, preview: Identifier128) {
        row.identifier(preview)
        row.text(standing.row.kind.fact.rawValue)
        row.identifier(standing.row.id.value)
        row.identifier(standing.rowID.value)
        row.day(standing.day)
        row.day(standing.row.day)
        row.int8(standing.row.number)
        row.text(standing.row.key)
        row.text(standing.customerBAN)
        row.textArray(changes)
        row.identifier(standing.facts.digest)
        row.identifier(after.digest)
        row.money(standing.facts.charge ?? .zero, .charge)
        row.money(isPriced ? after.charge : nil, .charge)
        row.money(standing.facts.cost, .charge)
        row.money(isPriced ? after.cost : nil, .charge)
    }
}
