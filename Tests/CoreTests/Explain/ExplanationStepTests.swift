import Core
import Testing

@Suite("Steps of an explanation")
struct ExplanationStepTests {
    private func explained(_ call: RawCDR, _ plans: RatePlan..., ports: [PortedNumbers.Port] = []) throws -> Explanation
    {
        try SmallWorld.tables(plans: plans, numbers: SmallWorld.numbers(ports: ports)).explain(call)
    }

    @Test("61 seconds at 0.0085: the sum before and after its one rounding (R11)")
    func charge() throws {
        let explanation = try explained(SmallWorld.call(), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        let charge = try #require(explanation.step(.charge))
        #expect(charge["before_rounding"]?.string == "0.0086416666…")
        #expect(charge["before_rounding_fraction"]?.string == "1037/120000")
        #expect(charge["charge"]?.string == "0.00864")
        #expect(charge.rules == ["R11"])
        #expect(
            charge.sentences == [
                "61 seconds at $0.0085 a minute: $0.0085 × 61 / 60 = $0.0086416666…",
                "The charge is $0.0086416666…, rounded once to five decimals: $0.00864.",
            ])
        #expect(explanation.step(.cost)?["cost"]?.string == "0.00220")
        #expect(explanation.step(.margin)?["percentage_unrounded"]?.string == "74.5370370370…")
    }

    @Test("each header that was asked stands with what became of it (J1–J3)")
    func caller() throws {
        var call = try SmallWorld.call(ani: "anonymous")
        call.sipPAI = "<sip:5551234@h>, <sip:+12126001111@h>"
        call.sipFrom = "<sip:3122001111@h>"
        let explanation = try explained(call, SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        let step = try #require(explanation.step(.caller))
        let candidates = try #require(step["candidates"]?.elements)
        #expect(candidates.map { $0["header"]?.string } == ["sip_pai", "sip_pai"])
        #expect(candidates.map { $0["taken"]?.bool } == [false, true])
        #expect(candidates.first?["reason"]?.string == "TOO_SHORT")
        #expect(
            step.sentences.last?.hasPrefix("+1 212 600 1111 is a geographic number (US), from P-Asserted-Identity")
                == true)
    }

    @Test("a ported number: routing number, its block, and the rate centre that stays (E2–E5)")
    func ported() throws {
        let port = PortedNumbers.Port(
            number: NationalNumber(digits: 3_122_005_555), lrn: NationalNumber(digits: 6_303_005_000),
            activated: Instant(milliseconds: 0))
        let explanation = try explained(
            SmallWorld.call(), SmallWorld.plan("default", rates: SmallWorld.simpleRates), ports: [port])
        let place = try #require(explanation.step(.calledPlace))
        #expect(place["lrn"]?.string == "6303005000")
        #expect(place["lrn_source"]?.string == "table")
        #expect(place["block"]?.string == "630-300-5")
        #expect(place["rate_center"]?.string == "CHICAGO")
        #expect(place["rate_center_block"]?.string == "312-200-A")
    }

    @Test("a row that has expired is named as passed over, and the row that counts with its days (R4)")
    func passedOver() throws {
        func entry(_ prefix: String, _ rate: String, until end: String?) throws -> RateDeck.Entry {
            var row = RateRow()
            row.interstate = try Rate(parsing: rate)
            return .init(
                scope: .domestic, prefix: try #require(Prefix(parsing: prefix)), row: row,
                effective: try #require(UsageDay(parsing: "2024-01-01")), end: end.flatMap { UsageDay(parsing: $0) })
        }
        let deck = RateDeck(
            name: "retail",
            entries: [try entry("312200", "0.0040000", until: "2025-03-01"), try entry("312", "0.0060000", until: nil)])
        let plan = try SmallWorld.plan("own", customer: SmallWorld.lakeside, rates: #"{"deck": "retail"}"#)
        let explanation = try SmallWorld.tables(plans: [plan], decks: [deck]).explain(SmallWorld.call())
        let step = try #require(explanation.step(.rate))
        #expect(step["row"]?["source"]?.string == "deck")
        #expect(step["row"]?["name"]?.string == "retail")
        #expect(step["row"]?["prefix"]?.string == "312")
        #expect(step["passed_over"]?.elements?.first?["end_date"]?.string == "2025-03-01")
        #expect(step["passed_over"]?.elements?.first?["prefix"]?.string == "312200")
        #expect(step["rate_per_minute"]?.string == "0.0060000")
    }

    @Test("a missing column is named with the one that stands in (R5)")
    func column() throws {
        let explanation = try explained(
            SmallWorld.call(ani: "3122011111"),
            SmallWorld.plan(
                "default", rates: #"{"terminating": {"domestic": {"default": {"interstate": "0.0100000"}}}}"#))
        let step = try #require(explanation.step(.rate))
        #expect(step["column_wanted"]?.string == "local")
        #expect(step["column"]?.string == "interstate")
        #expect(step.sentences.last == "It has no local column, so its interstate column counts: $0.01 a minute.")
    }

    @Test("no rate: the plans that were asked, and that nothing is charged (R3, R8)")
    func unrated() throws {
        let explanation = try explained(
            SmallWorld.call(dni: "+442079460123"), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        #expect(explanation.usage?.status == .unrated)
        #expect(explanation.step(.charge) == nil)
        let plan = try #require(explanation.step(.plan))
        #expect(plan["default"]?["has_rate"]?.bool == false)
        #expect(plan.sentences.last?.hasPrefix("So there is no price") == true)
    }

    @Test("a held call says every cause and has no charge (D3, G6)")
    func held() throws {
        var call = try SmallWorld.call()
        call.end = .absent
        call.customerBAN = try BAN(parsing: "NOBODY")
        let explanation = try explained(call, SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        let outcome = try #require(explanation.step(.outcome))
        #expect(outcome["held_by"] == .array([.string("MISSING_END"), .string("UNKNOWN_CUSTOMER")]))
        #expect(explanation.step(.charge) == nil)
        #expect(explanation.summary == "Call u1, account NOBODY: held until a person has looked at it, no charge yet")
    }

    @Test("the text for a customer speaks of no vendor, cost or margin")
    func customerText() throws {
        let explanation = try explained(SmallWorld.call(), SmallWorld.plan("default", rates: SmallWorld.simpleRates))
        let whole = explanation.text()
        let text = explanation.text(forCustomer: true)
        #expect(whole.contains("For us, not for the customer") && whole.contains("Margin"))
        for word in ["endor", "elnyx", "argin", "ost"] { #expect(!text.contains(word), "\(word)") }
        #expect(text.contains("The charge is $0.0086416666…, rounded once to five decimals: $0.00864."))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test("a refused record: the code, the field, and that it was not charged")
    func refusal() {
        let explanation = Explanation(refusal: RejectReason(.missing, field: "/sip_uuid"), kind: .cdr)
        #expect(explanation.summary == "A record of kind cdr was refused: MISSING at /sip_uuid")
        #expect(explanation.json["record"]?["status"]?.string == "refused")
        #expect(explanation.step(.refusal)?["field"]?.string == "/sip_uuid")
    }
}
