import Core
import Testing

@Suite("Comparing decks")
struct DeckDiffTests {
    private let today = day("2026-11-22")

    /// `up 312 2026-11-22..2026-12-01 0.0100000→0.0120000 20.00`
    private func text(_ diff: DeckDiff) -> [String] {
        diff.changes.map { change in
            let column: RateRow.Column = change.scope == .international ? .rate : .interstate
            let prices = diff.prices(change, column)
            let days = change.from.text + (change.until.map { "..\($0.text)" } ?? "")
            let percentage = diff.percentage(change, column).map { " \($0.text)" } ?? ""
            return "\(change.kind.rawValue) \(change.prefix.text) \(days) "
                + "\(prices.old?.text ?? "none")→\(prices.new?.text ?? "none")\(percentage)"
        }
    }

    @Test("new, dearer, cheaper, removed and unchanged prefixes are told apart, with percentages")
    func kinds() throws {
        let old = try sheet(
            "telnyx", "212 0.0100 2026-01-01", "312 0.0100 2026-01-01", "415 0.0100 2026-01-01",
            "512 0.0100 2026-01-01",
            "+44 0.0200 2026-01-01")
        let new = try sheet(
            "telnyx", "212 0.0100 2026-01-01", "312 0.0120 2026-01-01", "415 0.0075 2026-01-01",
            "713 0.0300 2026-01-01", "+44 0.0250 2026-01-01")
        let diff = DeckDiff(from: old, to: new, today: today)
        #expect(
            text(diff) == [
                "up 312 2026-11-22 0.0100000→0.0120000 20.00", "down 415 2026-11-22 0.0100000→0.0075000 -25.00",
                "removed 512 2026-11-22 0.0100000→none", "new 713 2026-11-22 none→0.0300000",
                "up 44 2026-11-22 0.0200000→0.0250000 25.00",
            ])
        #expect(diff.unchanged == 1)
        #expect(diff.count(.increased) == 2)
    }

    @Test("a rate that takes effect later changes nothing until then")
    func effectiveDates() throws {
        let old = try sheet("telnyx", "312 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0100 2026-01-01..2026-12-01", "312 0.0120 2026-12-01")
        #expect(
            text(DeckDiff(from: old, to: new, today: today)) == ["up 312 2026-12-01 0.0100000→0.0120000 20.00"])
    }

    @Test("a deck whose rows begin later leaves the days before without a rate, and the comparison says so")
    func hole() throws {
        let old = try sheet("telnyx", "312 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01")
        #expect(
            text(DeckDiff(from: old, to: new, today: today)) == [
                "removed 312 2026-11-22..2026-12-01 0.0100000→none", "up 312 2026-12-01 0.0100000→0.0120000 20.00",
            ])
    }

    @Test("the same price said otherwise is no change: an intrastate rate that was taken from interstate (R5)")
    func samePrice() throws {
        let old = try sheet("telnyx", "312 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0100/0.0100 2026-02-01")
        let diff = DeckDiff(from: old, to: new, today: today)
        #expect(diff.changes == [])
        #expect(diff.unchanged == 1)
    }

    @Test("one column up and one down, or other increments, are a change of neither kind")
    func mixed() throws {
        let old = try sheet("telnyx", "312 0.0100/0.0200 2026-01-01", "415 0.0100 2026-01-01 6")
        let new = try sheet("telnyx", "312 0.0120/0.0150 2026-01-01", "415 0.0100 2026-01-01 60")
        let diff = DeckDiff(from: old, to: new, today: today)
        #expect(diff.changes.map(\.kind) == [.changed, .changed])
        #expect(diff.greatest(diff.changes[0])?.percentage.text == "-25.00")
    }

    @Test("rows that ended are of the past: what came of them is not compared")
    func past() throws {
        let old = try sheet("telnyx", "312 0.0100 2025-01-01..2026-01-01", "312 0.0200 2026-01-01")
        let new = try sheet("telnyx", "312 0.0200 2026-01-01")
        let diff = DeckDiff(from: old, to: new, today: today)
        #expect(diff.changes == [])
        #expect(diff.unchanged == 1)
    }

    @Test("where there was no deck every row is new")
    func first() throws {
        let diff = DeckDiff(from: nil, to: try sheet("telnyx", "312 0.0100 2026-01-01"), today: today)
        #expect(text(diff) == ["new 312 2026-11-22 none→0.0100000"])
    }

    @Test("traffic weighs the changes: 600 minutes at 0.0020 more are 1.20 dollars more")
    func effect() throws {
        let old = try sheet("telnyx", "312 0.0100 2026-01-01", "415 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01", "415 0.0090 2026-12-01").succeeding(old, as: .replace)
        let diff = DeckDiff(from: old, to: new, today: today)
        let effect = diff.effect(on: [
            try traffic("3122005", 36_000), try traffic("4152000", 6_000), try traffic("4152001", 60),
        ])
        #expect(effect.day == day("2026-12-01"))
        #expect([0, 1].map { effect.byChange[$0]?.seconds } == [36_000, 6_060])
        #expect([0, 1].map { effect.byChange[$0]?.effect.text(.charge) } == ["1.20000", "-0.10100"])
        #expect(effect.before == (try usd("7.01000")))
        #expect(effect.after == (try usd("8.10900")))
        #expect(effect.greatest(1) == [0])
    }

    @Test("minutes of a new exchange leave its area code's rate, those of a removed one fall back to it")
    func longerPrefixes() throws {
        let old = try sheet("telnyx", "312 0.0100 2026-01-01", "312300 0.0500 2026-01-01")
        let new = try sheet("telnyx", "312 0.0100 2026-01-01", "312200 0.0200 2026-01-01")
        let diff = DeckDiff(from: old, to: new, today: today)
        let effect = diff.effect(on: [
            try traffic("3122005", 600), try traffic("3123005", 600), try traffic("3124005", 600),
        ])
        #expect(diff.changes.map(\.prefix.text) == ["312200", "312300"])
        #expect(effect.byChange[0]?.effect == (try usd("0.10000")))
        #expect(effect.byChange[1]?.effect == (try usd("-0.40000")))
    }

    @Test("minutes that nothing prices any more are counted, not priced at 0 in silence")
    func unpriced() throws {
        let diff = DeckDiff(
            from: try sheet("telnyx", "312 0.0100 2026-01-01"), to: try sheet("telnyx", "415 0.0100 2026-01-01"),
            today: today)
        let effect = diff.effect(on: [try traffic("3122005", 600), try traffic("4152000", 60)])
        #expect(effect.unpricedSeconds == 600)
        #expect(effect.newlyPricedSeconds == 60)
    }

    private func traffic(_ digits: String, _ seconds: Int64) throws -> DeckTraffic {
        DeckTraffic(digits: try #require(Prefix(parsing: digits)), jurisdiction: .interstate, seconds: seconds)
    }
}
