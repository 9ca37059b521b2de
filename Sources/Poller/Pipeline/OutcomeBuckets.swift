import Core
import Drivers
import Reference

/// The buckets (kind, raw_seq / 1,024) of a batch's raw rows: their locks make raters of the same rows take turns, and their marks say
/// whether any row of a bucket has an outcome, so that rows of new buckets, as a backlog has, need not be looked up (decision 0012).
struct OutcomeBuckets: Sendable {
    /// Rows of raw tables that share one bucket.
    static let size: Int64 = 1_024

    private let outcomes: BatchOutcomes
    /// In ascending order, the order in which everybody takes their locks.
    private let buckets: [Int64]

    init(of outcomes: BatchOutcomes) {
        var found = Set<Int64>()
        var last: Int64 = -1
        outcomes.forEachRow { row in
            let bucket = row.number / Self.size
            if bucket != last { found.insert(bucket) }
            last = bucket
        }
        self.outcomes = outcomes
        buckets = found.sorted()
    }

    /// Waits for whoever else stores outcomes of these buckets, marks the buckets, and says which rows of the batch have an outcome already.
    func lock(in transaction: PostgresTransaction) throws -> Set<UsageID> {
        transaction.queue(
            """
            SELECT pg_advisory_xact_lock(\(outcomes.kind.rawValue), bucket::int)
            FROM unnest(\(buckets)) AS bucket
            """)
        let kind = outcomes.kind.fact.rawValue
        let marked = try transaction.query(
            "SELECT bucket FROM billing.outcome_buckets WHERE kind = \(kind) AND bucket = ANY (\(buckets))")
        let known = Set(try marked.map { try $0.value(at: 0, as: Int64.self) })
        let new = buckets.filter { !known.contains($0) }
        if !new.isEmpty {
            transaction.queue(
                "INSERT INTO billing.outcome_buckets (kind, bucket) SELECT \(kind), bucket FROM unnest(\(new)) AS bucket"
            )
        }
        return known.isEmpty ? [] : try rowsWithOutcome(in: known, transaction)
    }

    /// The rows that are stored or parked; both tables by one snapshot: an attempt that waits becomes a stored one in a single commit.
    private func rowsWithOutcome(
        in known: Set<Int64>, _ transaction: PostgresTransaction
    ) throws -> Set<UsageID> {
        // A row may have been rated by another poller with other reference data, but never onto another day.
        let rows =
            outcomes.usage.map { ($0.row, $0.day) } + outcomes.attempts.map { ($0.row, $0.day) }
            + outcomes.parked.map { ($0.row, $0.row.day) }
        let days = Dictionary(grouping: rows.filter { known.contains($0.0.number / Self.size) }) { $0.1 }
        var done = Set<UsageID>()
        // Each day by itself, so that one partition is asked, and each row by its key, whatever the planner takes the tables' sizes to be.
        for (day, rows) in days {
            let found = try transaction.query(
                """
                SELECT own.id
                FROM unnest(\(rows.map { $0.0.id })) AS own (id)
                LEFT JOIN LATERAL (
                    SELECT true AS found FROM \(identifier: outcomes.kind.outcomeTable) AS outcome
                    WHERE outcome.id = own.id AND outcome.usage_day = \(day)
                    LIMIT 1) AS stored ON true
                LEFT JOIN LATERAL (
                    SELECT true AS found FROM billing.unrated_usage AS parked
                    WHERE parked.kind = \(outcomes.kind.fact.rawValue) AND parked.id = own.id
                    LIMIT 1) AS parked ON true
                WHERE stored.found OR parked.found
                """)
            for row in found { done.insert(try row.value(at: 0)) }
        }
        return done
    }
}
