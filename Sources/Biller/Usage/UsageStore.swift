import Core
import Drivers
import Reference

/// The usage that invoices claim, summed by the database over whole partitions, for many customers in one question.
struct UsageStore: Sendable {
    let pool: PostgresPool

    /// Sums of the claims' records, in the claims' order.
    func usage(of claims: [UsageClaim]) async throws -> [ClaimedUsage] {
        guard let days = UsageStore.days(of: claims) else { return [] }
        return try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            let late = try UsageStore.lateDays(of: claims, in: transaction)
            let rows = try transaction.query(
                """
                WITH claims AS (\(UsageStore.claims(claims))),
                usage AS (\(UsageStore.records(days: days, lateDays: late)))
                SELECT u.ordinal, u.class_key, u.tax_jurisdiction, u.usage_day, u.is_late, count(*) AS records,
                    sum(u.billed_seconds)::bigint AS billed_seconds, sum(u.units)::bigint AS units,
                    sum(u.charge) AS charge, count(p.rated_id) AS posted, coalesce(sum(p.charge), 0) AS posted_charge,
                    coalesce(sum(p.debit), 0) AS debit, coalesce(sum(p.accrued), 0) AS accrued
                FROM usage AS u
                LEFT JOIN billing.usage_postings AS p ON p.rated_id = u.id AND p.usage_day = u.usage_day
                    AND (p.usage_day BETWEEN \(days.lowerBound) AND \(days.upperBound) OR p.usage_day = ANY (\(late)))
                GROUP BY GROUPING SETS (
                    (u.ordinal, u.class_key, u.tax_jurisdiction, u.is_late), (u.ordinal, u.usage_day, u.is_late))
                """)
            var usage = claims.map { _ in ClaimedUsage() }
            for row in rows { try usage[row.value("ordinal") as Int].add(row) }
            return usage
        }
    }

    /// The claim's records of its own period, one by one: bundles need them (rule I3).
    func records(of claim: UsageClaim) async throws -> [BillableRecord] {
        let days = claim.days
        let rows = try await pool.query(
            """
            WITH claims AS (\(UsageStore.claims([claim]))),
            usage AS (\(UsageStore.records(days: days, lateDays: [])))
            SELECT id, class_key, tax_jurisdiction, rating_instant, billed_seconds, units, rate_per_minute, charge
            FROM usage
            WHERE NOT is_late
            """)
        return try rows.map { row in
            BillableRecord(
                id: try row.value("id"),
                key: UsageGroupKey(
                    ClassKey(try row.value("class_key")), try UsageStore.jurisdiction(row.value("tax_jurisdiction"))),
                instant: try row.value("rating_instant"), billedSeconds: try row.value("billed_seconds"),
                units: try row.value("units"), ratePerMinute: try row.value("rate_per_minute"),
                charge: try row.value("charge"))
        }
    }

    /// Rated records up to the cut of their customer's last closed period, and not on exactly one invoice: none, ever.
    ///
    /// A record of a customer's closed time is claimed by the period that it lies in where its number is at or below that cut,
    /// and by the first later cut otherwise; counting the cuts that claim it proves both at once.
    func unclaimed(limit: Int) async throws -> [(id: UsageID, claims: Int)] {
        let rows = try await pool.query(
            """
            SELECT r.id, count(c.invoice_id) AS claims
            FROM (
                SELECT id, customer_id, rated_seq, rating_instant FROM billing.rated_cdr WHERE status = 'rated'
                UNION ALL
                SELECT id, customer_id, rated_seq, rating_instant FROM billing.rated_mdr WHERE status = 'rated'
                UNION ALL
                SELECT id, customer_id, rated_seq, rating_instant FROM billing.rated_api_usage WHERE status = 'rated'
            ) AS r
            JOIN LATERAL (
                SELECT period_until, cut_seq
                FROM billing.invoice_cuts
                WHERE customer_id = r.customer_id
                ORDER BY period_from DESC
                LIMIT 1
            ) AS last ON r.rated_seq <= last.cut_seq AND r.rating_instant < last.period_until
            LEFT JOIN billing.invoice_cuts AS c ON c.customer_id = r.customer_id AND r.rated_seq <= c.cut_seq
                AND r.rating_instant < c.period_until
                AND (r.rating_instant >= c.period_from OR r.rated_seq > c.previous_cut_seq)
            GROUP BY r.id
            HAVING count(c.invoice_id) <> 1
            LIMIT \(limit)
            """)
        return try rows.map { (try $0.value("id"), try $0.value("claims")) }
    }

    /// Every day of every claim's period: the bounds of the partitions that are read.
    private static func days(of claims: [UsageClaim]) -> ClosedRange<UsageDay>? {
        guard let first = claims.map(\.days.lowerBound).min(), let last = claims.map(\.days.upperBound).max() else {
            return nil
        }
        return first...last
    }

    /// The days on which late usage can lie: `rated_spans` names what every commit wrote (M23).
    private static func lateDays(of claims: [UsageClaim], in transaction: PostgresTransaction) throws -> [UsageDay] {
        guard let previous = claims.map(\.previousCut).min(), let cut = claims.map(\.cut).max(),
            let lastStart = claims.map(\.days.lowerBound).max()
        else { return [] }
        let rows = try transaction.query(
            """
            SELECT DISTINCT usage_day
            FROM billing.rated_spans
            WHERE last_seq > \(previous) AND first_seq <= \(cut) AND usage_day <= \(lastStart)
            """)
        return try rows.map { try $0.value("usage_day") as UsageDay }.sorted()
    }

    private static func claims(_ claims: [UsageClaim]) -> SQL {
        """
        SELECT c.ordinal, c.customer_id, c.period_from, c.period_until, c.previous_cut, c.cut
        FROM unnest(\(Array(claims.indices))::bigint[], \(claims.map(\.customer))::uuid[],
            \(claims.map(\.period.lowerBound))::timestamptz[], \(claims.map(\.period.upperBound))::timestamptz[],
            \(claims.map(\.previousCut))::bigint[], \(claims.map(\.cut))::bigint[]
        ) AS c (ordinal, customer_id, period_from, period_until, previous_cut, cut)
        """
    }

    /// The claimed records of all three services; a correction counts as late usage (rule I9).
    private static func records(days: ClosedRange<UsageDay>, lateDays: [UsageDay]) -> SQL {
        let services: [(table: String, columns: SQL)] = [
            ("billing.rated_cdr", "r.billed_seconds, 0::bigint AS units, r.rate_per_minute"),
            ("billing.rated_mdr", "0::bigint, r.units, NULL::numeric"),
            ("billing.rated_api_usage", "0::bigint, r.units, NULL::numeric"),
        ]
        let parts: [SQL] = services.map { service in
            """
            SELECT c.ordinal, r.id, r.usage_day, r.class_key, r.tax_jurisdiction, r.rating_instant, r.charge,
                r.corrects IS NOT NULL AS is_late, \(service.columns)
            FROM claims AS c
            JOIN \(identifier: service.table) AS r ON r.customer_id = c.customer_id
            WHERE r.status = 'rated' AND r.usage_day BETWEEN \(days.lowerBound) AND \(days.upperBound)
                AND r.rating_instant >= c.period_from AND r.rating_instant < c.period_until AND r.rated_seq <= c.cut
            UNION ALL
            SELECT c.ordinal, r.id, r.usage_day, r.class_key, r.tax_jurisdiction, r.rating_instant, r.charge,
                true, \(service.columns)
            FROM claims AS c
            JOIN \(identifier: service.table) AS r ON r.customer_id = c.customer_id
            WHERE r.status = 'rated' AND r.usage_day = ANY (\(lateDays))
                AND r.rating_instant < c.period_from AND r.rated_seq > c.previous_cut AND r.rated_seq <= c.cut
            """
        }
        return parts.dropFirst().reduce(parts[0]) { "\($0) UNION ALL \($1)" }
    }

    /// The tax jurisdiction of a stored row.
    static func jurisdiction(_ text: String) throws(BillerError) -> TaxJurisdiction {
        guard let jurisdiction = TaxJurisdiction(rawValue: text) else {
            throw .unreadable(table: "rated usage", column: "tax_jurisdiction", row: text)
        }
        return jurisdiction
    }
}

