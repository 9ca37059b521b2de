import Core
import DaemonKit
import Drivers
import Reference

/// What two stores have of a usage day, up to a number.
struct DayCounts: Sendable, Equatable {
    let table: ExportTable
    let day: UsageDay
    let through: Int64
    let rows: Int
    let amount: Money
    let bigQueryRows: Int
    let bigQueryAmount: Money

    var isEqual: Bool { rows == bigQueryRows && amount == bigQueryAmount }
}

/// Compares days: count and Σ charge by PostgreSQL of what is loaded, and by BigQuery of what it has.
struct DayComparison: Sendable {
    let pool: PostgresPool
    let client: BigQueryClient
    let dataset: String

    /// Compares the days of batches that were loaded since the last comparison, and those that differed then.
    func compareLoaded(_ table: ExportTable, at now: Instant) async throws -> [DayCounts] {
        let rows = try await pool.query(
            """
            SELECT DISTINCT unnest(usage_days) AS usage_day
            FROM billing.bigquery_loads
            WHERE table_name = \(table.rawValue) AND state = 'loaded' AND compared_at IS NULL
            """)
        let touched: Set<UsageDay> = Set(try rows.map { try $0.value("usage_day") })
        guard !touched.isEmpty else { return [] }
        return try await compare(table, touched.union(try await differing(table)), at: now)
    }

    /// Compares some days and keeps what was found. A batch that is under way would be in one store and not in the other, so none may be.
    func compare(_ table: ExportTable, _ days: Set<UsageDay>, at now: Instant) async throws -> [DayCounts] {
        let rows = try await pool.query(
            """
            SELECT coalesce(max(through_seq) FILTER (WHERE state = 'loaded'), 0) AS through,
                coalesce(bool_or(state = 'submitted'), false) AS is_under_way
            FROM billing.bigquery_loads
            WHERE table_name = \(table.rawValue)
            """)
        guard let row = rows.first, try !row.value("is_under_way", as: Bool.self) else { return [] }
        let through: Int64 = try row.value("through")
        var counts: [DayCounts] = []
        for run in Self.runs(of: days) {
            Watchdog.progressed()
            let ours = try await ourCounts(table, run, through: through)
            let theirs = try await theirCounts(table, run)
            for day in run where days.contains(day) {
                counts.append(
                    DayCounts(
                        table: table, day: day, through: through, rows: ours[day]?.rows ?? 0,
                        amount: ours[day]?.amount ?? .zero, bigQueryRows: theirs[day]?.rows ?? 0,
                        bigQueryAmount: theirs[day]?.amount ?? .zero))
            }
        }
        try await keep(counts, table, through: through, at: now)
        return counts
    }

    /// How many days of a table differ, and by how many rows.
    func differences(_ table: ExportTable) async throws -> (days: Int, rows: Int) {
        let rows = try await pool.query(
            """
            SELECT count(*) AS days, coalesce(sum(abs(row_count - bigquery_row_count)), 0)::bigint AS rows
            FROM billing.bigquery_days
            WHERE table_name = \(table.rawValue)
                AND (row_count <> bigquery_row_count OR amount <> bigquery_amount)
            """)
        guard let row = rows.first else { return (0, 0) }
        return (try row.value("days"), try row.value("rows"))
    }

    // MARK: Counting

    private typealias Counts = [UsageDay: (rows: Int, amount: Money)]

    private func differing(_ table: ExportTable) async throws -> [UsageDay] {
        let rows = try await pool.query(
            """
            SELECT usage_day
            FROM billing.bigquery_days
            WHERE table_name = \(table.rawValue)
                AND (row_count <> bigquery_row_count OR amount <> bigquery_amount)
            """)
        return try rows.map { try $0.value("usage_day") }
    }

    private func ourCounts(_ table: ExportTable, _ days: [UsageDay], through: Int64) async throws -> Counts {
        let rows = try await pool.query(
            """
            SELECT usage_day, count(*) AS row_count, coalesce(sum(\(identifier: table.amount)), 0) AS amount
            FROM \(identifier: table.source)
            WHERE usage_day = ANY (\(days)) AND \(identifier: table.sequence) <= \(through)
            GROUP BY usage_day
            """, timeout: .seconds(300))
        var counts: Counts = [:]
        for row in rows {
            counts[try row.value("usage_day")] = (try row.value("row_count"), try row.value("amount"))
        }
        return counts
    }

    /// The filter on the day makes it read, and cost, those partitions alone.
    private func theirCounts(_ table: ExportTable, _ days: [UsageDay]) async throws -> Counts {
        guard let first = days.first, let last = days.last else { return [:] }
        var page: BigQueryPage? = try await client.query(
            BigQueryQuery(
                """
                SELECT CAST(`usage_day` AS STRING) AS `day`, COUNT(*) AS `row_count`,
                    CAST(COALESCE(SUM(`\(table.amount)`), 0) AS STRING) AS `amount`
                FROM `\(client.project).\(dataset).\(table.rawValue)`
                WHERE `usage_day` BETWEEN @first_day AND @last_day
                GROUP BY 1
                """, [.init("first_day", .date, first.text), .init("last_day", .date, last.text)], pageRows: 1_000))
        var counts: Counts = [:]
        while let current = page {
            for cells in current.rows {
                guard cells.count == 3, let day = cells[0].text.flatMap({ UsageDay(parsing: $0) }),
                    let rows = cells[1].text.flatMap({ Int($0) }), let text = cells[2].text
                else { throw BigQueryError.unreadable("a day and its counts") }
                counts[day] = (rows, try Self.amount(text))
            }
            page = try await client.page(after: current)
        }
        return counts
    }

    private static func amount(_ text: String) throws(BigQueryError) -> Money {
        do throws(FixedPoint.ParsingError) {
            return try Money(parsing: text)
        } catch {
            throw .unreadable("the amount \(text)")
        }
    }

    private func keep(_ counts: [DayCounts], _ table: ExportTable, through: Int64, at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            for day in counts {
                transaction.queue(
                    """
                    INSERT INTO billing.bigquery_days
                        (table_name, usage_day, through_seq, row_count, amount, bigquery_row_count, bigquery_amount,
                        compared_at)
                    VALUES (\(table.rawValue), \(day.day), \(through), \(day.rows), \(day.amount.text(.charge))::numeric,
                        \(day.bigQueryRows), \(day.bigQueryAmount.text(.full))::numeric, \(now))
                    ON CONFLICT (table_name, usage_day) DO UPDATE
                    SET through_seq = excluded.through_seq, row_count = excluded.row_count, amount = excluded.amount,
                        bigquery_row_count = excluded.bigquery_row_count, bigquery_amount = excluded.bigquery_amount,
                        compared_at = excluded.compared_at
                    """)
            }
            let compared = counts.map { $0.day }
            try transaction.execute(
                """
                UPDATE billing.bigquery_loads
                SET compared_at = \(now)
                WHERE table_name = \(table.rawValue) AND state = 'loaded' AND compared_at IS NULL
                    AND through_seq <= \(through) AND usage_days <@ \(compared)
                """)
        }
    }

    /// Days that follow one another are asked for at once, at most as many as a page has room for.
    static func runs(of days: Set<UsageDay>) -> [[UsageDay]] {
        var runs: [[UsageDay]] = []
        for day in days.sorted() {
            if let last = runs.last?.last, last.advanced(days: 1) == day, runs[runs.count - 1].count < 100 {
                runs[runs.count - 1].append(day)
            } else {
                runs.append([day])
            }
        }
        return runs
    }
}
