import Core
import Drivers
import Reference

/// Rated rows as charges: those above a mark, found through `rated_spans`, which names the days to look at.
struct RatedUsageReader {
    let transaction: PostgresTransaction

    /// The charges numbered above `through` and at or below the returned mark, in the order of their numbers; about `limit` of
    /// them, all of them up to `horizon` if they are fewer.
    func charges(above through: Int64, upTo horizon: Int64, limit: Int) throws -> (charges: [RatedCharge], mark: Int64)
    {
        let mark = try self.mark(above: through, upTo: horizon, limit: limit)
        guard mark > through else { return ([], mark) }
        let days = try transaction.query(
            """
            SELECT DISTINCT service, usage_day
            FROM billing.rated_spans
            WHERE last_seq > \(through) AND first_seq <= \(mark)
            """)
        var charges: [RatedCharge] = []
        for row in days {
            let span = UsageSpan(
                kind: try RatedUsageReader.kind(ofService: row.value("service")), day: try row.value("usage_day"),
                first: through + 1, last: mark)
            charges += try self.charges(in: span)
        }
        return (charges.sorted { $0.sequence < $1.sequence }, mark)
    }

    /// A number above `through` with about `limit` rows between them; the horizon where there are fewer.
    private func mark(above through: Int64, upTo horizon: Int64, limit: Int) throws -> Int64 {
        let spans = try transaction.query(
            """
            SELECT last_seq, count
            FROM billing.rated_spans
            WHERE last_seq > \(through) AND last_seq <= \(horizon)
            ORDER BY last_seq
            LIMIT \(limit)
            """)
        var count = 0
        for span in spans {
            count += try span.value("count") as Int
            if count >= limit { return try span.value("last_seq") }
        }
        return horizon
    }

    private func charges(in span: UsageSpan) throws -> [RatedCharge] {
        let rows: PostgresRows
        let service: RatedCharge.Service
        switch span.kind {
        case .ratedCDR:
            service = .cdr
            rows = try transaction.query(
                """
                SELECT id, usage_day, rated_seq, customer_id, charge, corrects
                FROM billing.rated_cdr
                WHERE usage_day = \(span.day) AND rated_seq BETWEEN \(span.first) AND \(span.last) AND status = 'rated'
                """)
        case .ratedMDR:
            service = .mdr
            rows = try transaction.query(
                """
                SELECT id, usage_day, rated_seq, customer_id, charge, corrects
                FROM billing.rated_mdr
                WHERE usage_day = \(span.day) AND rated_seq BETWEEN \(span.first) AND \(span.last) AND status = 'rated'
                """)
        case .ratedAPIUsage:
            service = .api
            rows = try transaction.query(
                """
                SELECT id, usage_day, rated_seq, customer_id, charge, corrects
                FROM billing.rated_api_usage
                WHERE usage_day = \(span.day) AND rated_seq BETWEEN \(span.first) AND \(span.last) AND status = 'rated'
                """)
        case .rawCDR, .rawVendorCDR, .rawMDR, .rawAPIUsage:
            throw WalletError.notRatedUsage(kind: span.kind.rawValue)
        }
        return try rows.map { row in
            RatedCharge(
                id: try row.value("id"), day: try row.value("usage_day"), sequence: try row.value("rated_seq"),
                customer: try row.value("customer_id"), charge: try row.value("charge"), service: service,
                corrects: try row.value("corrects"))
        }
    }

    private static func kind(ofService service: String) throws(WalletError) -> FactKind {
        switch service {
        case "voice": return .ratedCDR
        case "message": return .ratedMDR
        case "api": return .ratedAPIUsage
        default: throw .notRatedUsage(kind: service)
        }
    }
}
