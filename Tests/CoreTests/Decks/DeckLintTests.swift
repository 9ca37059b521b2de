import Core
import Testing

@Suite("Looking a deck over")
struct DeckLintTests {
    private let today = day("2026-11-22")

    private func findings(
        _ sheet: RateSheet, numbers: NumberFacts? = nil, vendors: [RateSheet] = []
    ) -> [String] {
        var lint = DeckLint(sheet, today: today)
        lint.numbers = numbers
        lint.vendors = vendors
        return lint.findings().map { "\($0.rule.rawValue) \($0.prefix?.text ?? ""): \($0.message)" }
    }

    @Test("a row whose end lies beyond the next one's beginning overlaps")
    func overlap() throws {
        let found = findings(try sheet("t", "312 0.01 2026-01-01..2026-12-31", "312 0.02 2026-12-01"))
        #expect(
            found == [
                "OVERLAP 312: the row from 2026-01-01 lasts until 2026-12-31; from 2026-12-01 on the later one counts"
            ])
    }

    @Test("a row that ends lets an older one without an end price again")
    func resurfaces() throws {
        let found = findings(try sheet("t", "312 0.01 2026-01-01", "312 0.02 2026-12-01..2027-01-01"))
        #expect(found == ["RESURFACES 312: ends on 2027-01-01, and the row from 2026-01-01 prices again"])
    }

    @Test("days between two rows of a prefix are a gap; an open row that a later one follows is none")
    func dateGap() throws {
        let found = findings(
            try sheet(
                "t", "312 0.01 2026-01-01..2026-11-30", "312 0.02 2026-12-05", "415 0.01 2026-01-01",
                "415 0.02 2026-12-01"))
        #expect(found == ["DATE_GAP 312: no row from 2026-11-30 until 2026-12-05"])
    }

    @Test("a row whose ten longer prefixes all have rows prices nothing")
    func shadowed() throws {
        var deck = try sheet("t", "312200 0.01 2026-01-01", "312201 0.01 2026-01-01")
        for digit in 0...9 {
            let row = try sheet("t", "312200\(digit) 0.01 2026-01-01")
            deck.append(row.entry(row.rows[0]))
        }
        deck.sort()
        #expect(findings(deck) == ["SHADOWED 312200: all ten longer prefixes have rows of their own"])
    }

    @Test("rows that no number reaches: area codes, exchanges and countries that are none")
    func unreachable() throws {
        let found = findings(
            try sheet(
                "t", "312 0.01 2026-01-01", "630 0.01 2026-01-01", "212 0.01 2026-01-01", "816 0.01 2026-01-01",
                "913 0.01 2026-01-01", "512 0.01 2026-01-01", "679 0.01 2026-01-01", "214 0.01 2026-01-01",
                "416 0.01 2026-01-01", "800 0.01 2026-01-01", "500 0.01 2026-01-01", "312555 0.01 2026-01-01",
                "312911 0.01 2026-01-01", "312200 0.01 2026-01-01", "312299 0.01 2026-01-01", "+44 0.01 2026-01-01",
                "+4477 0.01 2026-01-01", "+52 0.01 2026-01-01", "+881 0.01 2026-01-01", "+88 0.01 2026-01-01",
                "+999 0.01 2026-01-01", "+1416 0.01 2026-01-01", "+1312 0.01 2026-01-01"),
            numbers: SmallWorld.numbers())
        #expect(
            found == [
                "UNREACHABLE 214: the area code 214 is not assigned",
                "UNREACHABLE 312555: numbers of 312555 are not geographic",
                "UNREACHABLE 312911: numbers of 312911 are not geographic",
                "UNREACHABLE 416: CA is international: a row of that scope with 1 before it",
                "UNREACHABLE 800: the area code 800 is tollfree, and not rated by decks",
                "UNREACHABLE 1312: the area code 312 is domestic: a row of that scope without 1",
                "UNREACHABLE 999: no country has numbers that begin with 999",
                "UNASSIGNED 312299: the numbering guide has no block 312299",
            ])
    }

    @Test("what a deck leaves out: an exchange of an area code, a whole area code, a country")
    func coverage() throws {
        let found = findings(
            try sheet(
                "t", "312200 0.01 2026-01-01", "630 0.01 2026-01-01", "+44 0.01 2026-01-01", "+52 0.01 2026-01-01"),
            numbers: SmallWorld.numbers())
        #expect(
            found == [
                "MISSING_EXCHANGES 312: 312201 are assigned and have no row", "MISSING_AREA_CODE 212: no row for NY",
                "MISSING_AREA_CODE 512: no row for TX", "MISSING_AREA_CODE 679: no row for this area code",
                "MISSING_AREA_CODE 816: no row for MO", "MISSING_AREA_CODE 913: no row for KS",
                "MISSING_COUNTRY 881: no row for 001",
            ])
    }

    @Test("a price below what every vendor takes, and one below what the dearest takes")
    func belowCost() throws {
        let sold = try sheet("retail", "312 0.0100 2026-01-01", "415 0.0100 2026-01-01", "512 0.0100 2026-01-01")
        let cheap = try sheet("cheap", "312 0.0120 2026-01-01", "415 0.0080 2026-01-01", "512 0.0080 2026-01-01")
        let dear = try sheet("dear", "312 0.0150 2026-01-01", "415 0.0110 2026-01-01", "512 0.0090 2026-01-01")
        #expect(
            findings(sold, vendors: [cheap, dear]) == [
                "BELOW_COST 312: interstate is sold at 0.0100000, and the cheapest vendor, cheap, takes 0.0120000, and 3 more prices",
                "BELOW_SOME_COST 415: interstate is sold at 0.0100000, and dear takes 0.0110000, and 3 more prices",
            ])
    }

    @Test("an area code's price is held against the vendor's dearer exchange below it")
    func belowCostOfAnExchange() throws {
        let sold = try sheet("retail", "312 0.0100/0.0200 2026-01-01")
        let vendor = try sheet("v", "312 0.0080/0.0080 2026-01-01", "312200 0.0300/0.0150 2026-01-01")
        #expect(
            findings(sold, vendors: [vendor]) == [
                "BELOW_COST 312: interstate to 312200 is sold at 0.0100000, and the cheapest vendor, v, takes 0.0300000, and 1 more prices"
            ])
    }

    @Test("a deck without faults has no findings")
    func clean() throws {
        #expect(findings(try sheet("t", "312 0.01 2026-01-01", "312200 0.02 2026-01-01")) == [])
    }
}
