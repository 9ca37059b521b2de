import Core
import DaemonKit
import Drivers
import Reference

/// What is in BigQuery, as a person reads it.
struct LoadStatus: Sendable {
    let days: [DayCounts]
    let loads: [LoadSum]

    /// The loads of a table in one state.
    struct LoadSum: Sendable {
        let table: String
        let state: String
        let loads: Int
        let rows: Int
        let latest: Instant
        let failure: String?
    }

    /// Days shown where none are asked for.
    private static let daysShown = 100

    static func read(
        _ pool: PostgresPool, days: ClosedRange<UsageDay>?, onlyDifferent: Bool
    ) async throws -> LoadStatus {
        let first = days?.lowerBound
        let last = days?.upperBound
        let rows = try await pool.query(
            """
            SELECT table_name, usage_day, through_seq, row_count, amount, bigquery_row_count,
                round(bigquery_amount, 7) AS bigquery_amount
            FROM billing.bigquery_days
            WHERE (\(first)::date IS NULL OR usage_day BETWEEN \(first)::date AND \(last)::date)
                AND (NOT \(onlyDifferent) OR row_count <> bigquery_row_count OR amount <> bigquery_amount)
            ORDER BY usage_day DESC, table_name
            LIMIT \(days == nil ? daysShown : nil)
            """)
        return LoadStatus(
            days: try rows.compactMap { row in
                guard let table = ExportTable(rawValue: try row.value("table_name")) else { return nil }
                return DayCounts(
                    table: table, day: try row.value("usage_day"), through: try row.value("through_seq"),
                    rows: try row.value("row_count"), amount: try row.value("amount"),
                    bigQueryRows: try row.value("bigquery_row_count"), bigQueryAmount: try row.value("bigquery_amount"))
            }, loads: try await loads(pool))
    }

    private static func loads(_ pool: PostgresPool) async throws -> [LoadSum] {
        let rows = try await pool.query(
            """
            SELECT table_name, state, count(*) AS loads, sum(row_count)::bigint AS rows,
                max(coalesce(loaded_at, submitted_at, assigned_at)) AS latest,
                max(failure) FILTER (WHERE state <> 'loaded') AS failure
            FROM billing.bigquery_loads
            GROUP BY table_name, state
            ORDER BY table_name, state
            """)
        return try rows.map { row in
            LoadSum(
                table: try row.value("table_name"), state: try row.value("state"), loads: try row.value("loads"),
                rows: try row.value("rows"), latest: try row.value("latest"), failure: try row.value("failure"))
        }
    }

    var text: String {
        var days = TextTable(
            ["day", "table", "rows", "BigQuery", "amount", "BigQuery", "difference"], right: [2, 3, 4, 5, 6])
        for day in self.days {
            let rows = day.bigQueryRows - day.rows
            let amount = day.bigQueryAmount - day.amount
            days.add([
                day.day.text, day.table.rawValue, "\(day.rows)", "\(day.bigQueryRows)", day.amount.text(.charge),
                day.bigQueryAmount.text(.charge), day.isEqual ? "-" : "\(rows) rows, \(amount.text(.charge))",
            ])
        }
        var loads = TextTable(["table", "loads", "count", "rows", "latest", ""], right: [2, 3])
        for load in self.loads {
            loads.add([load.table, load.state, "\(load.loads)", "\(load.rows)", load.latest.text, load.failure ?? ""])
        }
        if self.days.isEmpty && self.loads.isEmpty { return "nothing was loaded yet" }
        return [self.days.isEmpty ? nil : days.text, self.loads.isEmpty ? nil : loads.text].compactMap { $0 }
            .joined(separator: "\n\n")
    }
}
