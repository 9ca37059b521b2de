import Core
import Testing

@Suite("Call rating")
struct CallRatingTests {
    private func rated(_ call: RawCDR, _ plans: RatePlan..., ports: [PortedNumbers.Port] = []) throws -> RatedUsage {
        try SmallWorld.tables(plans: plans, numbers: SmallWorld.numbers(ports: ports)).rate(call)
    }

    @Test("61 seconds from New York to Chicago at 0.0085 against 0.0020 in 6/6 (R11, R14, R15)")
    func interstate() throws {
        let usage = try rated(SmallWorld.call(), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        #expect(usage.status == .rated)
        #expect(usage.classKey == .terminatingInterstate)
        #expect(usage.sku == "SKU001")
        #expect(usage.charge?.text(.charge) == "0.00864")
        #expect(usage.vendorCost?.text(.charge) == "0.00220")
        #expect(usage.margin?.text(.charge) == "0.00644")
        #expect(usage.marginPercentage?.text == "74.54")
        #expect(usage.flags.names == ["DEFAULT_PLAN_USED"])
        #expect(usage.call?.billedSeconds == 61)
        #expect(usage.call?.vendorBilledSeconds == 66)
        #expect(usage.call?.aniParty.state == "NY")
        #expect(usage.call?.dnisParty.rateCenter == "CHICAGO")
    }

    @Test(
        "the states and rate centres of both ends decide (J7, J8)",
        arguments: [
            ("3122011111", "3122005555", Jurisdiction.local, TaxJurisdiction.intrastate),
            ("6303001111", "3122005555", .intrastate, .intrastate),
            ("9135001111", "8165005555", .local, .interstate),
            ("4165001234", "3122005555", .indeterminate, .international),
            ("2126001111", "6792005555", .indeterminate, .indeterminate),
        ] as [(String, String, Jurisdiction, TaxJurisdiction)])
    func jurisdictions(ani: String, dni: String, jurisdiction: Jurisdiction, tax: TaxJurisdiction) throws {
        let usage = try rated(
            SmallWorld.call(dni: dni, ani: ani), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        #expect(usage.call?.jurisdiction == jurisdiction)
        #expect(usage.taxJurisdiction == tax)
    }

    @Test("a ported number is rated by its routing number and keeps its rate centre (E5, R4)")
    func ported() throws {
        let port = PortedNumbers.Port(
            number: NationalNumber(digits: 6_303_001_234), lrn: NationalNumber(digits: 2_126_000_000),
            activated: Instant(milliseconds: 0))
        let usage = try rated(
            SmallWorld.call(dni: "6303001234"), SmallWorld.plan("default", rates: SmallWorld.simpleRates), ports: [port]
        )
        #expect(usage.call?.dnisParty.lrnSource == .table)
        #expect(usage.call?.dnisParty.state == "NY")
        #expect(usage.call?.dnisParty.rateCenter == "NAPERVILLE")
        #expect(usage.call?.vendorRatePrefix == "212")
    }

    @Test("a dip answers where the table knows nothing, and its time-out leaves the number itself (E2)")
    func dips() throws {
        let tables = try SmallWorld.tables(plans: [SmallWorld.plan("default", rates: SmallWorld.simpleRates)])
        let dipped = tables.rate(try SmallWorld.call(), dip: .ported(NationalNumber(digits: 2_126_000_000)))
        #expect(dipped.call?.dnisParty.lrnSource == .dip)
        #expect(dipped.call?.dnisParty.lrn?.text == "2126000000")
        let timedOut = tables.rate(try SmallWorld.call(), dip: .timedOut)
        #expect(timedOut.call?.dnisParty.lrnSource == .own)
        #expect(timedOut.flags.contains(.lrnTimeout))
    }

    @Test("a dip is for a geographic number of which neither the request line nor the table says anything (E2)")
    func numberToDip() throws {
        let number = NationalNumber(digits: 3_122_005_555)
        let port = PortedNumbers.Port(
            number: number, lrn: NationalNumber(digits: 2_126_000_000),
            activated: Instant(parsing: "2025-03-12T15:00:05.000Z")!)
        let plans = [try SmallWorld.plan("default", rates: SmallWorld.simpleRates)]
        let tables = try SmallWorld.tables(plans: plans)
        let withPort = try SmallWorld.tables(plans: plans, numbers: SmallWorld.numbers(ports: [port]))
        var call = try SmallWorld.call()
        #expect(tables.numberToDip(call) == number)
        #expect(withPort.numberToDip(call) == nil)
        call.answer = Stamp(parsing: "2025-03-12T15:00:04Z")
        #expect(withPort.numberToDip(call) == number)
        call.sipRURI = "sip:+13122005555;npdi@h"
        #expect(tables.numberToDip(call) == nil)
        call.sipRURI = "sip:+13122005555;rn=+12126000000@h"
        #expect(tables.numberToDip(call) == nil)
        call.sipRURI = "sip:+13122009999;rn=+12126000000@h"
        #expect(tables.numberToDip(call) == number)
        for dni in ["8002000001", "+447797123456", "911", "5550100"] {
            #expect(tables.numberToDip(try SmallWorld.call(dni: dni)) == nil)
        }
        let known = withPort.rate(try SmallWorld.call(), dip: .timedOut)
        #expect(known.call?.dnisParty.lrnSource == .table)
        #expect(!known.flags.contains(.lrnTimeout))
    }

    @Test("the own plan beats the default; where it has no rate, the default answers unless forbidden (R3, R8)")
    func ownPlan() throws {
        let own = """
            {"schema": "voice/1", "fallback_to_default": false,
             "terminating": {"domestic": {"prefixes": {"312": {"interstate": "0.0090000"}}}}}
            """
        let plans = [
            try SmallWorld.plan("default", rates: SmallWorld.simpleRates),
            try SmallWorld.plan("own", customer: SmallWorld.lakeside, rates: own),
        ]
        let tables = try SmallWorld.tables(plans: plans)
        let chicago = tables.rate(try SmallWorld.call())
        #expect(chicago.ratePlanID == "own")
        #expect(chicago.call?.ratePrefix == "312")
        let newYork = tables.rate(try SmallWorld.call(dni: "2126005555", ani: "3122001111"))
        #expect(newYork.status == .unrated)
        #expect(newYork.flags.names == ["NO_RATE"])
        #expect(newYork.charge == nil)
        #expect(newYork.vendorCost?.text(.charge) == "0.00220")
    }

    @Test("a plan's last day is the one before its expiry; then there is none (R2, R8)")
    func expiry() throws {
        let usage = try rated(
            SmallWorld.call(),
            SmallWorld.plan("default", from: "2024-01-01", to: "2025-03-12", rates: SmallWorld.simpleRates))
        #expect(usage.status == .unrated)
        #expect(usage.flags.names == ["NO_PLAN", "NO_RATE"])
        let kept = try rated(
            SmallWorld.call(),
            SmallWorld.plan("default", from: "2024-01-01", to: "2025-03-13", rates: SmallWorld.simpleRates))
        #expect(kept.status == .rated)
    }

    @Test("an unanswered call is not billable and costs nothing (D5)")
    func unanswered() throws {
        var call = try SmallWorld.call()
        call.answer = .absent
        let usage = try rated(call, SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        #expect(usage.status == .notBillable)
        #expect(usage.charge == .zero)
        #expect(usage.vendorCost == .zero)
        #expect(usage.call?.billedSeconds == 0)
        #expect(usage.ratePlanID == nil)
    }

    @Test("dirty calls are held with every reason, and without a charge (D3, G6)")
    func held() throws {
        var call = try SmallWorld.call()
        call.end = .unreadable
        call.customerBAN = nil
        call.created = Stamp(parsing: "2025-03-12T14:00:00Z")
        let usage = try rated(call, SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        #expect(usage.status == .held)
        #expect(
            usage.flags.names == ["BAD_TIMESTAMP", "FUTURE_TIMESTAMP", "MISSING_END", "UNKNOWN_CUSTOMER"])
        #expect(usage.charge == nil)
    }

    @Test("a record older than the kept keys is held (G8)")
    func tooOld() throws {
        let tables = try SmallWorld.tables(plans: [SmallWorld.plan("default", rates: SmallWorld.simpleRates)])
        let call = try SmallWorld.call()
        let fresh = tables.rate(call, received: Instant(parsing: "2026-04-12T15:00:05.000Z"))
        #expect(!fresh.flags.contains(.tooOld))
        let old = tables.rate(call, received: Instant(parsing: "2026-04-12T15:00:05.001Z"))
        #expect(old.status == .held)
        #expect(old.flags.contains(.tooOld))
    }

    @Test("emergency calls are free and never blocked, without any plan (R7)")
    func emergency() throws {
        let usage = try rated(SmallWorld.call(dni: "911"))
        #expect(usage.status == .rated)
        #expect(usage.charge == .zero)
        #expect(usage.vendorCost == .zero)
        #expect(usage.rate == .zero)
        #expect(usage.vendorRate == nil)
        #expect(usage.flags.names == ["SKU_UNMAPPED"])
    }

    @Test("an amount that fits no column is held, and its rates stay (G7)")
    func overflow() throws {
        let rates = #"{"terminating": {"domestic": {"default": {"interstate": "999999999.0000000"}}}}"#
        let usage = try rated(SmallWorld.call(), SmallWorld.plan("default", rates: rates))
        #expect(usage.status == .held)
        #expect(usage.flags.names == ["AMOUNT_OVERFLOW", "DEFAULT_PLAN_USED"])
        #expect(usage.charge == nil)
        #expect(usage.vendorCost == nil)
        #expect(usage.rate?.text == "999999999.0000000")
        #expect(usage.call?.billedSeconds == 61)
    }

    @Test("an attempt is priced by its call, with its own vendor and length (M10)")
    func attempts() throws {
        let tables = try SmallWorld.tables(plans: [SmallWorld.plan("default", rates: SmallWorld.simpleRates)])
        let usage = tables.rate(try SmallWorld.call())
        var attempt = VendorAttempt(
            id: usage.id, sipUUID: "u1", attemptNumber: 1, vendor: VendorName("telnyx"))
        #expect(tables.vendorPrice(of: attempt, call: usage).cost == .zero)
        attempt.answer = Stamp(parsing: "2025-03-12T15:00:05Z")
        attempt.end = Stamp(parsing: "2025-03-12T15:02:05Z")
        let price = tables.vendorPrice(of: attempt, call: usage)
        #expect(price.prefix == "312")
        #expect(price.billedSeconds == 120)
        #expect(price.cost?.text(.charge) == "0.00400")
        attempt.vendor = VendorName("nobody")
        #expect(tables.vendorPrice(of: attempt, call: usage).isWithoutRate)
    }

    @Test("the JSON of a record has the rules' names and fixed digits (G3)")
    func json() throws {
        let usage = try rated(SmallWorld.call(), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        let json = try JSONValue(parsing: usage.json)
        #expect(json["sip_uuid"]?.string == "u1")
        #expect(json["usage_date"]?.string == "2025-03-12")
        #expect(json["rate_per_minute"]?.string == "0.0085000")
        #expect(json["duration_ms"]?.integer == 61_000)
        #expect(json["dni_lrn_source"]?.string == "self")
        #expect(json["resporg"] == .null)
        #expect(json["customer_id"]?.string == SmallWorld.lakeside.text)
    }
}
