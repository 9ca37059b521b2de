import Core
import Drivers

// The tables that need more than their columns' texts.
extension SnapshotLoader {
    /// Hands over the rows of a deck in their order, with the line of their file.
    static func forEachDeckEntry(
        _ name: String, _ load: Int64, _ transaction: PostgresTransaction,
        _ body: (RateDeck.Entry, _ line: Int?) throws -> Void
    ) throws {
        try transaction.streamAhead(
            """
            SELECT scope, prefix, interstate, intrastate, local, indeterminate, rate, initial_increment,
                subsequent_increment, minimum_seconds, grace_seconds, connect_fee, minimum_charge, maximum_charge,
                effective_date, end_date, source_line
            FROM billing.rate_deck_entries WHERE load_id = \(load) ORDER BY line
            """, chunk: 10_000
        ) { rows in
            for row in rows { try body(try deckEntry(row, name), try row.cell(at: 16).map(Int.init(postgres:))) }
        }
    }

    /// A row by the places of its columns: there are millions.
    private static func deckEntry(_ row: PostgresRow, _ deck: String) throws -> RateDeck.Entry {
        guard let scope = RateDeck.Scope(rawValue: try row.value(at: 0)),
            let prefix = Prefix(parsing: try row.value(at: 1) as String)
        else { throw ReferenceFault(place: "deck \(deck)", problem: "no such scope, or no prefix of 1 to 15 digits") }
        var rates = RateRow()
        rates.interstate = try row.cell(at: 2).map(Rate.init(postgres:))
        rates.intrastate = try row.cell(at: 3).map(Rate.init(postgres:))
        rates.local = try row.cell(at: 4).map(Rate.init(postgres:))
        rates.indeterminate = try row.cell(at: 5).map(Rate.init(postgres:))
        rates.rate = try row.cell(at: 6).map(Rate.init(postgres:))
        rates.terms.initialIncrement = try row.cell(at: 7).map(Int.init(postgres:))
        rates.terms.subsequentIncrement = try row.cell(at: 8).map(Int.init(postgres:))
        rates.terms.minimumSeconds = try row.cell(at: 9).map(Int.init(postgres:))
        rates.terms.graceSeconds = try row.cell(at: 10).map(Int.init(postgres:))
        rates.terms.connectFee = try row.cell(at: 11).map(Money.init(postgres:))
        rates.terms.minimumCharge = try row.cell(at: 12).map(Money.init(postgres:))
        rates.terms.maximumCharge = try row.cell(at: 13).map { .amount(try Money(postgres: $0)) }
        return RateDeck.Entry(
            scope: scope, prefix: prefix, row: rates, effective: try row.value(at: 14),
            end: try row.cell(at: 15).map(UsageDay.init(postgres:)))
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
        try transaction.streamAhead(
            """
            SELECT number, lrn, spid, activated FROM billing.ported_numbers WHERE load_id = \(load)
            ORDER BY number, activated
            """, chunk: 10_000
        ) { rows in
            for row in rows {
                guard let number = NationalNumber(parsing: try row.value(at: 0) as String),
                    let lrn = NationalNumber(parsing: try row.value(at: 1) as String)
                else { throw ReferenceFault(place: "ported_numbers", problem: "a number has ten digits") }
                let provider = try row.cell(at: 2).flatMap { ServiceProviderID(parsing: try $0.text()) }
                try body(
                    PortedNumbers.Port(
                        number: number, lrn: lrn, activated: try row.value(at: 3), provider: provider))
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
