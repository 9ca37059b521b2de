import Core
import Testing

@Suite("Titles of a deck's columns")
struct DeckHeaderTests {
    private func format(_ change: (inout DeckFormat) -> Void = { _ in }) -> DeckFormat {
        var format = DeckFormat()
        format.deck = "telnyx"
        change(&format)
        return format
    }

    @Test("the titles that vendors use are known, in any case and with any marks")
    func known() {
        let header = DeckHeader(
            ["NPA+NXX", "Inter-State Rate", "INTRA_RATE", "Indeterminate", "Local Rate", "Effective Date", "LATA"],
            format())
        #expect(header.problems == [])
        #expect(
            header.places == [
                .prefix: 0, .interstate: 1, .intrastate: 2, .indeterminate: 3, .local: 4, .effectiveDate: 5,
            ])
        #expect(header.scope == .domestic)
        #expect(header.passedOver == ["LATA"])
    }

    @Test("an A–Z deck is told from a domestic one by its columns")
    func international() {
        let header = DeckHeader(
            ["Destination", "Dial Code", "Rate (USD)", "Billing Increments", "Effective"], format())
        #expect(header.problems == [])
        #expect(header.scope == .international)
        #expect(header.places == [.prefix: 1, .rate: 2, .increments: 3, .effectiveDate: 4])
    }

    @Test("a title that is mapped wins over the known one, which is passed over then")
    func mapped() {
        let header = DeckHeader(
            ["code", "rate", "new price", "effective date"], format { $0.titles[.rate] = "New Price" })
        #expect(header.problems == [])
        #expect(header.places[.rate] == 2)
        #expect(header.passedOver == ["rate"])
    }

    @Test(
        "what a header lacks or says twice is told",
        arguments: [
            (["prefix", "interstate"], ["the column effective_date is missing, and no effective day is given"]),
            (["prefix", "effective"], ["no column has rates"]),
            (
                ["interstate", "effective"],
                ["the column prefix is missing (or npa and nxx, or country_code and area_code)"]
            ),
            (
                ["prefix", "inter", "interstate", "effective"],
                ["the columns inter and interstate both mean interstate: say which"]
            ),
            (["prefix", "inter", "inter", "effective"], ["the column inter stands twice"]),
            (["prefix", "inter", "surcharge", "effective"], ["the column surcharge is not known"]),
            (
                ["prefix", "inter", "rate", "effective"],
                ["domestic or international? The columns say both"]
            ),
            (
                ["prefix", "inter", "effective", "deck"],
                ["the column deck names the decks; no other name is needed"]
            ),
            (
                ["prefix", "inter", "effective", "increments", "initial"],
                ["increments stand in one column or in two, not both"]
            ),
        ])
    func problems(titles: [String], expected: [String]) {
        #expect(DeckHeader(titles, format()).problems == expected)
    }

    @Test("a mapped title that is not there is told")
    func missing() {
        let header = DeckHeader(["prefix", "inter", "effective"], format { $0.titles[.interstate] = "INTER_RATE" })
        #expect(header.problems == ["there is no column INTER_RATE (for interstate)", "no column has rates"])
    }

    @Test("columns that are to be passed over are no problem, and a day that is given needs no column")
    func given() {
        let header = DeckHeader(
            ["prefix", "inter", "Surcharge"],
            format {
                $0.ignored = ["surcharge"]
                $0.effective = UsageDay(year: 2026, month: 12, day: 1)
            })
        #expect(header.problems == [])
        #expect(header.passedOver == ["Surcharge"])
    }
}
