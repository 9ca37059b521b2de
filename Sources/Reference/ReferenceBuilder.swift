import Core

/// A row of reference data that cannot be used: where it stands and why.
public struct ReferenceFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file or table, with the line where there is one.
    public let place: String
    /// What is wrong, as a person should read it.
    public let problem: String

    /// A fault at a place.
    public init(place: String, problem: String) {
        self.place = place
        self.problem = problem
    }

    /// `lerg.csv:12: an area code has three digits`
    public var description: String { "\(place): \(problem)" }
}

/// Puts reference data together row by row, from files and from tables alike.
struct ReferenceBuilder {
    private(set) var reference: ReferenceData
    private(set) var accounts = Accounts()
    private var ports: [PortedNumbers.Port] = []
    private var portedElsewhere: PortedNumbers?
    private var sheets: [String: RateSheet] = [:]

    init(version: String) {
        reference = ReferenceData(version: version)
    }

    /// The finished data.
    func finished() -> (reference: ReferenceData, accounts: Accounts) {
        var reference = reference
        reference.numbers.ported = portedElsewhere ?? PortedNumbers(ports)
        reference.decks += sheets.values.map { ReferenceBuilder.compiled($0) }
        return (reference, accounts)
    }

    mutating func addAreaCode(_ row: ReferenceRow) throws(ReferenceFault) {
        let npa = try row.digits("npa", count: 3)
        guard let type = NumberPlan.AreaCodeType(rawValue: try row.text("type")) else {
            throw row.fault("no such type of area code")
        }
        let state = row["state"]
        _ = reference.numbers.names.intern(state)
        reference.numbers.plan.add(
            npa: npa, NumberPlan.AreaCode(type: type, country: try row.country(), state: state))
    }

    mutating func addCountryPrefix(_ row: ReferenceRow) throws(ReferenceFault) {
        let text = try row.text("prefix")
        guard let prefix = UInt64(text), text.first != "0", text.utf8.count <= 15 else {
            throw row.fault("a country prefix has up to 15 digits and does not begin with 0")
        }
        guard let country = try row.country() else { throw row.fault("country is missing") }
        reference.numbers.plan.add(countryPrefix: prefix, country: country)
    }

    mutating func addBlock(_ row: ReferenceRow) throws(ReferenceFault) {
        let npanxx = try row.digits("npa", count: 3) * 1_000 + row.digits("nxx", count: 3)
        let x = try row.text("x")
        let digit: Int? = x == "A" ? nil : try row.digits("x", count: 1)
        let block = LERG.Block(
            ocn: intern(row["ocn"]), lata: intern(row["lata"]), state: intern(row["state"]),
            rateCenter: intern(row["rate_center"]), switchName: intern(row["switch"]))
        reference.numbers.lerg.add(npanxx: npanxx, thousandsDigit: digit, block)
    }

    mutating func addLocalArea(_ row: ReferenceRow) throws(ReferenceFault) {
        reference.numbers.localAreas.add(
            area: intern(try row.text("area_id")), state: intern(try row.text("state")),
            rateCenter: intern(try row.text("rate_center")))
    }

    mutating func addPort(_ row: ReferenceRow) throws(ReferenceFault) {
        addPort(try ReferenceBuilder.port(row))
    }

    static func port(_ row: ReferenceRow) throws(ReferenceFault) -> PortedNumbers.Port {
        let activated: Instant
        switch Stamp(parsing: row["activated"]) {
        case .at(let instant): activated = instant
        case .absent: activated = Instant(milliseconds: 0)
        case .unreadable: throw row.fault("the activation is no ISO 8601 time")
        }
        return PortedNumbers.Port(
            number: try row.national("number"), lrn: try row.national("lrn"), activated: activated,
            provider: row["spid"].flatMap { ServiceProviderID(parsing: $0) })
    }

    mutating func addPort(_ port: PortedNumbers.Port) {
        ports.append(port)
    }

    /// Ported numbers that are a table already, in place of single ones.
    mutating func setPorts(_ ported: PortedNumbers) {
        portedElsewhere = ported
    }

    /// What another version knows of numbers, but ported ones.
    mutating func takeOver(_ numbers: NumberFacts) {
        reference.numbers = numbers
        reference.numbers.ported = PortedNumbers()
    }

    /// A deck of another version.
    mutating func takeOver(_ deck: RateDeck) {
        reference.decks.append(deck)
    }

    /// A deck whose rows are all there, compiled at once: no more than one deck's rows wait in memory.
    mutating func addDeck(_ sheet: RateSheet) {
        reference.decks.append(ReferenceBuilder.compiled(sheet))
    }

    private static func compiled(_ sheet: RateSheet) -> RateDeck {
        var sheet = sheet
        sheet.sort()
        return sheet.deck
    }

    mutating func addRespOrg(_ row: ReferenceRow) throws(ReferenceFault) {
        reference.numbers.respOrgs[try row.national("tfn")] = RespOrg(
            code: row["resporg"], cic: row["cic"], ringTo: row["ring_to"])
    }

