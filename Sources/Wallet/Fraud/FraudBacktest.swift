import Core
import DaemonKit
import Drivers
import Reference

/// What limits would have found in the usage of some days: the same windows, fed from the tables in the order of time. Reads only.
struct FraudBacktest: Sendable {
    let pool: PostgresPool

    /// Rows that are read at a time.
    private static let chunk = 5_000

    /// Runs over the days. `rules` stand in for everybody's limits; `progress` hears of each chunk.
    func run(
        _ days: ClosedRange<UsageDay>, warmUpDays: Int, rules: SpendLimitsDocument?,
        progress: @escaping @Sendable (UsageDay, Int) -> Void = { _, _ in }
    ) async throws -> FraudBacktestReport {
        let limits = FraudLimits(pool: pool)
        let common: SpendLimitsDocument = if let rules { rules } else { try await limits.read(of: nil) }
        let everybody = SpendLimits().with(common)
        var replay = FraudReplay(
            everybody: everybody, own: try await limits.own().mapValues { everybody.with($0) },
            highWaterMarks: try await highWaterMarks(), countedFrom: days.lowerBound.startUTC)
        var day = days.lowerBound.advanced(days: -warmUpDays)
        while day <= days.upperBound {
            let today = day
            replay = try await pool.stream(FraudBacktest.events(of: today), chunk: FraudBacktest.chunk, into: replay) {
                replay, rows in
                for row in rows { try replay.take(row) }
                progress(today, replay.eventCount)
            }
            day = day.advanced(days: 1)
        }
        return FraudBacktestReport(
            fired: replay.fired, reviews: try await reviews(of: days), eventCount: replay.eventCount, limits: everybody)
    }

    /// The marks of prepaid wallets as they are now; zero where there was no top-up.
    private func highWaterMarks() async throws -> [CustomerID: Money] {
        let rows = try await pool.query(
            "SELECT customer_id, coalesce(high_water_mark, 0) AS mark FROM billing.wallets WHERE model = 'PREPAID'")
        var marks: [CustomerID: Money] = [:]
        for row in rows { marks[try row.value("customer_id")] = try row.value("mark") }
        return marks
    }

    private func reviews(of days: ClosedRange<UsageDay>) async throws -> Set<FraudMoment> {
        let (first, end) = (days.lowerBound.startUTC, days.upperBound.advanced(days: 1).startUTC)
        let rows = try await pool.query(
            """
            SELECT customer_id, check_name, fired_at
            FROM billing.fraud_reviews
            WHERE fired_at >= \(first) AND fired_at < \(end)
            """)
        return Set(
            try rows.compactMap { row in
                try FraudCheck(rawValue: row.value("check_name")).map { check in
                    FraudMoment(customer: try row.value("customer_id"), check: check, at: try row.value("fired_at"))
                }
            })
    }

    /// What happened on a UTC day: calls that started, charges that became complete, payments that failed. A call's row is on the day of its
    /// answer, which may be a day from either.
    private static func events(of day: UsageDay) -> SQL {
        let (before, after) = (day.advanced(days: -1), day.advanced(days: 1))
        let (start, end) = (day.startUTC, after.startUTC)
        return """
            SELECT customer_id, at, kind, charge, international_seconds, country
            FROM (
                SELECT customer_id, \(CallColumns.startedAt) AS at, rated_seq AS place, 0 AS kind, NULL::numeric AS charge,
                    NULL::bigint AS international_seconds, \(CallColumns.country) AS country
                FROM billing.rated_cdr
                WHERE usage_day BETWEEN \(before) AND \(after) AND corrects IS NULL
                UNION ALL
                SELECT customer_id, \(CallColumns.endedAt), rated_seq, 1, charge, \(CallColumns.internationalSeconds), NULL
                FROM billing.rated_cdr
                WHERE usage_day BETWEEN \(before) AND \(after) AND corrects IS NULL AND status = 'rated'
                UNION ALL
                SELECT customer_id, rating_instant, rated_seq, 1, charge, NULL, NULL
                FROM billing.rated_mdr
                WHERE usage_day = \(day) AND corrects IS NULL AND status = 'rated'
                UNION ALL
                SELECT customer_id, rating_instant, rated_seq, 1, charge, NULL, NULL
                FROM billing.rated_api_usage
                WHERE usage_day = \(day) AND corrects IS NULL AND status = 'rated'
                UNION ALL
                SELECT p.customer_id, e.at, 0, 2, NULL, NULL, NULL
                FROM billing.payment_events AS e
                JOIN billing.payments AS p ON p.id = e.payment_id
                WHERE e.state = 'failed'
            ) AS events
            WHERE customer_id IS NOT NULL AND at >= \(start) AND at < \(end)
            ORDER BY at, place, kind
            """
    }
}

/// The windows of all customers while usage of the past goes through them.
private struct FraudReplay: Sendable {
    let everybody: SpendLimits
    let own: [CustomerID: SpendLimits]
    let highWaterMarks: [CustomerID: Money]
    /// What fires before only fills windows.
    let countedFrom: Instant
    private var windows: [CustomerID: SpendWindows] = [:]
    private(set) var fired: [FraudMoment] = []
    private(set) var eventCount = 0

    init(
        everybody: SpendLimits, own: [CustomerID: SpendLimits], highWaterMarks: [CustomerID: Money],
        countedFrom: Instant
    ) {
        self.everybody = everybody
        self.own = own
        self.highWaterMarks = highWaterMarks
        self.countedFrom = countedFrom
    }

    mutating func take(_ row: PostgresRow) throws {
        let customer: CustomerID = try row.value("customer_id")
        let event = try event(row, of: customer)
        eventCount += 1
        let alerts = windows[customer, default: SpendWindows()].observe(event, limits: own[customer] ?? everybody)
        guard event.at >= countedFrom else { return }
        fired += alerts.map { FraudMoment(customer: customer, check: $0.check, at: $0.at) }
    }

    private func event(_ row: PostgresRow, of customer: CustomerID) throws -> FraudEvent {
        let kind: FraudEvent.Kind
        switch try row.value("kind", as: Int.self) {
        case 0: kind = .callStart(country: try row.value("country"))
        case 1:
            let seconds: Int? = try row.value("international_seconds")
            kind = .charge(
                try row.value("charge"), billedSeconds: seconds ?? 0, isInternational: seconds != nil,
                highWaterMark: highWaterMarks[customer])
        default: kind = .paymentFailed
        }
        return FraudEvent(at: try row.value("at"), kind)
    }
}

/// A check that fired for a customer, by which two findings are the same.
struct FraudMoment: Hashable, Sendable {
    let customer: CustomerID
    let check: FraudCheck
    let at: Instant
}

/// What a backtest found, beside the reviews of the same days.
struct FraudBacktestReport: Sendable {
    let fired: [FraudMoment]
    let reviews: Set<FraudMoment>
    let eventCount: Int
    let limits: SpendLimits

    var text: String {
        var table = TextTable(
            ["check", "limit", "fired", "customers", "first", "reviews", "in both", "actions"], right: [1, 2, 3, 5, 6])
        for check in FraudCheck.allCases {
            let found = fired.filter { $0.check == check }
            let known = reviews.filter { $0.check == check }
            table.add([
                check.rawValue, limits.text(of: check), "\(found.count)", "\(Set(found.map(\.customer)).count)",
                found.first?.at.text ?? "-", "\(known.count)", "\(known.intersection(found).count)",
                (limits.actions[check] ?? []).map(\.rawValue).joined(separator: " "),
            ])
        }
        return "\(table.text)\n\(eventCount) events"
    }
}
