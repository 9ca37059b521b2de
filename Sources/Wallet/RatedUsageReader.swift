import Core
import Drivers
import Reference

/// Rated rows as charges: those above a mark, found through `rated_spans`, which names the days to look at.
struct RatedUsageReader {
    let transaction: PostgresTransaction

    /// The charges numbered above `through` and at or below the returned mark, in the order of their numbers: those of the next `limit` numbers, and no
    /// more where one commit wrote more; all of them up to `horizon` if they are fewer.
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
            let service = try RatedCharge.Service(rated: row.value("service"))
            charges += try self.charges(of: service, on: row.value("usage_day"), above: through, upTo: mark)
        }
        return (charges.sorted { $0.sequence < $1.sequence }, mark)
    }

    private func mark(above through: Int64, upTo horizon: Int64, limit: Int) throws -> Int64 {
        let next: Int64? = try transaction.query(
            """
            SELECT first_seq FROM billing.rated_spans
            WHERE last_seq > \(through) AND last_seq <= \(horizon) ORDER BY last_seq LIMIT 1
            """
        ).first?.value("first_seq")
        guard let next else { return horizon }
        // Numbers that nobody used are passed over.
        return min(horizon, max(through, next - 1) + Int64(limit))
    }

    private func charges(
        of service: RatedCharge.Service, on day: UsageDay, above through: Int64, upTo mark: Int64
    ) throws -> [RatedCharge] {
        try transaction.query(
            """
            SELECT id, usage_day, rated_seq, customer_id, charge, corrects
            FROM \(identifier: service.table)
            WHERE usage_day = \(day) AND rated_seq > \(through) AND rated_seq <= \(mark) AND status = 'rated'
            """
        ).map { try RatedCharge($0, service: service) }
    }

    /// The charges of some records of these days, in the order of their numbers.
    func charges(of ids: [UsageID], on days: [UsageDay]) throws -> [RatedCharge] {
        var charges: [RatedCharge] = []
        for service in RatedCharge.Service.allCases {
            charges += try transaction.query(
                """
                SELECT id, usage_day, rated_seq, customer_id, charge, corrects
                FROM \(identifier: service.table)
                WHERE usage_day = ANY (\(days)) AND id = ANY (\(ids)) AND status = 'rated'
                """
            ).map { try RatedCharge($0, service: service) }
        }
        return charges.sorted { $0.sequence < $1.sequence }
    }
}

extension RatedCharge {
    fileprivate init(_ row: PostgresRow, service: Service) throws {
        self.init(
            id: try row.value("id"), day: try row.value("usage_day"), sequence: try row.value("rated_seq"),
            customer: try row.value("customer_id"), charge: try row.value("charge"), service: service,
            corrects: try row.value("corrects"))
    }
}

extension RatedCharge.Service {
    /// The service as `rated_spans` names it.
    init(rated name: String) throws(WalletError) {
        switch name {
        case "voice": self = .cdr
        case "message": self = .mdr
        case "api": self = .api
        default: throw .notRatedUsage(kind: name)
        }
    }

    /// Where its rated rows are.
    var table: String {
        switch self {
        case .cdr: "billing.rated_cdr"
        case .mdr: "billing.rated_mdr"
        case .api: "billing.rated_api_usage"
        }
    }
}
