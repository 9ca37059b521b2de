import Core
import Drivers
import Foundation
import Reference
import Testing

@testable import Biller

/// A rated record as rater and wallet leave it.
struct TestUsage: Sendable {
    var id = Identifier128.random()
    var customer: String
    var classKey: String
    var taxJurisdiction = "interstate"
    var at: String
    var seconds = 0
    var units = 0
    var ratePerMinute: String?
    var charge: String
    /// Nil leaves it without a posting.
    var debit: String? = "0.0000"
    var accrued = "0.0000"
    var corrects: Identifier128?
}

extension BillerWorld {
    /// Inserts records in one commit, as the rater numbers them and the wallet posts them, and moves the wallet's mark behind them.
    func add(_ usage: [TestUsage], isPosted: Bool = true) async throws {
        try await pool.withTransaction { transaction in
            try transaction.execute("SELECT billing.lock_sequence('rated')")
            for record in usage { try BillerWorld.insert(record, in: transaction) }
            guard isPosted else { return }
            try transaction.execute(
                """
                INSERT INTO billing.wallet_progress (source, through_seq, updated_at)
                SELECT 'rated', last_value, now() FROM billing.rated_seq
                ON CONFLICT (source) DO UPDATE SET through_seq = excluded.through_seq
                """)
        }
    }

    private static func insert(_ record: TestUsage, in transaction: PostgresTransaction) throws {
        let at = try instant(record.at)
        let day = at.usageDay
        let service = service(of: record.classKey)
        for table in [service.table, "usage_postings"] {
            _ = try transaction.query("SELECT billing.ensure_partition(\(table), \(day))")
        }
        let drawn = try transaction.query("SELECT nextval('billing.rated_seq') AS number")
        let number: Int64 = try #require(try drawn.first?.value("number"))
        let customer = try #require(CustomerID(parsing: record.customer))
        let charge = try money(record.charge)
        switch service.name {
        case "voice":
            try transaction.execute(
                """
                INSERT INTO billing.rated_cdr (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at,
                    corrects, sip_uuid, customer_id, status, flags, answered, rating_instant, billed_seconds, jurisdiction,
                    tax_jurisdiction, class_key, rate_per_minute, charge, ref_version)
                VALUES (\(record.id), \(number), \(day), \(day), \(number), 'test', \(at), \(at), \(record.corrects),
                    \(record.id.text), \(customer), 'rated', '{}', true, \(at), \(record.seconds), 'interstate',
                    \(record.taxJurisdiction), \(record.classKey), \(record.ratePerMinute)::numeric, \(charge), '1')
                """)
        case "message":
            try transaction.execute(
                """
                INSERT INTO billing.rated_mdr (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at,
                    corrects, message_id, customer_id, status, flags, rating_instant, units, jurisdiction, tax_jurisdiction,
                    class_key, charge, ref_version)
                VALUES (\(record.id), \(number), \(day), \(day), \(number), 'test', \(at), \(at), \(record.corrects),
                    \(record.id.text), \(customer), 'rated', '{}', \(at), \(record.units), 'domestic',
                    \(record.taxJurisdiction), \(record.classKey), \(charge), '1')
                """)
        default:
            try transaction.execute(
                """
                INSERT INTO billing.rated_api_usage (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at,
                    corrects, usage_id, customer_id, status, flags, rating_instant, units, tax_jurisdiction, class_key,
                    charge, ref_version)
                VALUES (\(record.id), \(number), \(day), \(day), \(number), 'test', \(at), \(at), \(record.corrects),
                    \(record.id.text), \(customer), 'rated', '{}', \(at), \(record.units), \(record.taxJurisdiction),
                    \(record.classKey), \(charge), '1')
                """)
        }
        try transaction.execute(
            """
            INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
            VALUES (\(service.name), \(day), \(number), \(number), 1, \(charge))
            """)
        guard let debit = record.debit else { return }
        try transaction.execute(
            """
            INSERT INTO billing.usage_postings (rated_id, usage_day, rated_seq, customer_id, charge, debit, accrued,
                residue_after, posted_at, chain_index, chain_hash)
            VALUES (\(record.id), \(day), \(number), \(customer), \(charge), \(try money(debit)),
                \(try money(record.accrued)), 0, \(at), \(number), sha256(''))
            """)
    }

    private static func service(of classKey: String) -> (name: String, table: String) {
        let key = ClassKey(classKey)
        if key.isMessage { return ("message", "rated_mdr") }
        return key.isNonTelecom ? ("api", "rated_api_usage") : ("voice", "rated_cdr")
    }
}

extension BillerWorld {
    /// Loads the tutorial's customers, taxes, plans and SKUs.
    func loadTutorial() async throws {
        let biller = biller()
        _ = try await biller.customers.load(
            try CustomerFile(try tutorial("customers.json")).customers, actor: "operator:test", at: now)
        try await biller.taxes.load(try TaxFile(try tutorial("taxes.json")).rates, actor: "operator:test", at: now)
        try await loadReference(
            plans: try #require(try Core.JSONValue(parsing: try tutorial("rate_plans.json")).elements),
            skus: try #require(try Core.JSONValue(parsing: try tutorial("sku_map.json")).fields))
    }

    /// Puts plans and SKUs in force, as a reference load does.
    func loadReference(plans: [Core.JSONValue], skus: [Core.JSONValue.Field]) async throws {
        try await pool.withTransaction { transaction in
            try transaction.execute(
                """
                INSERT INTO billing.reference_versions (version, activated_at, activated_by, note)
                VALUES (1, '2026-11-01', 'test', '') ON CONFLICT DO NOTHING
                """)
            for plan in plans {
                let id = try #require(plan["id"]?.string)
                let load = try BillerWorld.load("plan", name: id, in: transaction)
                try transaction.execute(
                    """
                    INSERT INTO billing.rate_plans (load_id, id, name, type, customer_id, rates, effective_date,
                        expiry_date, created_at)
                    VALUES (\(load), \(id), \(id), \(try #require(plan["type"]?.string)),
                        \(plan["customer_id"]?.string)::uuid, \(String(decoding: try #require(plan["rates"]).canonicalBytes,
                            as: UTF8.self))::jsonb, \(try #require(plan["effective_date"]?.string))::date,
                        \(plan["expiry_date"]?.string)::date, '2026-11-01')
                    """)
            }
            try BillerWorld.retire("sku", in: transaction)
            let load = try BillerWorld.load("sku", name: "", in: transaction)
            for sku in skus {
                try transaction.execute(
                    """
                    INSERT INTO billing.sku_map (load_id, class_key, sku)
                    VALUES (\(load), \(sku.name), \(try #require(sku.value.string)))
                    """)
            }
        }
    }

    private static func retire(_ kind: String, in transaction: PostgresTransaction) throws {
        try transaction.execute("DELETE FROM billing.reference_activations WHERE kind = \(kind)")
    }

    private static func load(_ kind: String, name: String, in transaction: PostgresTransaction) throws -> Int64 {
        let rows = try transaction.query(
            """
            INSERT INTO billing.reference_loads (kind, name, file_checksum, row_count, loaded_at, loaded_by)
            VALUES (\(kind), \(name), '', 0, '2026-11-01', 'test') RETURNING load_id
            """)
        let load: Int64 = try #require(try rows.first?.value("load_id"))
        try transaction.execute(
            """
            INSERT INTO billing.reference_activations (kind, name, load_id, from_version) VALUES (\(kind), \(name), \(load), 1)
            """)
        return load
    }
}
