import Core
import Drivers

// The tables that need more than their columns' texts.
extension SnapshotLoader {
    /// The rows of a deck, in the order of its file.
    static func readDeck(
        _ name: String, _ load: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        builder.addDeck(name)
        try transaction.stream(
            """
            SELECT scope, prefix, interstate, intrastate, local, indeterminate, rate, initial_increment,
                subsequent_increment, minimum_seconds, grace_seconds, connect_fee, minimum_charge, maximum_charge,
                effective_date, end_date, line
            FROM billing.rate_deck_entries WHERE load_id = \(load) ORDER BY line
            """, chunk: 10_000
        ) { rows in
            for row in rows { builder.addDeckEntry(name, try deckEntry(row, name)) }
        }
    }

    private static func deckEntry(_ row: PostgresRow, _ deck: String) throws -> RateDeck.Entry {
        let place = "deck \(deck), line \(try row.value("line") as Int)"
        guard let scope = RateDeck.Scope(rawValue: try row.value("scope")),
            let prefix = Prefix(parsing: try row.value("prefix") as String)
        else { throw ReferenceFault(place: place, problem: "no such scope, or no prefix of 1 to 15 digits") }
        var rates = RateRow()
        rates.interstate = try row.value("interstate")
        rates.intrastate = try row.value("intrastate")
        rates.local = try row.value("local")
        rates.indeterminate = try row.value("indeterminate")
        rates.rate = try row.value("rate")
        rates.terms.initialIncrement = try row.value("initial_increment")
        rates.terms.subsequentIncrement = try row.value("subsequent_increment")
        rates.terms.minimumSeconds = try row.value("minimum_seconds")
        rates.terms.graceSeconds = try row.value("grace_seconds")
        rates.terms.connectFee = try row.value("connect_fee")
        rates.terms.minimumCharge = try row.value("minimum_charge")
        rates.terms.maximumCharge = (try row.value("maximum_charge") as Money?).map { .amount($0) }
        return RateDeck.Entry(
            scope: scope, prefix: prefix, row: rates, effective: try row.value("effective_date"),
            end: try row.value("end_date"))
    }

    /// The plans of a load.
    static func readPlans(
        _ load: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        let rows = try transaction.query(
            """
            SELECT id, name, type, customer_id, rates::text AS rates, effective_date, expiry_date
            FROM billing.rate_plans WHERE load_id = \(load) ORDER BY id
            """)
        for row in rows {
            let id: String = try row.value("id")
            guard let type = PlanType(rawValue: try row.value("type")) else {
                throw ReferenceFault(place: "plan \(id)", problem: "no such type")
            }
            builder.addPlan(
                RatePlan(
                    id: id, name: try row.value("name"), type: type, customer: try row.value("customer_id"),
                    effective: try row.value("effective_date"), expiry: try row.value("expiry_date"),
                    rates: try json(try row.value("rates"), "plan \(id)")))
        }
    }

    static func readPorts(
        _ load: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        try transaction.stream(
            "SELECT number, lrn, activated FROM billing.ported_numbers WHERE load_id = \(load)", chunk: 10_000
        ) { rows in
            for row in rows {
                guard let number = NationalNumber(parsing: try row.value("number") as String),
                    let lrn = NationalNumber(parsing: try row.value("lrn") as String)
                else { throw ReferenceFault(place: "ported_numbers", problem: "a number has ten digits") }
                builder.addPort(PortedNumbers.Port(number: number, lrn: lrn, activated: try row.value("activated")))
            }
        }
    }

    /// Customers with their BANs and numbers, and vendors: as they are now.
    static func readAccounts(_ transaction: PostgresTransaction, into builder: inout ReferenceBuilder) throws {
        for row in try transaction.query(
            """
            SELECT b.ban, c.customer_id, c.btn, c.margin_alert_pct
            FROM billing.customers AS c JOIN billing.customer_bans AS b ON b.customer_id = c.customer_id
            """)
        {
            builder.addCustomer(
                Accounts.Customer(
                    ban: try row.value("ban"), id: try row.value("customer_id"), btn: try row.value("btn"),
                    marginAlert: try row.value("margin_alert_pct")))
        }
        for row in try transaction.query("SELECT number, ban FROM billing.customer_numbers") {
            builder.addNumber(try row.value("number"), try row.value("ban"))
        }
        for row in try transaction.query("SELECT name, terms::text AS terms FROM billing.vendors") {
            let name: String = try row.value("name")
            builder.addVendor(VendorTerms(name: VendorName(name), try json(try row.value("terms"), "vendor \(name)")))
        }
    }

    private static func json(_ text: String, _ place: String) throws(ReferenceFault) -> Core.JSONValue {
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: text)
        } catch {
            throw ReferenceFault(place: place, problem: error.message)
        }
    }
}
