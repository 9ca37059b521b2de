import Core
import DaemonKit
import Drivers
import Reference

/// What a commit stored: nothing of what an earlier one had stored before.
struct CommittedBatch: Sendable {
    /// The numbers that rated usage drew, for the doorbell.
    var spans: [UsageSpan] = []
    var counts = OutcomeCounts()
    /// Rows left out because they had an outcome already.
    var repeats = 0
}

/// Outcomes in one transaction: `rated_*`, `vendor_cdr`, `unrated_usage`, `rated_spans`, `rating_counts`.
///
/// Two pollers may hold the same raw rows (a claimed entry, the sweep). They take the locks of the rows' buckets in one order, and
/// who comes second finds the first one's outcomes and leaves those rows out; so a row is never both rated and parked. Primary
/// keys made from the raw rows' ids are the second belt.
struct RatedUsageStore: Sendable {
    let pool: PostgresPool
    let partitions: Partitions

    /// Rows of raw tables that share one lock.
    static let bucketSize: Int64 = 1_024

    /// Commits the outcomes of a batch. `rateAttempt` rates the attempts that waited for the calls among them (M10).
    func commit(
        _ outcomes: BatchOutcomes, at now: Instant, rateAttempt: @escaping AttemptRating
    ) async throws -> CommittedBatch {
        guard !outcomes.isEmpty else { return CommittedBatch() }
        try await ensurePartitions(for: outcomes)
        return try await pool.withTransaction { transaction in
            try Self.lockBuckets(of: outcomes, in: transaction)
            let done = try Self.withOutcome(outcomes, in: transaction)
            let fresh = outcomes.of(Set(outcomes.rows.map(\.id)).subtracting(done))
            var committed = CommittedBatch(repeats: outcomes.rows.count - fresh.rows.count)
            var attempts = fresh.attempts
            if fresh.kind == .call {
                attempts += try WaitingAttempts.take(for: fresh, in: transaction, rateAttempt: rateAttempt)
            }
            for usage in fresh.usage { committed.counts.add(usage) }
            for parked in fresh.parked { committed.counts.add(parked) }
            for attempt in attempts { committed.counts.add(.rated, of: attempt.row) }
            try Self.insert(fresh.parked, at: now, in: transaction)
            try Self.insert(attempts, at: now, in: transaction)
            committed.spans = try Self.insert(fresh.usage, at: now, in: transaction)
            try committed.counts.write(in: transaction)
            return committed
        }
    }

    /// Makes the partitions of the days that outcomes fall on, in transactions of their own.
    func ensurePartitions(for outcomes: BatchOutcomes) async throws {
        for (kind, usage) in Dictionary(grouping: outcomes.usage, by: \.row.kind) {
            try await partitions.ensure(
                kind.outcomeTableName, days: Set(usage.compactMap(\.usage.usageDay).map(\.number)))
        }
        let waiting =
            outcomes.kind == .attempt
            ? outcomes.parked.filter { $0.status == .waiting }.map(\.row.day.number) : []
        let attemptDays = Set(outcomes.attempts.map(\.day.number) + waiting)
        if !attemptDays.isEmpty { try await partitions.ensure("vendor_cdr", days: attemptDays) }
    }

    // MARK: Exactly once

    private static func lockBuckets(of outcomes: BatchOutcomes, in transaction: PostgresTransaction) throws {
        let buckets = Set(outcomes.rows.map { $0.number / bucketSize }).sorted()
        try transaction.execute(
            """
            SELECT pg_advisory_xact_lock(\(outcomes.kind.rawValue), bucket::int)
            FROM unnest(\(buckets)) AS bucket
            """)
    }

    /// The rows of a batch that have an outcome already.
    private static func withOutcome(
        _ outcomes: BatchOutcomes, in transaction: PostgresTransaction
    ) throws -> Set<UsageID> {
        let ids = outcomes.rows.map(\.id)
        // A row may have been rated by another poller with other reference data, but never onto another day.
        let days = Set(
            outcomes.usage.compactMap(\.usage.usageDay) + outcomes.attempts.map(\.day) + outcomes.parked.map(\.row.day))
        let rows = try transaction.query(
            """
            SELECT outcome.id
            FROM \(identifier: outcomes.kind.outcomeTable) AS outcome
            WHERE outcome.id = ANY (\(ids)) AND outcome.usage_day = ANY (\(Array(days)))
            UNION ALL
            SELECT parked.id
            FROM billing.unrated_usage AS parked
            WHERE parked.kind = \(outcomes.kind.fact.rawValue) AND parked.id = ANY (\(ids))
            """)
        return Set(try rows.map { try $0.value("id", as: UsageID.self) })
    }

    // MARK: Rows

