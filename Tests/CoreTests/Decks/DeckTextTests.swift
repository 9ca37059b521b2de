import Core
import Testing

@Suite("How vendors write decks")
struct DeckTextTests {
    @Test(
        "a price is read exactly, with or without a dollar sign, a leading zero or an exponent",
        arguments: [
            ("0.0085", 85_000), (".0085", 85_000), (" $0.0085 ", 85_000), ("US$ 0.0085", 85_000),
            ("0.0085 USD", 85_000), ("8.5E-03", 85_000), ("1", 10_000_000), ("0.00850000000", 85_000), ("0", 0),
            ("4.5e0", 45_000_000), ("-0", 0), ("0.0000001", 1),
        ] as [(String, Int64)])
    func prices(text: String, units: Int64) throws {
        #expect(try DeckText.units(text.utf8.span) == units)
    }

    @Test("an empty field, a dash and N/A are no price", arguments: ["", "  ", "-", "N/A", "null"])
    func noPrice(text: String) throws {
        #expect(try DeckText.units(text.utf8.span) == nil)
    }

    @Test(
        "what is no price says why",
        arguments: [
            ("0.00000001", DeckText.Fault.tooManyDecimals), ("-0.01", .negative), ("0,0085", .decimalComma),
            ("€0.01", .otherCurrency), ("0.01 EUR", .otherCurrency), ("free", .noDecimal), ("1.2.3", .noDecimal),
            (".", .noDecimal), ("1000000000", .tooLarge), ("1e99", .tooLarge), ("1e-99", .tooManyDecimals),
            ("$", .noDecimal), ("99999999999999999999", .tooLarge), ("1e", .noDecimal),
        ])
    func faultyPrices(text: String, fault: DeckText.Fault) {
        #expect(throws: fault) { try DeckText.units(text.utf8.span) }
    }

    @Test(
        "a day is read in the common forms",
        arguments: [
            "2026-12-01", "2026/12/01", "20261201", "12/1/2026", "12/01/26", "12-01-2026", "1-Dec-2026", "01DEC2026",
            "Dec 1, 2026", "December 1 2026", "2026-12-01T00:00:00Z", "2026-12-01 00:00:00", "12/1/2026 0:00",
            "12/1/2026 12:00 AM", "2026-12-01T00:00:00.000+00:00",
        ])
    func days(text: String) throws {
        #expect(try DeckText.day(text.utf8.span, order: .monthFirst) == day("2026-12-01"))
    }

    @Test("of 3/4/2026 the month comes first in the US, elsewhere where it is said")
    func dateOrder() throws {
        #expect(try DeckText.day("3/4/2026".utf8.span, order: .monthFirst) == day("2026-03-04"))
        #expect(try DeckText.day("3/4/2026".utf8.span, order: .dayFirst) == day("2026-04-03"))
        #expect(throws: DeckText.Fault.noDay(.monthFirst)) {
            try DeckText.day("22/11/2026".utf8.span, order: .monthFirst)
        }
    }

    @Test(
        "what is no day says so, and a time of day is not passed over",
        arguments: [
            ("2026-13-01", DeckText.Fault.noDay(.monthFirst)), ("soon", .noDay(.monthFirst)),
            ("2026-12", .noDay(.monthFirst)), ("46357", .noDay(.monthFirst)), ("2026-12-01 08:30", .timeOfDay),
            ("2026-12-01 12:00 PM", .timeOfDay), ("31/2/2026", .noDay(.monthFirst)),
        ])
    func faultyDays(text: String, fault: DeckText.Fault) {
        #expect(throws: fault) { try DeckText.day(text.utf8.span, order: .monthFirst) }
    }

    @Test(
        "increments stand in one field",
        arguments: [
            ("6/6", 6, 6), ("30/6", 30, 6), ("60-60", 60, 60), ("1 / 1", 1, 1), ("60", 60, 60), ("60+1", 60, 1),
        ])
    func increments(text: String, initial: Int, subsequent: Int) throws {
        let pair = try DeckText.increments(text.utf8.span)
        #expect(pair?.initial == initial)
        #expect(pair?.subsequent == subsequent)
    }

    @Test("three increments or none are no pair", arguments: ["6/6/6", "fast", "6//", "/6", "6*6"])
    func faultyIncrements(text: String) {
        #expect(throws: DeckText.Fault.noIncrements) { try DeckText.increments(text.utf8.span) }
    }

    @Test(
        "a prefix is read through its marks; abroad a field may list codes and ranges",
        arguments: [
            (RateDeck.Scope.domestic, "312200", ["312200"]), (.domestic, "312-200", ["312200"]),
            (.domestic, "(312) 200", ["312200"]), (.domestic, "1312200", ["312200"]), (.domestic, "1312", ["312"]),
            (.domestic, "3122005", ["3122005"]), (.domestic, "'312", ["312"]), (.international, "+44", ["44"]),
            (.international, "447700; 447701,447703", ["447700", "447701", "447703"]),
            (.international, "447700-447702", ["447700", "447701", "447702"]), (.international, "1416", ["1416"]),
        ])
    func prefixes(scope: RateDeck.Scope, text: String, expected: [String]) throws {
        var found: [Prefix] = []
        try DeckText.prefixes(text.utf8.span, scope: scope, into: &found)
        #expect(found.map(\.text) == expected)
    }

    @Test("city codes stand behind their country's code, and no city code is the whole country")
    func countryCodes() throws {
        var found: [Prefix] = []
        let country = try DeckText.countryCode("+44".utf8.span)
        try DeckText.prefixes("7700-7701, 20".utf8.span, scope: .international, behind: country, into: &found)
        try DeckText.prefixes("".utf8.span, scope: .international, behind: country, into: &found)
        #expect(found.map(\.text) == ["447700", "447701", "4420", "44"])
    }

    @Test("area code, exchange and block stand in three columns")
    func exchanges() throws {
        func prefix(_ npa: String, _ nxx: String, _ block: String) throws -> String {
            try DeckText.prefix(npa: npa.utf8.span, nxx: nxx.utf8.span, block: block.utf8.span).text
        }
        #expect(try prefix("312", "200", "A") == "312200")
        #expect(try prefix("312", "200", "") == "312200")
        #expect(try prefix("312", "200", "7") == "3122007")
        #expect(try prefix("312", "", "") == "312")
        #expect(throws: DeckText.Fault.noDigits) { try prefix("31", "200", "") }
    }

    @Test(
        "what is no prefix says so",
        arguments: [
            ("44x", DeckText.Fault.noDigits), ("", .tooManyDigits), ("1234567890123456", .tooManyDigits),
            ("447702-447700", .badRange), ("44-4477", .badRange), ("1-99999", .badRange), ("4.47E+11", .noDigits),
        ])
    func faultyPrefixes(text: String, fault: DeckText.Fault) {
        var found: [Prefix] = []
        #expect(throws: fault) { try DeckText.prefixes(text.utf8.span, scope: .international, into: &found) }
    }
}
