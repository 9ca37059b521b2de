import Core
import Drivers
import Reference

/// What a review shows to whoever decides on it: the figure, the limit, and the last records behind it. Asked only when a check fires.
enum FraudEvidence {
    /// How many records are named at most.
    static let recordLimit = 20
    /// How many of a customer's last postings are looked through for them.
    private static let lookedThrough = 200

    /// The evidence of each, a JSON object.
    static func of(_ fired: [FiredCheck], in transaction: PostgresTransaction) throws -> [String] {
        let posted = try posted(behind: fired, in: transaction)
        return try fired.enumerated().map { number, check in
            var records = check.unposted + posted[number, default: []]
            if check.alert.check == .multiplePaymentFailures { records += try payments(behind: check, in: transaction) }
            return text(check, records)
        }
    }

    private static func text(_ check: FiredCheck, _ records: [Identifier128]) -> String {
        var seen: Set<Identifier128> = []
        var json = JSONWriter()
        json.object { json in
            json.field("value", check.alert.value.text)
            json.field("limit", check.limit)
            json.field("window_seconds", SpendLimits.window(of: check.alert.check) / 1_000)
            if check.alert.check == .rapidBalanceDepletion {
                json.field("high_water_mark", check.highWaterMark?.text(.ledger))
            }
            json.field("records", records.filter { seen.insert($0).inserted }.prefix(recordLimit).map(\.text))
        }
        return json.text
    }

    /// The last posted records that count for each of the checks, the newest first.
    private static func posted(
        behind fired: [FiredCheck], in transaction: PostgresTransaction
    ) throws -> [Int: [Identifier128]] {
        let alerts = fired.map(\.alert)
        let since = alerts.map { $0.at.advanced(milliseconds: -SpendLimits.window(of: $0.check)) }
        // A call's day is that of its answer, which may be a day from its start and from its end.
        let rows = try transaction.query(
            """
            SELECT f.number, posting.rated_id
            FROM unnest(
                \(Array(fired.indices))::bigint[], \(fired.map(\.customer))::uuid[],
                \(alerts.map(\.check.rawValue))::text[], \(since)::timestamptz[], \(alerts.map(\.at))::timestamptz[],
                \(since.map { $0.usageDay.advanced(days: -1) })::date[],
                \(alerts.map { $0.at.usageDay.advanced(days: 1) })::date[]
            ) AS f (number, customer_id, check_name, since, until, first_day, last_day)
            CROSS JOIN LATERAL (
                SELECT p.rated_id, p.usage_day, p.chain_index
                FROM billing.usage_postings AS p
                WHERE p.customer_id = f.customer_id AND p.usage_day BETWEEN f.first_day AND f.last_day
                ORDER BY p.chain_index DESC
                LIMIT \(lookedThrough)
            ) AS posting
            LEFT JOIN billing.rated_cdr AS call ON call.id = posting.rated_id AND call.usage_day = posting.usage_day
            WHERE CASE f.check_name
                WHEN 'calls_per_minute' THEN \(CallColumns.startedAt) > f.since AND \(CallColumns.startedAt) <= f.until
                WHEN 'unusual_destination' THEN \(CallColumns.country) IS NOT NULL
                    AND \(CallColumns.startedAt) > f.since AND \(CallColumns.startedAt) <= f.until
                WHEN 'international_minutes' THEN \(CallColumns.internationalSeconds) > 0
                    AND \(CallColumns.endedAt) > f.since AND \(CallColumns.endedAt) <= f.until
                WHEN 'multiple_payment_failures' THEN false
                ELSE call.id IS NULL OR \(CallColumns.endedAt) > f.since AND \(CallColumns.endedAt) <= f.until
            END
            ORDER BY f.number, posting.chain_index DESC
            """)
        var records: [Int: [Identifier128]] = [:]
        for row in rows {
            let number: Int = try row.value("number")
            guard records[number, default: []].count < recordLimit else { continue }
            records[number, default: []].append(try row.value("rated_id"))
        }
        return records
    }

    /// The last payments of a customer that failed.
    private static func payments(
        behind check: FiredCheck, in transaction: PostgresTransaction
    ) throws -> [Identifier128] {
        let since = check.alert.at.advanced(milliseconds: -SpendLimits.window(of: check.alert.check))
        return try transaction.query(
            """
            SELECT id
            FROM billing.payments
            WHERE customer_id = \(check.customer) AND state = 'failed' AND updated_at > \(since)
            ORDER BY payment_seq DESC
            LIMIT \(recordLimit)
            """
        ).map { try $0.value("id") }
    }
}
