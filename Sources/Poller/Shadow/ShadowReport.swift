import Core
import Drivers
import Reference

/// What a shadow plan comes to, beside what was charged. Rows that a re-rating took back are left out: their corrections count.
struct ShadowReport: Sendable, Equatable {
    let days: [RerateReport.Sum]
    /// By class key.
    let classes: [RerateReport.Sum]
    /// Rows that the plan has no price for; they are in no sum.
    let unpriced: Int

    var total: RerateReport.Sum { RerateReport.Sum.total(of: days) }

    /// The report of some days; nil means all.
    static func read(_ plan: ShadowPlan, _ days: ClosedRange<UsageDay>?, from pool: PostgresPool) async throws
        -> ShadowReport
    {
        let rows = try await pool.query(
            """
            SELECT shadow.usage_day::text AS day, coalesce(shadow.class_key, '') AS class, count(*) AS records,
                count(*) FILTER (WHERE shadow.shadow_charge IS NULL) AS unpriced,
                coalesce(sum(coalesce(shadow.charge, 0)) FILTER (WHERE shadow.shadow_charge IS NOT NULL), 0) AS before,
                coalesce(sum(shadow.shadow_charge), 0) AS after
            FROM billing.shadow_rated AS shadow
            WHERE shadow.shadow_id = \(plan.id)
                AND (\(days?.lowerBound)::date IS NULL OR shadow.usage_day >= \(days?.lowerBound))
                AND (\(days?.upperBound)::date IS NULL OR shadow.usage_day <= \(days?.upperBound))
                AND NOT EXISTS (
                    SELECT FROM billing.rated_cdr AS reversal
                    WHERE reversal.usage_day = shadow.usage_day AND reversal.reverses = shadow.row_id)
                AND NOT EXISTS (
                    SELECT FROM billing.rated_mdr AS reversal
                    WHERE reversal.usage_day = shadow.usage_day AND reversal.reverses = shadow.row_id)
                AND NOT EXISTS (
                    SELECT FROM billing.rated_api_usage AS reversal
                    WHERE reversal.usage_day = shadow.usage_day AND reversal.reverses = shadow.row_id)
            GROUP BY 1, 2
            ORDER BY 1, 2
            """)
        let found = try rows.map { row -> (day: String, sum: RerateReport.Sum, unpriced: Int) in
            let unpriced: Int = try row.value("unpriced")
            return (
                try row.value("day"),
                RerateReport.Sum(
                    name: try row.value("class"), records: try row.value("records") - unpriced,
                    before: try row.value("before"), after: try row.value("after")), unpriced
            )
        }
        func sums(by name: ((day: String, sum: RerateReport.Sum, unpriced: Int)) -> String) -> [RerateReport.Sum] {
            Dictionary(grouping: found, by: name).sorted { $0.key < $1.key }.map { name, parts in
                let total = RerateReport.Sum.total(of: parts.map { $0.sum })
                return RerateReport.Sum(
                    name: name, records: total.records, before: total.before, after: total.after)
            }
        }
        return ShadowReport(
            days: sums { $0.day }, classes: sums { $0.sum.name }, unpriced: found.reduce(0) { $0 + $1.unpriced })
    }

    /// For a person at a terminal.
    var text: String {
        var parts = [RerateReport.table("day", days, total), RerateReport.table("class", classes, total)]
        if unpriced > 0 { parts.append("\(unpriced) records have no price by this plan; they are in no sum.") }
        return parts.joined(separator: "\n\n")
    }
}
