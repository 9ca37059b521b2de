import Core

/// Reference data of a few rows, small enough to be checked by eye.
enum SmallWorld {
    /// Chicago and Naperville (IL), New York (NY), Kansas City on both sides of the state line.
    static func numbers(ports: [PortedNumbers.Port] = []) -> NumberFacts {
        var numbers = NumberFacts()
        for (npa, state) in [(312, "IL"), (630, "IL"), (212, "NY"), (816, "MO"), (913, "KS"), (512, "TX")] {
            _ = numbers.names.intern(state)
            numbers.plan.add(npa: npa, .init(type: .geographic, country: .unitedStates, state: state))
        }
        numbers.plan.add(npa: 416, .init(type: .geographic, country: Country("CA"), state: "ON"))
        numbers.plan.add(npa: 679, .init(type: .geographic, country: .unitedStates, state: nil))
        numbers.plan.add(npa: 800, .init(type: .tollFree, country: .unitedStates, state: nil))
        numbers.plan.add(npa: 822, .init(type: .tollFreeReserved, country: .unitedStates, state: nil))
        numbers.plan.add(npa: 500, .init(type: .nonGeographic, country: .unitedStates, state: nil))
        numbers.plan.add(npa: 900, .init(type: .premium, country: .unitedStates, state: nil))
        for (prefix, country) in [(44, "GB"), (447_797, "JE"), (52, "MX"), (881, "001")] as [(UInt64, String)] {
            if let country = Country(country) { numbers.plan.add(countryPrefix: prefix, country: country) }
        }
        addBlock(312_200, nil, "1111", "IL", "CHICAGO", to: &numbers)
        addBlock(312_201, nil, "1112", "IL", "CHICAGO", to: &numbers)
        addBlock(630_300, nil, "1121", "IL", "NAPERVILLE", to: &numbers)
        addBlock(630_300, 5, "7777", "IL", "AURORA", to: &numbers)
        addBlock(212_600, nil, "2111", "NY", "NEWYORK", to: &numbers)
        addBlock(816_500, nil, "3112", "MO", "KANSASCITY", to: &numbers)
        addBlock(913_500, nil, "3111", "KS", "KANSASCITY", to: &numbers)
        let area = numbers.names.intern("LCA1")
        for state in ["MO", "KS"] {
            numbers.localAreas.add(
                area: area, state: numbers.names.intern(state), rateCenter: numbers.names.intern("KANSASCITY"))
        }
        numbers.respOrgs[NationalNumber(digits: 8_002_000_001)] = RespOrg(
            code: "ABC01", cic: "0222", ringTo: "3122001111")
        numbers.ported = PortedNumbers(ports)
        return numbers
    }

    private static func addBlock(
        _ npanxx: Int, _ digit: Int?, _ ocn: String, _ state: String, _ rateCenter: String,
        to numbers: inout NumberFacts
    ) {
        let block = LERG.Block(
            ocn: numbers.names.intern(ocn), lata: numbers.names.intern("358"), state: numbers.names.intern(state),
            rateCenter: numbers.names.intern(rateCenter), switchName: 0)
        numbers.lerg.add(npanxx: npanxx, thousandsDigit: digit, block)
    }

    static let lakeside = CustomerID(Identifier128(high: 1, low: 1))

    /// One customer, BAN1, and a vendor that takes 0.0020 a minute everywhere.
    static func tables(plans: [RatePlan], decks: [RateDeck] = [], numbers: NumberFacts = numbers()) throws
        -> RatingTables
    {
        var reference = ReferenceData(version: "v1")
        reference.numbers = numbers
        reference.plans = plans
        reference.decks = decks + [try deck("telnyx", domestic: [("312", "0.0020"), ("212", "0.0020")])]
        reference.skus = [.terminatingInterstate: "SKU001", .smsOutbound: "SKU008", .api("LRN"): "SKU011"]
        var accounts = Accounts()
        accounts.customers = [.init(ban: try BAN(parsing: "BAN1"), id: lakeside, btn: "3122009999")]
        accounts.vendors = [
            VendorTerms(
                name: VendorName("telnyx"),
                try JSONValue(
                    parsing: """
                        {"deck": "telnyx", "billing": {"initial_increment": 6, "subsequent_increment": 6},
                         "flat": {"TERMINATING:TOLLFREE": "0.0000000"}, "api": {"LRN": "0.0003000"},
                         "sms": {"sms_outbound": "0.0045000", "carrier_fees": {"default": "0.0020000"}}}
                        """))
        ]
        return RatingTables(reference, accounts)
    }

    /// A deck of interstate rates that is in force since 2024.
    static func deck(_ name: String, domestic: [(prefix: String, interstate: String)]) throws -> RateDeck {
        RateDeck(
            name: name,
            entries: try domestic.map { prefix, rate in
                var row = RateRow()
                row.interstate = try Rate(parsing: rate)
                return .init(
                    scope: .domestic, prefix: Prefix(parsing: prefix)!, row: row,
                    effective: UsageDay(year: 2024, month: 1, day: 1)!, end: nil)
            })
    }

    /// A plan from its JSON, in force since 2024 unless said otherwise.
    static func plan(
        _ id: String, _ type: PlanType = .voice, customer: CustomerID? = nil, from: String = "2024-01-01",
        to: String? = nil, rates: String
    ) throws -> RatePlan {
        RatePlan(
            id: id, name: id, type: type, customer: customer, effective: UsageDay(parsing: from)!,
            expiry: to.flatMap { UsageDay(parsing: $0) }, rates: try JSONValue(parsing: rates))
    }

    /// A call of 61 seconds from New York to Chicago on 12 March 2025.
    static func call(dni: String = "3122005555", ani: String? = "2126001111") throws -> RawCDR {
        var call = RawCDR(id: UsageID(Identifier128(high: 0, low: 7)), sipUUID: "u1")
        call.customerBAN = try BAN(parsing: "BAN1")
        call.rawANI = ani
        call.dni = dni
        call.direction = "outbound"
        call.selectedVendor = VendorName("telnyx")
        call.start = Stamp(parsing: "2025-03-12T15:00:00Z")
        call.answer = Stamp(parsing: "2025-03-12T15:00:05Z")
        call.end = Stamp(parsing: "2025-03-12T15:01:06Z")
        return call
    }

    /// 0.0085 interstate, 0.0120 intrastate, 0.0050 local.
    static let simpleRates = """
        {"schema": "voice/1", "terminating": {"domestic": {"default":
            {"interstate": "0.0085000", "intrastate": "0.0120000", "local": "0.0050000"}}}}
        """
}
