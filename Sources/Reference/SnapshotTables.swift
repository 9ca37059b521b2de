import Core
import Drivers

// The tables that need more than their columns' texts.
extension SnapshotLoader {
    /// The rows of a deck, in the order of its file.
    static func readDeck(
        _ name: String, _ load: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        builder.addDeck(name)
        try forEachDeckEntry(name, load, transaction) { entry, _ in builder.addDeckEntry(name, entry) }
    }

    /// Hands over the rows of a deck in their order, with the line of their file.
    static func forEachDeckEntry(
        _ name: String, _ load: Int64, _ transaction: PostgresTransaction,
        _ body: (RateDeck.Entry, _ line: Int?) throws -> Void
    ) throws {
        try transaction.stream(
            """
            SELECT scope, prefix, interstate, intrastate, local, indeterminate, rate, initial_increment,
                subsequent_increment, minimum_seconds, grace_seconds, connect_fee, minimum_charge, maximum_charge,
                effective_date, end_date, source_line
            FROM billing.rate_deck_entries WHERE load_id = \(load) ORDER BY line
            """, chunk: 10_000
        ) { rows in
            for row in rows { try body(try deckEntry(row, name), try row.value(at: 16)) }
        }
    }

    /// A row by the places of its columns: there are hundreds of thousands.
    private static func deckEntry(_ row: PostgresRow, _ deck: String) throws -> RateDeck.Entry {
        guard let scope = RateDeck.Scope(rawValue: try row.value(at: 0)),
            let prefix = Prefix(parsing: try row.value(at: 1) as String)
        else { throw ReferenceFault(place: "deck \(deck)", problem: "no such scope, or no prefix of 1 to 15 digits") }
        var rates = RateRow()
        rates.interstate = try row.value(at: 2)
        rates.intrastate = try row.value(at: 3)
        rates.local = try row.value(at: 4)
        rates.indeterminate = try row.value(at: 5)
        rates.rate = try row.value(at: 6)
        rates.terms.initialIncrement = try row.value(at: 7)
        rates.terms.subsequentIncrement = try row.value(at: 8)
        rates.terms.minimumSeconds = try row.value(at: 9)
        rates.terms.graceSeconds = try row.value(at: 10)
        rates.terms.connectFee = try row.value(at: 11)
        rates.terms.minimumCharge = try row.value(at: 12)
        rates.terms.maximumCharge = (try row.value(at: 13) as Money?).map { .amount($0) }
        return RateDeck.Entry(
            scope: scope, prefix: prefix, row: rates, effective: try row.value(at: 14), end: try row.value(at: 15))
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

    /// The mapped file of a load, written from its rows where it is not there or no good.
    static func mapPorts(
        _ load: Int64, _ files: PortedNumberFiles, _ transaction: PostgresTransaction
    ) throws -> PortedNumberFile {
        try files.file(ofLoad: load) { writer in
            var waiting: [PortedNumbers.Port] = []
            try readPorts(load, transaction) { port in
                waiting.append(port)
                guard waiting.count == 10_000 else { return }
                try writer.append(waiting)
                waiting.removeAll(keepingCapacity: true)
            }
            try writer.append(waiting)
        }
    }

    /// The ports of a load in the order of numbers, then instants.
    static func readPorts(
        _ load: Int64, _ transaction: PostgresTransaction, _ body: (PortedNumbers.Port) throws -> Void
    ) throws {
        try transaction.stream(
            """
            SELECT number, lrn, spid, activated FROM billing.ported_numbers WHERE load_id = \(load)
            ORDER BY number, activated
            """, chunk: 10_000
        ) { rows in
            for row in rows {
                guard let number = NationalNumber(parsing: try row.value("number") as String),
                    let lrn = NationalNumber(parsing: try row.value("lrn") as String)
                else { throw ReferenceFault(place: "ported_numbers", problem: "a number has ten digits") }
                let provider = (try row.value("spid") as String?).flatMap { ServiceProviderID(parsing: $0) }
                try body(
                    PortedNumbers.Port(
                        number: number, lrn: lrn, activated: try row.value("activated"), provider: provider))
            }
        }
    }

    /// Customers with their BANs and numbers, and vendors: as they were at their versions.
    static func readAccounts(
        _ stamp: SnapshotStamp, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        let customers: SQL =
            "from_version <= \(stamp.customersVersion) AND (until_version IS NULL OR \(stamp.customersVersion) < until_version)"
        let vendors: SQL =
            "from_version <= \(stamp.vendorsVersion) AND (until_version IS NULL OR \(stamp.vendorsVersion) < until_version)"
        for row in try transaction.query(
            """
            SELECT ban, customer_id, btn, margin_alert_pct FROM billing.customer_history WHERE \(customers) ORDER BY ban
            """)
        {
            builder.addCustomer(
                Accounts.Customer(
                    ban: try row.value("ban"), id: try row.value("customer_id"), btn: try row.value("btn"),
                    marginAlert: try row.value("margin_alert_pct")))
        }
        for row in try transaction.query(
            "SELECT number, ban FROM billing.customer_number_history WHERE \(customers)")
        {
            builder.addNumber(try row.value("number"), try row.value("ban"))
        }
        for row in try transaction.query(
            "SELECT name, terms::text AS terms FROM billing.vendor_history WHERE \(vendors) ORDER BY name")
        {
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
