import Core
import DaemonKit
import Drivers
import Reference

/// Customers with their BAN, numbers and exemptions.
struct CustomerStore: Sendable {
    let pool: PostgresPool

    private static let audit = Audit(table: "billing.biller_audit")

    /// How many customers a load added and how many it changed.
    struct LoadOutcome: Hashable, Sendable {
        var added = 0
        var changed = 0
    }

    /// Takes customers all together or not at all; who was there with other values is changed.
    /// - Throws: `FileFaults` where a BAN or number is another customer's, or a field is one that the customer's wallet keeps.
    func load(_ customers: [Customer], actor: String, at now: Instant) async throws -> LoadOutcome {
        try await pool.withTransaction { transaction in
            try WalletTermsLock.lock(in: transaction)
            return try CustomerStore.take(customers, actor: actor, at: now, in: transaction)
        }
    }

    /// Changes the customer with a BAN: read, changed and written in one transaction, so that two changes at once are both kept.
    /// - Throws: `FileFaults` as `load` does, and what `change` throws.
    /// - Returns: whether there is such a customer.
    func change(
        _ ban: String, actor: String, at now: Instant, _ change: @escaping @Sendable (Customer) throws -> Customer
    ) async throws -> Bool {
        try await pool.withTransaction { transaction in
            try WalletTermsLock.lock(in: transaction)
            guard let customer = try CustomerStore.read(ban: ban, in: transaction).first else { return false }
            _ = try CustomerStore.take([try change(customer)], actor: actor, at: now, in: transaction)
            return true
        }
    }

    private static func take(
        _ customers: [Customer], actor: String, at now: Instant, in transaction: PostgresTransaction
    ) throws -> LoadOutcome {
        let terms = try FixedTerms.read(of: customers.map(\.id), in: transaction)
        var faults = try conflicts(of: customers, in: transaction)
        for (index, customer) in customers.enumerated() {
            faults += terms[customer.id]?.faults(of: customer, path: "/\(index)") ?? []
        }
        guard faults.isEmpty else { throw FileFaults(faults: faults) }
        var outcome = LoadOutcome()
        // All at once, so that a number can go from one customer of the file to another.
        try transaction.execute(
            """
            DELETE FROM billing.customer_numbers
            WHERE ban IN (SELECT ban FROM billing.customer_bans WHERE customer_id = ANY (\(customers.map(\.id))))
            """)
        for customer in customers {
            let isNew = try upsert(customer, at: now, in: transaction)
            if isNew { outcome.added += 1 } else { outcome.changed += 1 }
            try audit.record(
                in: transaction, actor: actor, action: isNew ? "customer.add" : "customer.change",
                subject: customer.ban.text, detail: String(decoding: customer.json.canonicalBytes, as: UTF8.self),
                at: now.milliseconds)
        }
        return outcome
    }

    /// All customers, or the one with a BAN, in the order of BANs.
    func customers(ban: String? = nil) async throws -> [Customer] {
        try await pool.withTransaction(readOnly: true) { transaction in
            try CustomerStore.read(ban: ban, in: transaction)
        }
    }

    /// What stands in the way of a load: a BAN is one customer's for good, and so is a number while it has it.
    private static func conflicts(
        of customers: [Customer], in transaction: PostgresTransaction
    ) throws -> [FileFault] {
        let bans = try transaction.query(
            "SELECT ban, customer_id FROM billing.customer_bans WHERE ban = ANY (\(customers.map(\.ban)))")
        var owners: [String: CustomerID] = [:]
        for row in bans { owners[try row.value("ban")] = try row.value("customer_id") }
        let numbers = try transaction.query(
            """
            SELECT n.number, b.customer_id
            FROM billing.customer_numbers AS n
            JOIN billing.customer_bans AS b ON b.ban = n.ban
            WHERE n.number = ANY (\(customers.flatMap(\.numbers))::text[])
                AND b.customer_id <> ALL (\(customers.map(\.id)))
            """)
        let taken = Set(try numbers.map { try $0.value("number") as String })
        var faults: [FileFault] = []
        for (index, customer) in customers.enumerated() {
            if let owner = owners[customer.ban.text], owner != customer.id {
                faults.append(FileFault(path: "/\(index)/ban", problem: "belongs to customer \(owner)"))
            }
            for (position, number) in customer.numbers.enumerated() where taken.contains(number) {
                faults.append(
                    FileFault(path: "/\(index)/numbers/\(position)", problem: "belongs to another customer"))
            }
        }
        return faults
    }

