import Core
import Testing

@Suite("Plan validation")
struct PlanValidationTests {
    private func faults(_ rates: String, _ type: PlanType = .voice) throws -> [String] {
        RatePlan.faults(in: try JSONValue(parsing: rates), of: type).map { "\($0.path) \($0.code.rawValue)" }
    }

    @Test("a plan that can be rated by has no faults (P1)")
    func valid() throws {
        #expect(try faults(#"{"schema": "voice/1", "deck": "retail-a"}"#) == [])
    }

    @Test("pointers escape what JSON pointers must")
    func pointers() throws {
        #expect(
            try faults(#"{"schema": "api/1", "per_query": {"a/b~c": "x"}}"#, .api) == ["/per_query/a~1b~0c BAD_DECIMAL"]
        )
    }

    @Test(
        "one code per decimal, in the order of the rule (P2)",
        arguments: [
            ("0.01", nil), ("-0.0", nil), ("1234567890", "BAD_DECIMAL"), ("-1", "NEGATIVE"),
            ("-0.00000001", "NEGATIVE"),
            ("0.12345678", "SCALE"), ("1.", "BAD_DECIMAL"), (" 1", "BAD_DECIMAL"),
        ] as [(String, String?)])
    func decimals(text: String, code: String?) throws {
        let found = try faults("{\"schema\": \"api/1\", \"per_query\": {\"LRN\": \"\(text)\"}}", .api)
        #expect(found == (code.map { ["/per_query/LRN \($0)"] } ?? []))
    }

    @Test("an integer that no computer word holds is out of range, a fraction is none (P3)")
    func integers() throws {
        let found = try faults(
            """
            {"schema": "voice/1", "deck": "d", "billing": {"initial_increment": 99999999999999999999,
             "subsequent_increment": 6.0, "minimum_seconds": null}}
            """)
        #expect(
            found == [
                "/billing/initial_increment OUT_OF_RANGE", "/billing/minimum_seconds NOT_INTEGER",
                "/billing/subsequent_increment NOT_INTEGER",
            ])
    }

    @Test("toll-free rows have no local column (P5)")
    func tollFree() throws {
        let found = try faults(
            #"{"schema": "tollfree/1", "originating": {"local": "0.01", "international": "0.09"}}"#, .tollfree)
        #expect(found == ["/originating/interstate MISSING", "/originating/local UNKNOWN_FIELD"])
    }

    @Test("an unreadable tier is not what the next is measured by (P7)")
    func tiers() throws {
        let found = try faults(
            """
            {"schema": "api/1", "per_query": {"A": "1"}, "volume": {"metric": "queries", "mode": "all_units", "tiers": [
              {"from": "0", "discount_pct": "0"}, {"from": "x", "discount_pct": "1"}, {"from": "0", "discount_pct": "2"}]}}
            """, .api)
        #expect(found == ["/volume/tiers/1/from BAD_DECIMAL", "/volume/tiers/2/from TIER_ORDER"])
    }

    @Test("what a plan adds to invoices is kept for them")
    func modifiers() throws {
        let plan = try SmallWorld.plan("p", rates: #"{"deck": "d", "monthly_fee": "25.00", "bundles": []}"#)
        #expect(plan.modifiers["monthly_fee"]?.string == "25.00")
        #expect(plan.modifiers["deck"] == nil)
    }
}
