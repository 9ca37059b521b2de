import Core
import DaemonKit
import Drivers
import Reference

/// What a preview comes to, by customer, by day and by record.
struct RerateReport: Sendable {
    let preview: PreviewRow
    let customers: [Sum]
    let days: [Sum]
    /// Records that have no price any more; they stay as they are.
    let unpriced: Int

    /// The records that change of one customer or day.
    struct Sum: Sendable, Equatable {
        /// The account number, or the day.
        let name: String
        let records: Int
        let before: Money
        let after: Money

        var difference: Money { after - before }

        /// Sums of several.
        static func total(of sums: [Sum]) -> Sum {
            Sum(
                name: "total", records: sums.reduce(0) { $0 + $1.records },
                before: sums.reduce(.zero) { $0 + $1.before }, after: sums.reduce(.zero) { $0 + $1.after })
        }
    }

    /// The sum over everything.
    var total: Sum { Sum.total(of: days) }

    /// Reads the sums of a preview.
    static func read(_ preview: PreviewRow, from pool: PostgresPool) async throws -> RerateReport {
        let unpriced = try await pool.query(
            """
            SELECT count(*) AS count FROM billing.rerate_differences
            WHERE preview_id = \(preview.id) AND charge_after IS NULL
            """)
        return RerateReport(
            preview: preview, customers: try await sums("coalesce(customer_ban, '(none)')", of: preview, from: pool),
            days: try await sums("usage_day::text", of: preview, from: pool),
            unpriced: try unpriced.first?.value("count") ?? 0)
    }

    private static func sums(_ name: SQL, of preview: PreviewRow, from pool: PostgresPool) async throws -> [Sum] {
        try await pool.query(
            """
            SELECT \(name) AS name, count(*) AS records, sum(charge_before) AS before, sum(charge_after) AS after
            FROM billing.rerate_differences
            WHERE preview_id = \(preview.id) AND charge_after IS NOT NULL
            GROUP BY 1 ORDER BY 1
            """
        ).map { row in
            Sum(
                name: try row.value("name"), records: try row.value("records"), before: try row.value("before"),
                after: try row.value("after"))
        }
    }

    /// For a person at a terminal.
    var text: String {
        var parts = [
            "Preview \(preview.id.text): \(preview.records ?? 0) records of \(preview.scope.text) rated again with version "
                + "\(preview.refVersion)."
        ]
        if total.records == 0 && unpriced == 0 { return parts[0] + "\nNothing would change." }
        parts.append(Self.table("customer", customers, total))
        parts.append(Self.table("day", days, total))
        if unpriced > 0 { parts.append("\(unpriced) records have no price any more; they would stay as they are.") }
        parts.append(state)
        return parts.joined(separator: "\n\n")
    }

    private var state: String {
        if let applied = preview.appliedBy { return "Applied by \(applied)." }
        if let approved = preview.approvedBy { return "Approved by \(approved), not applied." }
        return "Nothing is written yet: poller rerate --apply \(preview.id.text)"
    }

    static func table(_ title: String, _ sums: [Sum], _ total: Sum) -> String {
        var table = TextTable([title, "records", "charged", "would be", "difference"], right: [1, 2, 3, 4])
        for sum in sums + [total] {
            table.add([
                sum.name, String(sum.records), sum.before.text(.charge), sum.after.text(.charge),
                sum.difference.signed(.charge),
            ])
        }
        return table.text
    }
}

extension RerateScope {
    /// As people are told it.
    var text: String {
        var text = "\(days.lowerBound.text) to \(days.upperBound.text)"
        if let customerBAN { text += ", customer \(customerBAN)" }
        if let ratePlan { text += ", plan \(ratePlan)" }
        return text
    }
}

extension Money {
    /// With its sign, unless it is zero.
    func signed(_ decimals: MoneyScale) -> String { (self > .zero ? "+" : "") + text(decimals) }
}

/// One record of a preview.
struct RerateLine: Sendable {
    let kind: String
    let id: UsageID
    let key: String
    let day: UsageDay
    let customerBAN: String?
    let changes: [String]
    let before: Money
    let after: Money?
    let costBefore: Money?
    let costAfter: Money?

    /// The titles of the CSV file.
    static let titles = [
        "kind", "id", "natural_key", "usage_day", "customer_ban", "charge_before", "charge_after", "difference",
        "cost_before",
        "cost_after", "changes",
    ]

    /// Its line of the CSV file.
    var csv: String {
        let fields: [String] = [
            kind, id.text, key, day.text, customerBAN ?? "", before.text(.charge), after?.text(.charge) ?? "",
            after.map { ($0 - before).text(.charge) } ?? "", costBefore?.text(.charge) ?? "",
            costAfter?.text(.charge) ?? "", changes.joined(separator: " "),
        ]
        return CSVText.line(fields)
    }

    /// Hands over a preview's records, chunk by chunk, the largest movements first where so many at most are wanted.
    static func forEach(
        of preview: PreviewRow, largest: Int? = nil, from pool: PostgresPool,
        _ body: @escaping @Sendable ([RerateLine]) throws -> Void
    ) async throws {
        let order: SQL =
            largest.map { "abs(coalesce(charge_after, 0) - charge_before) DESC, id LIMIT \($0)" }
            ?? "kind, usage_day, raw_seq"
        try await pool.withTransaction(readOnly: true) { transaction in
            try transaction.stream(
                """
                SELECT kind, id, natural_key, usage_day, customer_ban, changes, charge_before, charge_after, cost_before,
                    cost_after
                FROM billing.rerate_differences WHERE preview_id = \(preview.id) ORDER BY \(order)
                """, chunk: 5_000
            ) { rows in try body(try rows.map { try RerateLine($0) }) }
        }
    }

    private init(_ row: PostgresRow) throws(PostgresError) {
        kind = String((try row.value("kind") as String).dropFirst("raw_".count))
        id = try row.value("id")
        key = try row.value("natural_key")
        day = try row.value("usage_day")
        customerBAN = try row.value("customer_ban")
        changes = try row.value("changes")
        before = try row.value("charge_before")
        after = try row.value("charge_after")
        costBefore = try row.value("cost_before")
        costAfter = try row.value("cost_after")
    }
}