    private static func upsert(
        _ customer: Customer, at now: Instant, in transaction: PostgresTransaction
    ) throws -> Bool {
        let rows = try transaction.query(
            """
            INSERT INTO billing.customers AS c (customer_id, name, model, cycle, anchor_day, billing_timezone,
                payment_terms, btn, service_state, lines, wholesale, indeterminate_piu, recurring_piu, usf_international,
                margin_alert_pct, initial_credit_limit, initial_balance, auto_recharge_enabled,
                auto_recharge_threshold, auto_recharge_amount, billed_from, created_at, updated_at)
            VALUES (\(customer.id), \(customer.name), \(customer.model.rawValue), \(customer.cycle.length.text),
                \(Int16(customer.cycle.anchorDay)), \(customer.cycle.clock.identifier), \(customer.terms.rawValue),
                \(customer.btn), \(customer.tax.serviceState), \(Int32(customer.tax.lines)), \(customer.tax.isWholesale),
                \(customer.tax.indeterminatePIU.text)::numeric, \(customer.tax.recurringPIU.text)::numeric,
                \(customer.tax.usfCoversInternational), \(customer.marginAlert), \(customer.creditLimit),
                \(customer.openingBalance), \(customer.autoRecharge?.isEnabled ?? false),
                \(customer.autoRecharge?.threshold), \(customer.autoRecharge?.amount), \(customer.billedFrom), \(now),
                \(now))
            ON CONFLICT (customer_id) DO UPDATE
            SET name = excluded.name, model = excluded.model, cycle = excluded.cycle, anchor_day = excluded.anchor_day,
                billing_timezone = excluded.billing_timezone, payment_terms = excluded.payment_terms, btn = excluded.btn,
                service_state = excluded.service_state, lines = excluded.lines, wholesale = excluded.wholesale,
                indeterminate_piu = excluded.indeterminate_piu, recurring_piu = excluded.recurring_piu,
                usf_international = excluded.usf_international, margin_alert_pct = excluded.margin_alert_pct,
                initial_credit_limit = excluded.initial_credit_limit, initial_balance = excluded.initial_balance,
                auto_recharge_enabled = excluded.auto_recharge_enabled,
                auto_recharge_threshold = excluded.auto_recharge_threshold,
                auto_recharge_amount = excluded.auto_recharge_amount, billed_from = excluded.billed_from,
                updated_at = excluded.updated_at
            RETURNING c.xmax = 0 AS is_new
            """)
        let id = customer.id
        try transaction.execute("DELETE FROM billing.exemptions WHERE customer_id = \(id)")
        try transaction.execute(
            """
            INSERT INTO billing.customer_bans (ban, customer_id) VALUES (\(customer.ban), \(id)) ON CONFLICT DO NOTHING
            """)
        for number in customer.numbers {
            try transaction.execute(
                "INSERT INTO billing.customer_numbers (number, ban) VALUES (\(number), \(customer.ban))")
        }
        for certificate in customer.certificates {
            try transaction.execute(
                """
                INSERT INTO billing.exemptions (customer_id, tax, valid_from, valid_to, certificate)
                VALUES (\(id), \(certificate.exemption.tax), \(certificate.exemption.validFrom),
                    \(certificate.exemption.validTo), \(certificate.number))
                """)
        }
        return try rows.first?.value("is_new") ?? false
    }

    /// Customers as they stand in the tables.
    static func read(ban: String?, in transaction: PostgresTransaction) throws -> [Customer] {
        let rows = try transaction.query(
            """
            SELECT c.customer_id, b.ban, c.name, c.model, c.cycle, c.anchor_day, c.billing_timezone, c.payment_terms,
                c.btn, c.service_state, c.lines, c.wholesale, c.indeterminate_piu, c.recurring_piu, c.usf_international,
                c.margin_alert_pct, c.initial_credit_limit, c.initial_balance, c.auto_recharge_enabled,
                c.auto_recharge_threshold, c.auto_recharge_amount, c.billed_from
            FROM billing.customers AS c
            JOIN LATERAL (
                SELECT ban FROM billing.customer_bans WHERE customer_id = c.customer_id ORDER BY ban LIMIT 1
            ) AS b ON true
            WHERE \(ban)::text IS NULL
                OR c.customer_id IN (SELECT customer_id FROM billing.customer_bans WHERE ban = \(ban))
            ORDER BY b.ban
            """)
        let ids = try rows.map { try $0.value("customer_id") as CustomerID }
        let numbers = try numbers(of: ids, in: transaction)
        let certificates = try certificates(of: ids, in: transaction)
        // A clock takes a moment to compute, and most customers share a few zones.
        var clocks: [String: ZoneClock] = [:]
        return try rows.map { row in
            let id: CustomerID = try row.value("customer_id")
            let zone: String = try row.value("billing_timezone")
            guard let clock = clocks[zone] ?? ZoneClock(identifier: zone) else {
                throw BillerError.unreadable(table: "customers", column: "billing_timezone", row: id.text)
            }
            clocks[zone] = clock
            return try Customer(row, clock: clock, numbers: numbers[id] ?? [], certificates: certificates[id] ?? [])
        }
    }

    private static func numbers(
        of ids: [CustomerID], in transaction: PostgresTransaction
    ) throws -> [CustomerID: [String]] {
        let rows = try transaction.query(
            """
            SELECT b.customer_id, n.number
            FROM billing.customer_numbers AS n
            JOIN billing.customer_bans AS b ON b.ban = n.ban
            WHERE b.customer_id = ANY (\(ids))
            ORDER BY n.number
            """)
        var numbers: [CustomerID: [String]] = [:]
        for row in rows { numbers[try row.value("customer_id"), default: []].append(try row.value("number")) }
        return numbers
    }

    private static func certificates(
        of ids: [CustomerID], in transaction: PostgresTransaction
    ) throws -> [CustomerID: [Customer.Certificate]] {
        let rows = try transaction.query(
            """
            SELECT customer_id, tax, valid_from, valid_to, certificate
            FROM billing.exemptions
            WHERE customer_id = ANY (\(ids))
            ORDER BY tax, valid_from
            """)
        var certificates: [CustomerID: [Customer.Certificate]] = [:]
        for row in rows {
            certificates[try row.value("customer_id"), default: []].append(
                Customer.Certificate(
                    exemption: TaxExemption(
                        tax: try row.value("tax"), validFrom: try row.value("valid_from"),
                        validTo: try row.value("valid_to")),
                    number: try row.value("certificate")))
        }
        return certificates
    }
}