    static func insert(_ parked: [ParkedUsage], at now: Instant, in transaction: PostgresTransaction) throws {
        guard !parked.isEmpty else { return }
        try transaction.copy(into: "billing.unrated_usage", columns: OutcomeColumns.parked) { copy in
            for record in parked { try copy.row { record.write(to: $0, at: now) } }
        }
    }

    static func insert(_ attempts: [StoredAttempt], at now: Instant, in transaction: PostgresTransaction) throws {
        guard !attempts.isEmpty else { return }
        try Horizon("vendor_cdr").lock(in: transaction)
        let numbers = try draw(attempts.count, of: "billing.vendor_cdr_seq", in: transaction)
        try transaction.copy(into: "billing.vendor_cdr", columns: OutcomeColumns.attempt) { copy in
            for (attempt, number) in zip(attempts, numbers) {
                try copy.row { attempt.write(to: $0, number: number, at: now) }
            }
        }
    }

    /// Inserts rated usage of any services, and says under which numbers.
    static func insert(
        _ usage: [StoredUsage], at now: Instant, in transaction: PostgresTransaction
    ) throws -> [UsageSpan] {
        guard !usage.isEmpty else { return [] }
        try Horizon("rated").lock(in: transaction)
        let ordered = usage.sorted { left, right in
            (left.row.kind.rawValue, left.day, left.row.number) < (right.row.kind.rawValue, right.day, right.row.number)
        }
        let numbers = try draw(ordered.count, of: "billing.rated_seq", in: transaction)
        let numbered = zip(ordered, numbers).map { NumberedUsage(usage: $0, number: $1) }
        var spans: [UsageSpan] = []
        for kind in RawKind.allCases {
            let rows = numbered.filter { $0.usage.row.kind == kind }
            guard let fact = kind.ratedFact, !rows.isEmpty else { continue }
            try transaction.copy(into: kind.outcomeTable, columns: kind.outcomeColumns) { copy in
                for row in rows { try copy.row { row.usage.write(to: $0, number: row.number, ratedAt: now) } }
            }
            try insertSpans(of: rows, service: kind.serviceOfSpans, in: transaction)
            spans += UsageSpan.runs(kind: fact, of: rows.map { (day: $0.usage.day, number: $0.number) })
        }
        return spans
    }

    private struct NumberedUsage {
        let usage: StoredUsage
        let number: Int64
    }

    private static func draw(
        _ count: Int, of sequence: String, in transaction: PostgresTransaction
    ) throws -> [Int64] {
        let rows = try transaction.query(
            "SELECT nextval(\(sequence)::regclass) AS number FROM generate_series(1, \(count))")
        return try rows.map { try $0.value("number", as: Int64.self) }.sorted()
    }

    /// One row for each day that a commit touched (M23).
    private static func insertSpans(
        of rows: [NumberedUsage], service: String, in transaction: PostgresTransaction
    ) throws {
        let days = Dictionary(grouping: rows, by: \.usage.day)
        try transaction.copy(
            into: "billing.rated_spans",
            columns: ["service", "usage_day", "first_seq", "last_seq", "count", "charges"]
        ) { copy in
            for (day, rows) in days {
                guard let first = rows.first, let last = rows.last else { continue }
                let charges = rows.reduce(Int128(0)) { $0 + Int128(($1.usage.usage.charge ?? .zero).units) }
                try copy.row { row in
                    row.text(service)
                    row.day(day)
                    row.int8(first.number)
                    row.int8(last.number)
                    row.int4(Int32(rows.count))
                    row.numeric(units: charges / Int128(MoneyScale.charge.units), scale: MoneyScale.charge.rawValue)
                }
            }
        }
    }
}

extension StoredUsage {
    /// The partition.
    var day: UsageDay {
        guard let day = usage.usageDay else { preconditionFailure("usage without a rating instant is held") }
        return day
    }
}

extension RawKind {
    /// The outcome table without its schema, as partitions are asked for.
    var outcomeTableName: String { String(outcomeTable.dropFirst("billing.".count)) }

    /// The facts that its rated rows are; attempts ring no doorbell.
    fileprivate var ratedFact: FactKind? {
        switch self {
        case .call: .ratedCDR
        case .message: .ratedMDR
        case .query: .ratedAPIUsage
        case .attempt: nil
        }
    }

    var outcomeColumns: [String] {
        switch self {
        case .call: OutcomeColumns.call
        case .attempt: OutcomeColumns.attempt
        case .message: OutcomeColumns.message
        case .query: OutcomeColumns.query
        }
    }

    var serviceOfSpans: String {
        switch self {
        case .call, .attempt: "voice"
        case .message: "message"
        case .query: "api"
        }
    }
}

extension UsageDay {
    /// As the partitions count days.
    var number: Int { Int(daysSince1970) }
}
