import Core
import Drivers
import Reference

/// Attempts that came before their call: rows of `unrated_usage` that wait for it (M10, M35).
///
/// Whoever deletes the waiting row has the attempt; the row of `vendor_cdr` is inserted in the same transaction.
enum WaitingAttempts {
    /// Takes the attempts that wait for the calls of a batch, and rates them.
    static func take(
        for calls: BatchOutcomes, in transaction: PostgresTransaction, rateAttempt: AttemptRating
    ) throws -> [StoredAttempt] {
        let parkedCalls = calls.parked.compactMap { $0.call }
        let ids = calls.usage.map { $0.usage.id } + parkedCalls.map { $0.id }
        guard !ids.isEmpty else { return [] }
        let rows = try transaction.query(
            """
            SELECT \(RawUsageReader.columns(of: .attempt)), parked.waits_for
            FROM unnest(\(ids)) AS call (id)
            JOIN billing.unrated_usage AS parked ON parked.waits_for = call.id AND parked.status = 'waiting'
            JOIN billing.raw_vendor_cdr AS raw
                ON raw.usage_day = parked.raw_day AND raw.raw_seq = parked.raw_seq
            ORDER BY parked.id
            FOR UPDATE OF parked
            """)
        guard !rows.isEmpty else { return [] }
        let rated = calls.usage.map { RatedCall($0.usage) } + parkedCalls
        let byID = Dictionary(rated.map { ($0.id, $0) }) { first, _ in first }
        var attempts: [StoredAttempt] = []
        for row in rows {
            guard let call = byID[try row.value("waits_for")] else { continue }
            attempts.append(try rateAttempt(try RawRow(kind: .attempt, row), call))
        }
        return try claim(attempts, in: transaction)
    }

    /// The attempts whose waiting rows this transaction could delete: nobody else stores them.
    static func claim(
        _ attempts: [StoredAttempt], in transaction: PostgresTransaction
    ) throws -> [StoredAttempt] {
        guard !attempts.isEmpty else { return [] }
        let rows = try transaction.query(
            """
            DELETE FROM billing.unrated_usage
            WHERE kind = 'raw_vendor_cdr' AND status = 'waiting' AND id = ANY (\(attempts.map(\.row.id)))
            RETURNING id
            """)
        let claimed = Set(try rows.map { try $0.value("id", as: UsageID.self) })
        return attempts.filter { claimed.contains($0.row.id) }
    }
}
