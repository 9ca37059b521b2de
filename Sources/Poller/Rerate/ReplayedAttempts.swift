import Core
import Drivers
import Reference

extension StoredAttempt {
    /// A stored attempt's raw row, and whether its call was known.
    struct Stored: Sendable {
        let row: RawRow
        let hasCall: Bool
    }

    /// Hands over the attempts of a day that a version rated, chunk by chunk.
    static func forEach(
        on day: UsageDay, ratedBy version: String, in transaction: PostgresTransaction,
        _ body: ([Stored]) throws -> Void
    ) throws {
        let sql: SQL = """
            SELECT \(RawUsageReader.columns(of: .attempt)), rated.customer_cdr_id IS NOT NULL AS has_call
            FROM billing.vendor_cdr AS rated
            JOIN billing.raw_vendor_cdr AS raw ON raw.usage_day = rated.raw_day AND raw.raw_seq = rated.raw_seq
            WHERE rated.usage_day = \(day) AND rated.ref_version = \(version)
            """
        try transaction.stream(sql, chunk: 5_000) { rows in
            try body(
                try rows.map { Stored(row: try RawRow(kind: .attempt, $0), hasCall: try $0.value("has_call")) })
        }
    }

    /// The attempts as they would be stored by these tables, each with its call where it had one.
    static func again(
        _ stored: [Stored], by tables: RatingTables, in transaction: PostgresTransaction
    ) throws -> [StoredAttempt] {
        let enricher = Enricher()
        let attempts = try stored.map { stored -> (Stored, VendorAttempt) in
            guard case .attempt(let attempt) = try enricher.enriched(stored.row).record else {
                preconditionFailure("an attempt's document holds an attempt")
            }
            return (stored, attempt)
        }
        let calls = try CallLookup.calls(
            Set(attempts.map { RatedCall.id(sipUUID: $0.1.sipUUID) }), around: stored.map { $0.row.day }
        ) { try transaction.query($0) }
        return attempts.map { stored, attempt in
            guard stored.hasCall, let call = calls[RatedCall.id(sipUUID: attempt.sipUUID)] else {
                return StoredAttempt(alone: attempt, in: stored.row, refVersion: tables.version)
            }
            return StoredAttempt(attempt, in: stored.row, of: call, tables: tables)
        }
    }
}