/// What the records of one claim come to.
struct ClaimedUsage: Hashable, Sendable {
    /// Sums by key, of the period and of what came late.
    private(set) var groups: [UsageGroup] = []
    private(set) var late: [UsageGroup] = []
    /// What the wallet made of exactly these records.
    private(set) var postings = InvoiceSettlement.Postings()
    private(set) var records = 0
    private(set) var posted = 0
    private(set) var days: [Day] = []

    /// The usage of one UTC day.
    struct Day: Hashable, Sendable {
        let day: UsageDay
        let isLate: Bool
        let records: Int
        let charges: Money
    }

    var isEmpty: Bool { records == 0 }
    var lateRecords: Int { late.reduce(0) { $0 + $1.records } }

    fileprivate mutating func add(_ row: PostgresRow) throws {
        let count: Int = try row.value("records")
        let charge: Money = try row.value("charge")
        let isLate: Bool = try row.value("is_late")
        guard let classKey: String = try row.value("class_key") else {
            days.append(Day(day: try row.value("usage_day"), isLate: isLate, records: count, charges: charge))
            return
        }
        let key = UsageGroupKey(
            ClassKey(classKey), try UsageStore.jurisdiction(row.value("tax_jurisdiction")))
        let group = UsageGroup(
            key: key, records: count, billedSeconds: try row.value("billed_seconds") ?? 0,
            units: try row.value("units") ?? 0, gross: charge)
        if isLate { late.append(group) } else { groups.append(group) }
        records += count
        posted += try row.value("posted")
        postings.charges += try row.value("posted_charge")
        postings.debits += try row.value("debit")
        postings.accrued += try row.value("accrued")
    }
}
