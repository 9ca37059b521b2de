import Core
import Testing

@Suite("Decks and prefixes")
struct DeckTests {
    private func entry(
        _ prefix: String, _ interstate: String, from: String = "2024-01-01", to: String? = nil,
        scope: RateDeck.Scope = .domestic
    ) throws -> RateDeck.Entry {
        var row = RateRow()
        if scope == .domestic {
            row.interstate = try Rate(parsing: interstate)
        } else {
            row.rate = try Rate(parsing: interstate)
        }
        return .init(
            scope: scope, prefix: try #require(Prefix(parsing: prefix)), row: row,
            effective: try #require(UsageDay(parsing: from)), end: to.flatMap { UsageDay(parsing: $0) })
    }

    /// The customer's charge for a minute to a number on a day, by a plan that has only a deck.
    private func ratePrefix(_ entries: [RateDeck.Entry], dni: String, on day: String = "2025-03-12") throws -> String? {
        let plan = try SmallWorld.plan("deck-plan", rates: #"{"schema": "voice/1", "deck": "retail"}"#)
        let tables = try SmallWorld.tables(plans: [plan], decks: [RateDeck(name: "retail", entries: entries)])
        var call = try SmallWorld.call(dni: dni)
        call.start = Stamp(parsing: day + "T15:00:00Z")
        call.answer = Stamp(parsing: day + "T15:00:00Z")
        call.end = Stamp(parsing: day + "T15:01:00Z")
        let usage = tables.rate(call)
        return usage.rate.map { "\(usage.call?.ratePrefix ?? "")=\($0.text)" }
    }

    @Test("the longest of seven, six and three digits counts; other lengths are no domestic rows (R4)")
    func longest() throws {
        let entries = [
            try entry("312", "0.0100"), try entry("312200", "0.0200"), try entry("3122005", "0.0300"),
            try entry("31220", "0.0900"), try entry("31220055", "0.0900"),
        ]
        #expect(try ratePrefix(entries, dni: "3122005555") == "3122005=0.0300000")
        #expect(try ratePrefix(entries, dni: "3122006555") == "312200=0.0200000")
        #expect(try ratePrefix(entries, dni: "3122016555") == "312=0.0100000")
    }

    @Test("a row out of force is no row: the shorter prefix answers (R4)")
    func outOfForce() throws {
        let entries = [
            try entry("312", "0.0100"), try entry("312200", "0.0200", to: "2025-03-12"),
            try entry("312201", "0.0300", from: "2025-03-13"),
        ]
        #expect(try ratePrefix(entries, dni: "3122005555") == "312=0.0100000")
        #expect(try ratePrefix(entries, dni: "3122005555", on: "2025-03-11") == "312200=0.0200000")
        #expect(try ratePrefix(entries, dni: "3122015555") == "312=0.0100000")
        #expect(try ratePrefix(entries, dni: "3122015555", on: "2025-03-13") == "312201=0.0300000")
    }

    @Test("of two rows in force the later effective one counts (R4)")
    func overlapping() throws {
        let entries = [
            try entry("312", "0.0200", from: "2025-03-01"), try entry("312", "0.0100", from: "2024-01-01"),
        ]
        #expect(try ratePrefix(entries, dni: "3122005555") == "312=0.0200000")
        #expect(try ratePrefix(entries, dni: "3122005555", on: "2025-02-28") == "312=0.0100000")
    }

    @Test("abroad the longest prefix counts, and 1 alone never does (R6)")
    func international() throws {
        let entries = [
            try entry("44", "0.0150", scope: .international), try entry("447797", "0.0900", scope: .international),
            try entry("1", "0.0001", scope: .international), try entry("312", "0.0100"),
        ]
        #expect(try ratePrefix(entries, dni: "+447797123456") == "447797=0.0900000")
        #expect(try ratePrefix(entries, dni: "+442079460000") == "44=0.0150000")
        #expect(try ratePrefix(entries, dni: "4165001234") == nil)
    }

    @Test("an inline row beats the deck's row of the same prefix, a longer deck row beats both (R4)")
    func inline() throws {
        let plan = try SmallWorld.plan(
            "p",
            rates: """
                {"deck": "retail", "terminating": {"domestic": {"prefixes": {"312": {"interstate": "0.0500000"}}}}}
                """)
        let deck = RateDeck(name: "retail", entries: [try entry("312", "0.0100"), try entry("312201", "0.0200")])
        let tables = try SmallWorld.tables(plans: [plan], decks: [deck])
        #expect(tables.rate(try SmallWorld.call(dni: "3122005555")).rate?.text == "0.0500000")
        #expect(tables.rate(try SmallWorld.call(dni: "3122015555")).rate?.text == "0.0200000")
    }

    @Test("a matched row without the column is no rate, not a shorter prefix (R5)")
    func authoritative() throws {
        let plan = try SmallWorld.plan(
            "p",
            rates: """
                {"terminating": {"domestic": {"default": {"interstate": "0.0100000"},
                    "prefixes": {"312": {"indeterminate": "0.0500000"}}}}}
                """)
        let usage = try SmallWorld.tables(plans: [plan]).rate(try SmallWorld.call())
        #expect(usage.status == .unrated)
        #expect(usage.flags.contains(.noRate))
    }
}
