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

    /// Commits the outcomes of a batch. `rateAttempt` rates the attempts that waited for the calls among them (M10).
    func commit(
        _ outcomes: BatchOutcomes, at now: Instant, rateAttempt: @escaping AttemptRating
    ) async throws -> CommittedBatch {
        guard !outcomes.isEmpty else { return CommittedBatch() }
        try await ensurePartitions(for: outcomes)
        return try await pool.withTransaction { transaction in
            let done = try OutcomeBuckets(of: outcomes).lock(in: transaction)
            let fresh = done.isEmpty ? outcomes : outcomes.leavingOut(done)
            var committed = CommittedBatch(repeats: outcomes.count - fresh.count)
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
        var days = Set<Int>()
        for usage in outcomes.usage { days.insert(usage.day.number) }
        if !days.isEmpty { try await partitions.ensure(outcomes.kind.outcomeTableName, days: days) }
        let waiting =
            outcomes.kind == .attempt
            ? outcomes.parked.filter { $0.status == .waiting }.map(\.row.day.number) : []
        let attemptDays = Set(outcomes.attempts.map(\.day.number) + waiting)
        if !attemptDays.isEmpty { try await partitions.ensure("vendor_cdr", days: attemptDays) }
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
        Horizon("vendor_cdr").lock(in: transaction)
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
        Horizon("rated").lock(in: transaction)
        let ordered = usage.sorted { left, right in
            (left.row.kind.rawValue, left.day, left.row.number) < (right.row.kind.rawValue, right.day, right.row.number)
        }
        let numbers = try draw(ordered.count, of: "billing.rated_seq", in: transaction)
        var spans: [UsageSpan] = []
        for kind in RawKind.allCases {
            guard let fact = kind.ratedFact, let first = ordered.firstIndex(where: { $0.row.kind == kind }),
                let last = ordered.lastIndex(where: { $0.row.kind == kind })
            else { continue }
            let rows = ordered[first...last]
            let numbers = numbers[first...last]
            try transaction.copy(into: kind.outcomeTable, columns: kind.outcomeColumns) { copy in
                for (usage, number) in zip(rows, numbers) {
                    try copy.row { usage.write(to: $0, number: number, ratedAt: now) }
                }
            }
            let days = DayTotal.totals(of: rows, numbers)
            try insertSpans(days, service: kind.serviceOfSpans, in: transaction)
            spans += UsageSpan.runs(kind: fact, of: zip(rows, numbers).map { (day: $0.day, number: $1) })
        }
        return spans
    }

    /// Numbers of a sequence, in order. They follow each other, but where another commit drew at the same time.
    private static func draw(
        _ count: Int, of sequence: String, in transaction: PostgresTransaction
    ) throws -> [Int64] {
        let rows = try transaction.query(
            """
            SELECT min(number) AS first,
                CASE WHEN max(number) - min(number) = count(*) - 1 THEN NULL ELSE array_agg(number) END AS numbers
            FROM (SELECT nextval(\(sequence)::regclass) AS number FROM generate_series(1, \(count))) AS drawn
            """)
        guard let row = rows.first else { throw PostgresError.decoding(column: "first", reason: "no row") }
        if let numbers: [Int64] = try row.value("numbers") { return numbers.sorted() }
        let first: Int64 = try row.value("first")
        return Array(first..<first + Int64(count))
    }

    /// What a commit stores of a day.
    private struct DayTotal {
        let day: UsageDay
        let first: Int64
        var last: Int64
        var count: Int32
        var charges: Int128

        /// By day; the rows are in order of their days.
        static func totals(of rows: ArraySlice<StoredUsage>, _ numbers: ArraySlice<Int64>) -> [DayTotal] {
            var totals: [DayTotal] = []
            for (usage, number) in zip(rows, numbers) {
                let charge = Int128((usage.usage.charge ?? .zero).units)
                if let place = totals.indices.last, totals[place].day == usage.day {
                    totals[place].last = number
                    totals[place].count += 1
                    totals[place].charges += charge
                } else {
                    totals.append(DayTotal(day: usage.day, first: number, last: number, count: 1, charges: charge))
                }
            }
            return totals
        }
    }

    /// One row for each day that a commit touched (M23).
    private static func insertSpans(
        _ days: [DayTotal], service: String, in transaction: PostgresTransaction
    ) throws {
        try transaction.copy(
            into: "billing.rated_spans",
            columns: ["service", "usage_day", "first_seq", "last_seq", "count", "charges"]
        ) { copy in
            for total in days {
                try copy.row { row in
                    row.text(service)
                    row.day(total.day)
                    row.int8(total.first)
                    row.int8(total.last)
                    row.int4(total.count)
                    row.numeric(
                        units: total.charges / Int128(MoneyScale.charge.units), scale: MoneyScale.charge.rawValue)
                }
            }
        }
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
