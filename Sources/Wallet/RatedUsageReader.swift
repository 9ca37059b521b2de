import Core
import Drivers
import Reference

/// Rated rows as charges: those above a mark, found through `rated_spans`, which names the days to look at.
struct RatedUsageReader {
    let transaction: PostgresTransaction

    /// Rated usage between two marks.
    struct Batch: Sendable {
        /// In the order of their numbers.
        var charges: [RatedCharge] = []
        var unanswered: [UnansweredCall] = []
        let mark: Int64
    }

    /// The usage numbered above `through` and at or below the returned mark: that of the next `limit` numbers, and no more where one commit wrote more; all
    /// of it up to `horizon` if it is less.
    func usage(above through: Int64, upTo horizon: Int64, limit: Int) throws -> Batch {
        var batch = Batch(mark: try mark(above: through, upTo: horizon, limit: limit))
        guard batch.mark > through else { return batch }
        let days = try transaction.query(
            """
            SELECT DISTINCT service, usage_day
            FROM billing.rated_spans
            WHERE last_seq > \(through) AND first_seq <= \(batch.mark)
            """)
        for row in days {
            let service = try RatedCharge.Service(rated: row.value("service"))
            try read(service, on: row.value("usage_day"), above: through, into: &batch)
        }
        batch.charges.sort { $0.sequence < $1.sequence }
        return batch
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

    private func read(
        _ service: RatedCharge.Service, on day: UsageDay, above through: Int64, into batch: inout Batch
    ) throws {
        let rows = try transaction.query(
            """
            SELECT \(service.columns)
            FROM \(identifier: service.table)
            WHERE usage_day = \(day) AND rated_seq > \(through) AND rated_seq <= \(batch.mark) AND \(service.isSeen)
            """)
        for row in rows {
            if try row.value("is_rated") {
                batch.charges.append(try RatedCharge(row, service: service))
            } else {
                batch.unanswered.append(try UnansweredCall(row))
            }
        }
    }

    /// The charges of some records of these days, in the order of their numbers.
    func charges(of ids: [UsageID], on days: [UsageDay]) throws -> [RatedCharge] {
        var charges: [RatedCharge] = []
        for service in RatedCharge.Service.allCases {
            charges += try transaction.query(
                """
                SELECT \(service.columns)
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
            corrects: try row.value("corrects"), endedAt: try row.value("ended_at"),
            call: service == .cdr ? try Call(row) : nil)
    }
}

extension RatedCharge.Call {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            startedAt: try row.value("started_at"), country: try row.value("country"),
            internationalSeconds: try row.value("international_seconds"))
    }
}

extension UnansweredCall {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.value("id"), sequence: try row.value("rated_seq"), customer: try row.value("customer_id"),
            startedAt: try row.value("started_at"), country: try row.value("country"))
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

    /// What is read of a row; of a call also what fraud control wants to know.
    fileprivate var columns: SQL {
        switch self {
        case .cdr:
            """
            id, usage_day, rated_seq, customer_id, charge, corrects, status = 'rated' AS is_rated, \(CallColumns.startedAt) AS started_at,
            \(CallColumns.endedAt) AS ended_at, \(CallColumns.country) AS country,
            \(CallColumns.internationalSeconds) AS international_seconds
            """
        case .mdr, .api:
            "id, usage_day, rated_seq, customer_id, charge, corrects, true AS is_rated, rating_instant AS ended_at"
        }
    }

    /// Which rows are read: what is charged, and calls that nobody answered.
    fileprivate var isSeen: SQL {
        switch self {
        case .cdr: "(status = 'rated' OR corrects IS NULL AND customer_id IS NOT NULL)"
        case .mdr, .api: "status = 'rated'"
        }
    }
}

/// How a row of `rated_cdr` says what fraud control wants to know of a call.
enum CallColumns {
    static let startedAt: SQL = "coalesce(start_stamp, rating_instant)"
    static let endedAt: SQL = "coalesce(end_stamp, rating_instant)"
    static let country: SQL = "CASE WHEN jurisdiction = 'international' THEN dni_country END"
    static let internationalSeconds: SQL =
        "CASE WHEN jurisdiction = 'international' THEN coalesce(billed_seconds, (duration_ms + 999) / 1000, 0) END"
}
