import Core
import DaemonKit
import Drivers
import Reference

/// When a batch is full.
struct BatchBounds: Sendable {
    var rows = 100_000
    var bytes = 64 << 20
    var age: Duration = .seconds(300)
}

/// Where the next batch of a table ends: at the horizon, or where it is full.
struct BatchCut: Sendable {
    let pool: PostgresPool
    let bounds: BatchBounds

    /// How many numbers one cut looks over at most, so that a table with few rows passes them in steps.
    static let mostNumbers: Int64 = 1_000_000

    /// What comes of a cut.
    enum Outcome: Sendable {
        case batch(LoadBatch)
        /// The table has no rows up to this number.
        case nothing(through: Int64)
    }

    /// How many rows of a table wait above a number. Attempts have no spans: their numbers are counted, some of which may be nobody's.
    func waiting(_ table: ExportTable, above mark: Int64, horizon: Int64) async throws -> Int {
        guard let service = table.service else { return Int(max(0, horizon - mark)) }
        let rows = try await pool.query(
            """
            SELECT coalesce(sum(count), 0)::bigint AS waiting
            FROM billing.rated_spans
            WHERE service = \(service) AND last_seq > \(mark) AND first_seq <= \(horizon)
            """)
        return try rows.first?.value("waiting") ?? 0
    }

    /// The batch that follows a number. Its rows are read to be counted and measured; they are read again when they are sent.
    func next(_ table: ExportTable, after mark: Int64, horizon: Int64) async throws -> Outcome {
        let end = min(horizon, mark + Self.mostNumbers)
        let id = Identifier128.random()
        let rows = ExportRows(
            pool: pool, table: table, days: try await days(table, from: mark, through: end), batchID: id)
        var sum = Sum()
        var through = mark
        filling: while !rows.days.isEmpty {
            let page = try await rows.page(after: through, through: end)
            for line in page {
                if sum.rows == bounds.rows || (sum.rows > 0 && sum.bytes + line.json.count > bounds.bytes) {
                    break filling
                }
                sum.add(line)
                through = line.number
            }
            Watchdog.progressed()
            if page.count < ExportRows.pageRows {
                through = end
                break
            }
        }
        guard sum.rows > 0 else { return .nothing(through: end) }
        return .batch(
            LoadBatch(
                id: id, table: table, from: mark, through: through, days: sum.days.sorted(), rows: sum.rows,
                amount: sum.amount, bytes: sum.bytes, format: table.format))
    }

    /// The days on which rows of a range of numbers lie.
    private func days(_ table: ExportTable, from: Int64, through: Int64) async throws -> [UsageDay] {
        let rows =
            if let service = table.service {
                try await pool.query(
                    """
                    SELECT DISTINCT usage_day
                    FROM billing.rated_spans
                    WHERE service = \(service) AND last_seq > \(from) AND first_seq <= \(through)
                    """)
            } else {
                try await pool.query(
                    """
                    SELECT DISTINCT usage_day
                    FROM billing.vendor_cdr
                    WHERE vendor_cdr_seq > \(from) AND vendor_cdr_seq <= \(through)
                    """)
            }
        return try rows.map { try $0.value("usage_day") }
    }

    private struct Sum {
        var rows = 0
        var bytes = 0
        var amount = Money.zero
        var days: Set<UsageDay> = []

        mutating func add(_ line: ExportRows.Line) {
            rows += 1
            bytes += line.json.count
            amount = amount + line.amount
            days.insert(line.day)
        }
    }
}
