import Core
import DaemonKit
import Drivers
import Reference

/// The taxes of our own table, `tax_rates`: what invoices are computed with where no tax service is configured.
struct TaxTable: Sendable {
    let pool: PostgresPool

    private static let audit = Audit(table: "billing.biller_audit")

    /// Replaces the whole table.
    func load(_ rates: [TaxRate], actor: String, at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            try transaction.execute("DELETE FROM billing.tax_rates")
            for rate in rates { try TaxTable.insert(rate, in: transaction) }
            try TaxTable.audit.record(
                in: transaction, actor: actor, action: "taxes.load", subject: "tax_rates",
                detail: "{\"rows\":\(rates.count)}", at: now.milliseconds)
        }
    }

    /// The whole table, from which each invoice takes the rules of its date.
    func rates() async throws -> TaxRates {
        let rows = try await pool.query(
            "SELECT tax, state, kind, rate, amount, base, effective, ends FROM billing.tax_rates ORDER BY tax, effective"
        )
        return TaxRates(rates: try rows.map(TaxRate.init))
    }

    private static func insert(_ rate: TaxRate, in transaction: PostgresTransaction) throws {
        let kind: String
        var factor: Factor?
        var amount: Money?
        var bases: [String] = []
        switch rate.kind {
        case .usf(let value): (kind, factor) = ("usf", value)
        case .percent(let value, let of): (kind, factor, bases) = ("percent", value, of.map(\.rawValue))
        case .perLine(let value): (kind, amount) = ("per_line", value)
        }
        try transaction.execute(
            """
            INSERT INTO billing.tax_rates (tax, state, kind, rate, amount, base, effective, ends)
            VALUES (\(rate.tax), \(rate.state), \(kind), \(factor?.text)::numeric, \(amount), \(bases)::text[],
                \(rate.effective), \(rate.ends))
            """)
    }
}

/// Every tax that was ever in force, as far as the table goes back.
struct TaxRates: Sendable {
    let rates: [TaxRate]

    /// The rules of an invoice date (rules T1, T2).
    func rules(on day: UsageDay) -> TaxRules {
        var factors: [TaxRules.USFFactor] = []
        var rows: [TaxRow] = []
        for rate in rates {
            switch rate.kind {
            case .usf(let factor): factors.append(TaxRules.USFFactor(effective: rate.effective, factor: factor))
            case .percent(let factor, let bases) where rate.isInForce(on: day):
                rows.append(TaxRow(id: rate.tax, state: rate.state, kind: .percent(factor, of: Set(bases))))
            case .perLine(let amount) where rate.isInForce(on: day):
                rows.append(TaxRow(id: rate.tax, state: rate.state, kind: .perLine(amount)))
            case .percent, .perLine: break
            }
        }
        return TaxRules(usf: factors, rows: rows)
    }
}

extension TaxRate {
    fileprivate init(_ row: PostgresRow) throws {
        let tax: String = try row.value("tax")
        func factor() throws -> Factor {
            guard let factor = FileText.factor(try row.value("rate")) else {
                throw BillerError.unreadable(table: "tax_rates", column: "rate", row: tax)
            }
            return factor
        }
        let kind: Kind
        switch try row.value("kind") as String {
        case "usf": kind = .usf(try factor())
        case "percent":
            let bases = try (row.value("base") as [String]).map { text in
                guard let base = TaxRow.Base(rawValue: text) else {
                    throw BillerError.unreadable(table: "tax_rates", column: "base", row: tax)
                }
                return base
            }
            kind = .percent(try factor(), of: bases)
        case "per_line": kind = .perLine(try row.value("amount"))
        default: throw BillerError.unreadable(table: "tax_rates", column: "kind", row: tax)
        }
        self.init(
            tax: tax, state: try row.value("state"), kind: kind, effective: try row.value("effective"),
            ends: try row.value("ends"))
    }
}
