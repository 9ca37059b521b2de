import Core
import DaemonKit
import Drivers
import Reference

/// Keeps `usage_summary`: adds what was rated above the mark to the customer-days, and moves the mark in the same transaction, so
/// that nothing is added twice (M24). Rung by `usage:rated`, and swept in any case.
struct CustomerDays: Sendable {
    let pool: PostgresPool
    /// Rated records that one transaction takes.
    let batchSize: Int
    let now: @Sendable () -> Instant

    private static let progress = Progress(table: "billing.biller_progress", source: "rated")

    /// Adds everything up to the horizon.
    func add(upTo horizon: Int64) async throws {
        while try await !addNext(upTo: horizon) { Watchdog.progressed() }
    }

    /// Adds about one batch; says whether the horizon is reached.
    private func addNext(upTo horizon: Int64) async throws -> Bool {
        let (limit, instant) = (batchSize, now())
        return try await pool.withTransaction { transaction in
            let progress = CustomerDays.progress
            let through = try progress.lockedThrough(in: transaction, now: instant.milliseconds)
            guard through < horizon else { return true }
            let mark = try RatedSpans.mark(above: through, upTo: horizon, limit: limit, in: transaction)
            let days = try CustomerDays.summaries(above: through, upTo: mark, in: transaction)
            try CustomerDays.store(days, in: transaction)
            progress.advance(in: transaction, to: mark, now: instant.milliseconds)
            return mark >= horizon
        }
    }

    /// A customer's UTC day.
    private struct Key: Hashable {
        let customer: CustomerID
        let day: UsageDay
    }

    private static func summaries(
        above through: Int64, upTo mark: Int64, in transaction: PostgresTransaction
    ) throws -> [Key: UsageSummary] {
        let spans = try transaction.query(
            """
            SELECT DISTINCT usage_day FROM billing.rated_spans WHERE last_seq > \(through) AND first_seq <= \(mark)
            """)
        let days = try spans.map { try $0.value("usage_day") as UsageDay }
        guard !days.isEmpty else { return [:] }
        let rows = try transaction.query(
            """
            SELECT customer_id, usage_day, class_key, count(*) AS records, sum(billed_seconds)::bigint AS billed_seconds,
                sum(units)::bigint AS units, sum(charge) AS charge
            FROM (
                SELECT customer_id, usage_day, class_key, billed_seconds, 0::bigint AS units, charge
                FROM billing.rated_cdr
                WHERE usage_day = ANY (\(days)) AND rated_seq > \(through) AND rated_seq <= \(mark) AND status = 'rated'
                UNION ALL
                SELECT customer_id, usage_day, class_key, 0::bigint, units, charge
                FROM billing.rated_mdr
                WHERE usage_day = ANY (\(days)) AND rated_seq > \(through) AND rated_seq <= \(mark) AND status = 'rated'
                UNION ALL
                SELECT customer_id, usage_day, class_key, 0::bigint, units, charge
                FROM billing.rated_api_usage
                WHERE usage_day = ANY (\(days)) AND rated_seq > \(through) AND rated_seq <= \(mark) AND status = 'rated'
            ) AS usage
            WHERE customer_id IS NOT NULL
            GROUP BY customer_id, usage_day, class_key
            """)
        var summaries: [Key: UsageSummary] = [:]
        for row in rows {
            let key = Key(customer: try row.value("customer_id"), day: try row.value("usage_day"))
            var part = UsageSummary()
            part.add(
                ClassKey(try row.value("class_key")), charge: try row.value("charge"),
                billedSeconds: try row.value("billed_seconds") ?? 0, units: try row.value("units") ?? 0)
            part.records = try row.value("records")
            summaries[key, default: UsageSummary()].add(part)
        }
        return summaries
    }

    private static func store(_ days: [Key: UsageSummary], in transaction: PostgresTransaction) throws {
        let rows = days.sorted { ($0.key.customer, $0.key.day) < ($1.key.customer, $1.key.day) }
        guard !rows.isEmpty else { return }
        try transaction.execute(
            """
            INSERT INTO billing.usage_summary AS s (customer_id, usage_date, voice_seconds, voice_charges, sms_count,
                sms_charges, toll_free_seconds, toll_free_charges, total_charges, record_count)
            SELECT n.customer_id, n.usage_date, n.voice_seconds, n.voice_charges, n.sms_count, n.sms_charges,
                n.toll_free_seconds, n.toll_free_charges, n.total_charges, n.record_count
            FROM unnest(
                \(rows.map(\.key.customer))::uuid[], \(rows.map(\.key.day))::date[],
                \(rows.map(\.value.voiceSeconds))::bigint[], \(rows.map(\.value.voiceCharges))::numeric[],
                \(rows.map(\.value.messageUnits))::bigint[], \(rows.map(\.value.messageCharges))::numeric[],
                \(rows.map(\.value.tollFreeSeconds))::bigint[], \(rows.map(\.value.tollFreeCharges))::numeric[],
                \(rows.map(\.value.totalCharges))::numeric[], \(rows.map(\.value.records))::bigint[]
            ) AS n (customer_id, usage_date, voice_seconds, voice_charges, sms_count, sms_charges, toll_free_seconds,
                toll_free_charges, total_charges, record_count)
            ON CONFLICT (customer_id, usage_date) DO UPDATE
            SET voice_seconds = s.voice_seconds + excluded.voice_seconds,
                voice_charges = s.voice_charges + excluded.voice_charges,
                sms_count = s.sms_count + excluded.sms_count, sms_charges = s.sms_charges + excluded.sms_charges,
                toll_free_seconds = s.toll_free_seconds + excluded.toll_free_seconds,
                toll_free_charges = s.toll_free_charges + excluded.toll_free_charges,
                total_charges = s.total_charges + excluded.total_charges,
                record_count = s.record_count + excluded.record_count
            """)
    }
}
