import TestSupport
import Testing

@testable import Core

@Suite("Compiled decks")
struct CompiledDeckTests {
    /// Rows of three, six and seven digits of a few area codes, over time.
    private func entries(seed: UInt64) -> [RateDeck.Entry] {
        var random = SeededGenerator(seed: seed)
        let exchanges = (0..<12).map { _ in UInt64.random(in: 312_200...312_260, using: &random) }
        return (0..<400).map { _ in
            var digits = exchanges.randomElement(using: &random)! * 10 + .random(in: 0...9, using: &random)
            switch UInt8.random(in: 0...9, using: &random) {
            case 0: digits /= 10_000
            case 1...5: digits /= 10
            default: break
            }
            var row = RateRow()
            row.interstate = Rate(units: .random(in: 0...90_000, using: &random))
            if .random(using: &random) { row.intrastate = Rate(units: .random(in: 0...90_000, using: &random)) }
            if .random(using: &random) { row.terms.initialIncrement = .random(in: 1...3, using: &random) }
            let from = UsageDay(daysSince1970: .random(in: 20_000...20_030, using: &random))
            return RateDeck.Entry(
                scope: .domestic, prefix: Prefix(parsing: String(digits))!, row: row, effective: from,
                end: .random(using: &random) ? from.advanced(days: .random(in: 1...20, using: &random)) : nil)
        }
    }

    @Test("the longest prefix in force counts, of equal ones the latest day, then the later row (R4)", arguments: 1...5)
    func longest(seed: UInt64) throws {
        let entries = entries(seed: seed)
        let deck = RateDeck(name: "d", entries: entries)
        #expect(deck.count == entries.count)
        var random = SeededGenerator(seed: seed + 100)
        for _ in 0..<5_000 {
            let digits = UInt64.random(in: 3_121_990_000...3_122_620_000, using: &random)
            let day = UsageDay(daysSince1970: .random(in: 19_998...20_055, using: &random))
            let matching = entries.enumerated().filter { _, entry in
                String(digits).hasPrefix(entry.prefix.text) && entry.effective <= day
                    && entry.end.map { day < $0 } ?? true
            }
            let expected = matching.max {
                ($0.element.prefix.length, $0.element.effective, $0.offset)
                    < ($1.element.prefix.length, $1.element.effective, $1.offset)
            }
            let found = RowSources(inline: nil, deck: deck.domestic).domestic(digits, on: day)
            #expect(found?.prefix == expected?.element.prefix)
            #expect(found?.row.row == expected?.element.row)
        }
    }

    @Test("a rate beyond 32 bits is kept exactly")
    func wideRate() throws {
        let row = try RateRow(parsing: #"{"interstate": "900000.1234567", "intrastate": "429.4967294"}"#)
        let deck = RateDeck(
            name: "d",
            entries: [
                .init(
                    scope: .domestic, prefix: Prefix(parsing: "312")!, row: row,
                    effective: UsageDay(daysSince1970: 0), end: nil)
            ])
        let found = RowSources(inline: nil, deck: deck.domestic).domestic(3_122_001_000, on: UsageDay(daysSince1970: 9))
        #expect(found?.row.row == row)
    }
}

extension RateRow {
    fileprivate init(parsing text: String) throws {
        self.init(try JSONValue(parsing: text))
    }
}
