import Core
import DaemonKit
import Drivers
import Reference

/// The table `vendors`.
struct VendorStore: Sendable {
    let pool: PostgresPool

    private static let audit = Audit(table: "billing.recon_audit")

    /// Makes or changes vendors, audited, in one transaction; raters notice the new version.
    func load(_ entries: [VendorEntry], at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            for entry in entries {
                try transaction.execute(
                    """
                    INSERT INTO billing.vendors (name, deck, terms, payment_cycle, net_days, payment_method, statement_format,
                        created_at, updated_at)
                    VALUES (\(entry.name), \(entry.deck), \(entry.terms)::jsonb, \(entry.cycle.rawValue), \(entry.netDays),
                        \(entry.method), \(entry.format), \(now), \(now))
                    ON CONFLICT (name) DO UPDATE SET deck = excluded.deck, terms = excluded.terms,
                        payment_cycle = excluded.payment_cycle, net_days = excluded.net_days,
                        payment_method = excluded.payment_method, statement_format = excluded.statement_format,
                        updated_at = excluded.updated_at
                    """)
                try VendorStore.audit.record(
                    in: transaction, actor: "command:vendors", action: "vendor.load", subject: entry.name,
                    detail: entry.terms,
                    at: now.milliseconds)
            }
        }
    }

    /// One vendor as `vendors list` shows it.
    struct Row: Sendable {
        let name: String
        let deck: String?
        let cycle: String
        let netDays: Int
        let method: String
        let format: String?
    }

    /// All vendors by name.
    func all() async throws -> [Row] {
        try await pool.query(
            """
            SELECT name, deck, payment_cycle, net_days, payment_method, statement_format FROM billing.vendors ORDER BY name
            """
        ).map { row in
            Row(
                name: try row.value("name"), deck: try row.value("deck"), cycle: try row.value("payment_cycle"),
                netDays: try row.value("net_days"), method: try row.value("payment_method"),
                format: try row.value("statement_format"))
        }
    }

    /// The vendor of a name.
    func vendor(_ name: String) async throws -> Row {
        guard let row = try await all().first(where: { $0.name == name }) else { throw ReconError.unknownVendor(name) }
        return row
    }
}