    mutating func addDeckRow(_ row: ReferenceRow) throws(ReferenceFault) {
        guard let scope = RateDeck.Scope(rawValue: try row.text("scope")) else {
            throw row.fault("a scope is domestic or international")
        }
        guard let prefix = Prefix(parsing: try row.text("prefix")) else {
            throw row.fault("a prefix has 1 to 15 digits")
        }
        var rates = RateRow()
        rates.interstate = try row.rate("interstate")
        rates.intrastate = try row.rate("intrastate")
        rates.local = try row.rate("local")
        rates.indeterminate = try row.rate("indeterminate")
        rates.rate = try row.rate("rate")
        rates.terms = try row.terms()
        addDeckEntry(
            try row.text("deck"),
            RateDeck.Entry(
                scope: scope, prefix: prefix, row: rates, effective: try row.day("effective_date"),
                end: try row.optionalDay("end_date")))
    }

    mutating func addDeckEntry(_ deck: String, _ entry: RateDeck.Entry) {
        sheets[deck, default: RateSheet(name: deck)].append(entry)
    }

    mutating func addPlan(_ plan: RatePlan) {
        reference.plans.append(plan)
    }

    mutating func addSKU(_ key: ClassKey, _ sku: String) {
        reference.skus[key] = sku
    }

    mutating func addConnector(_ row: ReferenceRow) throws(ReferenceFault) {
        reference.connectors[try row.text("connector")] = VendorName(try row.text("vendor"))
    }

    mutating func addCarrier(_ row: ReferenceRow) throws(ReferenceFault) {
        reference.carriers[try row.text("ocn")] = try row.text("carrier")
    }

    mutating func addCustomer(_ customer: Accounts.Customer) {
        accounts.customers.append(customer)
    }

    mutating func addNumber(_ number: String, _ ban: BAN) {
        accounts.numbers[number] = ban
    }

    mutating func addVendor(_ vendor: VendorTerms) {
        accounts.vendors.append(vendor)
    }

    /// The number of a shared name.
    mutating func intern(_ name: String?) -> NameTable.Index {
        reference.numbers.names.intern(name)
    }
}

/// One row by column names, from a file or a table; an empty field is null.
struct ReferenceRow {
    let place: String
    let field: (String) -> String?

    subscript(name: String) -> String? { field(name) }

    func fault(_ problem: String) -> ReferenceFault { ReferenceFault(place: place, problem: problem) }

    func text(_ name: String) throws(ReferenceFault) -> String {
        guard let text = field(name) else { throw fault("\(name) is missing") }
        return text
    }

    func digits(_ name: String, count: Int) throws(ReferenceFault) -> Int {
        let text = try text(name)
        guard text.utf8.count == count, let number = Int(text), number >= 0, !text.hasPrefix("+") else {
            throw fault("\(name) has \(count) digits")
        }
        return number
    }

    func national(_ name: String) throws(ReferenceFault) -> NationalNumber {
        guard let number = NationalNumber(parsing: try text(name)) else { throw fault("\(name) has ten digits") }
        return number
    }

    func rate(_ name: String) throws(ReferenceFault) -> Rate? {
        guard let text = field(name) else { return nil }
        do throws(FixedPoint.ParsingError) {
            let rate = try Rate(parsing: text)
            if rate.units >= 0 { return rate }
        } catch {
            // Said below, as for a negative one.
        }
        throw fault("\(name) is no decimal from 0 on with at most seven places")
    }

    func integer(_ name: String, from least: Int) throws(ReferenceFault) -> Int? {
        guard let text = field(name) else { return nil }
        guard let number = Int(text), (least...3_600).contains(number) else {
            throw fault("\(name) is a whole number from \(least) to 3600")
        }
        return number
    }

    func country() throws(ReferenceFault) -> Country? {
        guard let text = field("country") else { return nil }
        guard let country = Country(text) else {
            throw fault("country is an ISO code, of at most \(Country.maximumLength) bytes")
        }
        return country
    }

    func day(_ name: String) throws(ReferenceFault) -> UsageDay {
        guard let day = UsageDay(parsing: try text(name)) else { throw fault("\(name) is no day") }
        return day
    }

    func optionalDay(_ name: String) throws(ReferenceFault) -> UsageDay? {
        field(name) == nil ? nil : try day(name)
    }

    /// The terms that a deck row states (rule R9).
    func terms() throws(ReferenceFault) -> TermsOverride {
        var terms = TermsOverride()
        terms.initialIncrement = try integer("initial_increment", from: 1)
        terms.subsequentIncrement = try integer("subsequent_increment", from: 1)
        terms.minimumSeconds = try integer("minimum_seconds", from: 0)
        terms.graceSeconds = try integer("grace_seconds", from: 0)
        terms.connectFee = try rate("connect_fee").map { Money(units: $0.units) }
        terms.minimumCharge = try rate("minimum_charge").map { Money(units: $0.units) }
        terms.maximumCharge = try rate("maximum_charge").map { .amount(Money(units: $0.units)) }
        return terms
    }
}
