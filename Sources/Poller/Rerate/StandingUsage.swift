import Core
import Drivers
import Reference

/// Which usage is rated again.
struct RerateScope: Sendable, Hashable {
    /// UTC days of the rating instant.
    let days: ClosedRange<UsageDay>
    /// Only this customer's.
    var customerBAN: String?
    /// Only what this plan priced.
    var ratePlan: String?
}

/// A record as it stands: its raw row, and the row of rated usage that counts for it, which is the latest correction where there is one.
struct StandingUsage: Sendable {
    let row: RawRow
    /// The row that stands for the record.
    let rowID: UsageID
    let day: UsageDay
    let customerBAN: String?
    let facts: RatedFacts
    /// What a portability service once said of a call's number: it is not asked again (M11).
    let dip: LRNAnswer?
}

extension StandingUsage {
    /// The columns that a `StandingUsage` is made of; the tables' aliases are `rated` and `raw`.
    static func columns(of kind: RawKind) -> SQL {
        """
        \(RawUsageReader.columns(of: kind)),
        rated.id AS row_id, rated.usage_day AS rated_day, rated.status, rated.customer_id, rated.customer_ban,
        rated.class_key, rated.tax_jurisdiction, rated.sku, rated.rate_plan_id, \(kind.rate) AS rate,
        \(kind.quantity) AS quantity, rated.charge, rated.vendor, rated.vendor_cost,
        \(kind.dip("answer")) AS dip_answer, \(kind.dip("lrn")) AS dip_lrn
        """
    }

    /// The tables of these columns.
    /// - Parameter rawDay: the day of all raw rows, where it is known: then one partition is asked.
    static func source(of kind: RawKind, rawDay: UsageDay? = nil) -> SQL {
        let onDay: SQL = rawDay.map { "raw.usage_day = \($0)" } ?? "raw.usage_day = rated.raw_day"
        let dips: SQL =
            kind == .call
            ? """
            LEFT JOIN billing.lrn_dips AS dip
                ON dip.usage_day = raw.usage_day AND dip.call_id = raw.id AND dip.number = right(rated.dni, 10)
            """ : ""
        return """
            \(SQL(verbatim: kind.outcomeTable)) AS rated
            JOIN \(SQL(verbatim: "billing.\(kind.fact.rawValue)")) AS raw ON \(onDay) AND raw.raw_seq = rated.raw_seq
            \(dips)
            """
    }

    init(kind: RawKind, _ row: PostgresRow) throws {
        guard let status = UsageStatus(rawValue: try row.value("status")) else {
            throw PostgresError.decoding(column: "status", reason: "no status of rated usage")
        }
        guard let tax = TaxJurisdiction(rawValue: try row.value("tax_jurisdiction")) else {
            throw PostgresError.decoding(column: "tax_jurisdiction", reason: "no tax jurisdiction")
        }
        self.init(
            row: try RawRow(kind: kind, row), rowID: try row.value("row_id"), day: try row.value("rated_day"),
            customerBAN: try row.value("customer_ban"),
            facts: RatedFacts(
                status: status, customer: try row.value("customer_id"),
                classKey: (try row.value("class_key") as String?).map { ClassKey($0) }, taxJurisdiction: tax,
                sku: try row.value("sku"), ratePlan: try row.value("rate_plan_id"), rate: try row.value("rate"),
                quantity: try row.value("quantity"), charge: try row.value("charge"), vendor: try row.value("vendor"),
                cost: try row.value("vendor_cost")),
            dip: try (row.value("dip_answer") as String?).map {
                try LRNAnswer(stored: $0, lrn: try row.value("dip_lrn"))
            })
    }

    /// Hands over what stands on a day, chunk by chunk, in constant memory.
    static func forEach(
        _ kind: RawKind, on day: UsageDay, of scope: RerateScope, in transaction: PostgresTransaction,
        _ body: ([StandingUsage]) throws -> Void
    ) throws {
        let rated = SQL(verbatim: kind.outcomeTable)
        try forEach(
            kind, on: day,
            where: """
                NOT EXISTS (
                    SELECT FROM \(rated) AS reversal
                    WHERE reversal.usage_day = \(day) AND reversal.reverses = rated.id)
                AND (\(scope.customerBAN)::text IS NULL OR rated.customer_ban = \(scope.customerBAN))
                AND (\(scope.ratePlan)::text IS NULL OR rated.rate_plan_id = \(scope.ratePlan))
                """, in: transaction, body)
    }

    /// Hands over what a version rated on a day, also what was corrected since.
    static func forEach(
        _ kind: RawKind, on day: UsageDay, ratedBy version: String, in transaction: PostgresTransaction,
        _ body: ([StandingUsage]) throws -> Void
    ) throws {
        try forEach(kind, on: day, where: "rated.ref_version = \(version)", in: transaction, body)
    }

    private static func forEach(
        _ kind: RawKind, on day: UsageDay, where condition: SQL, in transaction: PostgresTransaction,
        _ body: ([StandingUsage]) throws -> Void
    ) throws {
        let rated = SQL(verbatim: kind.outcomeTable)
        let rawDays = try transaction.query("SELECT DISTINCT raw_day FROM \(rated) WHERE usage_day = \(day)")
        for rawDay in try rawDays.map({ try $0.value("raw_day", as: UsageDay.self) }) {
            let sql: SQL = """
                SELECT \(columns(of: kind))
                FROM \(source(of: kind, rawDay: rawDay))
                WHERE rated.usage_day = \(day) AND rated.raw_day = \(rawDay)
                    AND rated.reverses IS NULL
                    AND \(condition)
                """
            try transaction.stream(sql, chunk: 5_000) { rows in
                try body(try rows.map { try StandingUsage(kind: kind, $0) })
            }
        }
    }
}

extension RawKind {
    /// The kinds whose records are charged.
    static let charged: [RawKind] = [.call, .message, .query]

    fileprivate var rate: SQL { self == .call ? "rated.rate_per_minute" : "rated.rate" }
    fileprivate func dip(_ column: String) -> SQL { SQL(verbatim: self == .call ? "dip.\(column)" : "NULL::text") }
    fileprivate var quantity: SQL { self == .call ? "rated.billed_seconds" : "rated.units" }
}
