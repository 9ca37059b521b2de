import Core
import Testing

@Suite("A deck that follows another")
struct DeckSuccessionTests {
    @Test("replace: earlier rates stay until the file's first day, what it leaves out is withdrawn then")
    func replace() throws {
        let old = try sheet("telnyx", "212 0.0100 2026-01-01", "312 0.0100 2026-01-01", "+44 0.0200 2026-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01", "415 0.0300 2026-12-15")
        #expect(
            lines(new.succeeding(old, as: .replace)) == [
                "212 0.0100000 2026-01-01..2026-12-01", "312 0.0100000 2026-01-01..2026-12-01",
                "312 0.0120000 2026-12-01", "415 0.0300000 2026-12-15", "+44 0.0200000 2026-01-01",
            ])
    }

    @Test("amend: only the file's prefixes change, each on its day")
    func amend() throws {
        let old = try sheet(
            "telnyx", "212 0.0100 2026-01-01", "312 0.0100 2025-01-01..2026-01-01", "312 0.0110 2026-01-01",
            "312 0.0115 2027-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01")
        #expect(
            lines(new.succeeding(old, as: .amend)) == [
                "212 0.0100000 2026-01-01", "312 0.0100000 2025-01-01..2026-01-01",
                "312 0.0110000 2026-01-01..2026-12-01", "312 0.0120000 2026-12-01",
            ])
    }

    @Test("exact: the file is the deck, nothing of the earlier one stays")
    func exact() throws {
        let old = try sheet("telnyx", "212 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01")
        #expect(lines(new.succeeding(old, as: .exact)) == ["312 0.0120000 2026-12-01"])
    }

    @Test("terms of both decks stay with their rows, and rows that stay have no line")
    func terms() throws {
        let old = try sheet("telnyx", "212 0.0100 2026-01-01 6", "312 0.0100 2026-01-01 60")
        let merged = try sheet("telnyx", "312 0.0120 2026-12-01 1").succeeding(old, as: .amend)
        #expect(merged.rows.map { merged.terms(of: $0).initialIncrement } == [6, 60, 1])
        #expect(merged.rows.map(\.line) == [0, 0, 2])
    }

    @Test("rows that ended long ago don't stay, so that a deck doesn't grow with every month")
    func oldest() throws {
        let old = try sheet(
            "telnyx", "312 0.0100 2025-01-01..2026-10-01", "312 0.0110 2026-10-01..2026-11-01", "312 0.0115 2026-11-01")
        let merged = try sheet("telnyx", "312 0.0120 2026-12-01").succeeding(
            old, as: .replace, oldest: day("2026-10-08"))
        #expect(
            lines(merged) == [
                "312 0.0110000 2026-10-01..2026-11-01", "312 0.0115000 2026-11-01..2026-12-01",
                "312 0.0120000 2026-12-01",
            ])
    }

    @Test("loading the same file again changes nothing", arguments: [DeckSuccession.replace, .amend, .exact])
    func again(mode: DeckSuccession) throws {
        let old = try sheet("telnyx", "212 0.0100 2026-01-01", "312 0.0100 2026-01-01")
        let new = try sheet("telnyx", "312 0.0120 2026-12-01", "212 0.0100 2026-12-01")
        let once = new.succeeding(old, as: mode)
        #expect(lines(new.succeeding(once, as: mode)) == lines(once))
    }

    @Test("a sheet in any order rates calls as the deck of its rows")
    func deck() throws {
        let unsorted = try sheet("telnyx", "+44 0.02 2026-01-01", "312200 0.03 2026-01-01", "312 0.01 2026-01-01")
        #expect(
            lines(unsorted) == ["312 0.0100000 2026-01-01", "312200 0.0300000 2026-01-01", "+44 0.0200000 2026-01-01"])
        #expect(unsorted.deck.count == 3)
        #expect(unsorted.rows.map(\.line) == [4, 3, 2])
    }
}
