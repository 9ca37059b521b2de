import Core
import Foundation
import TestSupport
import Testing

@testable import Reference

@Suite("Reading a rate deck")
struct DeckImportTests {
    private func format(_ change: (inout DeckFormat) -> Void = { _ in }) -> DeckFormat {
        var format = DeckFormat()
        format.deck = "telnyx"
        change(&format)
        return format
    }

    private func read(_ text: String, _ format: DeckFormat) -> DeckImport {
        DeckImport(CSVReader(bytes: Array(text.utf8)), format)
    }

    /// `312200 0.0100000/0.0200000 2026-12-01 line 2`
    private func rows(_ imported: DeckImport) -> [String] {
        imported.sheets.flatMap { sheet in
            sheet.rows.map { row in
                let rates = row.scope == .domestic ? [row.rates.interstate, row.rates.intrastate] : [row.rates.rate]
                return
                    "\(row.prefix.text) \(rates.compactMap { $0?.text }.joined(separator: "/")) \(row.effective.text) "
                    + "line \(row.line)"
            }
        }
    }

    @Test("a US deck as vendors send it: marks, dollar signs, quoted fields, US dates, blank lines below")
    func domestic() {
        let imported = read(
            """
            "NPA-NXX","LATA","INTER RATE","INTRA RATE","Effective Date"\r
            "312-200",358,$0.0100,$.0200,12/01/2026\r
            "212-600",132,"0.0300","8.5E-03",12/01/2026\r
            ,,,,\r

            """, format())
        #expect(imported.faults == [])
        #expect(
            rows(imported) == [
                "212600 0.0300000/0.0085000 2026-12-01 line 3", "312200 0.0100000/0.0200000 2026-12-01 line 2",
            ])
        #expect(imported.passedOver == ["LATA"])
        #expect(imported.lines == 2)
    }

    @Test("an A–Z deck: lists of codes, increments in one column, the country's code in another")
    func international() {
        let imported = DeckImport(
            CSVReader(
                bytes: Array(
                    """
                    Destination;Country Code;Area Code;Price;Billing Increment;Valid From
                    UK;44;;0.0100;1/1;2026-12-01
                    UK mobile;44;"7700-7701;7900";0.0200;60/60;2026-12-01
                    """.utf8), separator: ";"), format())
        #expect(imported.faults == [])
        #expect(
            rows(imported) == [
                "44 0.0100000 2026-12-01 line 2", "447700 0.0200000 2026-12-01 line 3",
                "447701 0.0200000 2026-12-01 line 3", "447900 0.0200000 2026-12-01 line 3",
            ])
        #expect(imported.sheets[0].terms(of: imported.sheets[0].rows[3]).initialIncrement == 60)
    }

    @Test("a title that nobody could know is mapped, lines before the header are passed over")
    func mapped() {
        let imported = read(
            "Telnyx LLC\nRates as of December\nArea,Out of state,eff\n312,0.0100,2026-12-01\n",
            format {
                $0.titles = [.npa: "Area", .interstate: "Out of state", .effectiveDate: "eff"]
                $0.skipLines = 2
            })
        #expect(imported.faults == [])
        #expect(rows(imported) == ["312 0.0100000 2026-12-01 line 4"])
    }

    @Test("every bad line is told with its line and the title of its column, and the others are read")
    func faults() {
        let imported = read(
            """
            NPANXX,INTER,INTRA,Effective,Expires
            31220,0.01,,2026-12-01,
            312200,,0.01,2026-12-01,
            312201,0.00000001,-1,2026-13-01,
            312202,0.01,0.01,2026-12-01
            312203,0.01,,2026-12-01,2026-12-01
            312204,"0.01" ,,2026-12-01,
            312205,0.01,,2026-12-01,
            312205,0.02,,12/1/2026,
            312206,0.01,0.02,,
            412206,0.01,0.02,2026-12-01,2027-12-01
            """, format())
        #expect(
            imported.faults.map { "\($0.line): \($0.problem)" } == [
                "2: NPANXX of a domestic row has 3, 6 or 7 digits and begins with 2 to 9",
                "3: INTER or indeterminate is required in a domestic row",
                "4: INTER '0.00000001' has more than seven decimals", "4: INTRA '-1' is negative",
                "4: Effective '2026-13-01' is no day such as 2026-11-22 or 11/22/2026",
                "5: has 4 fields where the header has 5", "6: Expires is not after Effective",
                "7: text stands behind a closing quote",
                "9: prefix 312205 from 2026-12-01 stands in line 8 already", "10: Effective is required",
            ])
        #expect(
            rows(imported) == ["312205 0.0100000 2026-12-01 line 8", "412206 0.0100000/0.0200000 2026-12-01 line 11"])
        #expect(imported.badLines == 8)
    }

    @Test("beyond a thousand faults they are counted")
    func manyFaults() {
        let lines = (0..<1_500).map { _ in "312200,free,2026-12-01" }.joined(separator: "\n")
        let imported = read("prefix,interstate,effective\n" + lines, format())
        #expect(imported.faults.count == 1_000)
        #expect(imported.omitted == 500)
        #expect(imported.badLines == 1_500)
    }

    @Test(
        "a file without a header that says what it is has no rows", arguments: ["", "\n\n", "312200,0.01,2026-12-01"])
    func noHeader(text: String) {
        let imported = read(text, format())
        #expect(imported.faults.isEmpty == false)
        #expect(imported.sheets.allSatisfy { $0.rows.isEmpty })
    }

    @Test("rows of several decks, as our own files have them")
    func severalDecks() {
        let imported = read(
            """
            deck,scope,prefix,interstate,rate,effective_date
            a,domestic,312,0.01,,2026-12-01
            b,international,44,,0.02,2026-12-01
            a,domestic,212,0.03,,2026-12-01
            """, DeckFormat())
        #expect(imported.faults == [])
        #expect(imported.sheets.map(\.name) == ["a", "b"])
        #expect(imported.sheets.map(\.rows.count) == [2, 1])
    }

    @Test("bytes → rows → comparison → a deck that rates, without a database")
    func pure() throws {
        let old = read("prefix,interstate,effective\n312,0.0100,2026-01-01\n", format()).sheets[0]
        let new = read("prefix,interstate,effective\n312,0.0120,2026-12-01\n", format()).sheets[0]
        let next = new.succeeding(old, as: .replace)
        let diff = DeckDiff(from: old, to: next, today: try #require(UsageDay(parsing: "2026-11-22")))
        #expect(diff.changes.map(\.kind) == [.increased])
        #expect(next.deck.count == 2)
    }

    @Test("any bytes are read to the end: rows or faults, each with a line of the file", arguments: 0..<40)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let header = "prefix,interstate,intrastate,increments,effective,end_date"
        let line = "312200,$0.0100,.02,6/6,12/01/2026,"
        var bytes = Array(([header] + Array(repeating: line, count: 30)).joined(separator: "\n").utf8)
        let lineFeeds = { (bytes: [UInt8]) in bytes.count { $0 == UInt8(ascii: "\n") } }
        for _ in 0..<Int.random(in: 1...60, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(Array("\"\",;\n\r-e+.$".utf8).randomElement(using: &random) ?? 0, at: place)
            case 2: bytes.remove(at: place)
            default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...3, using: &random)))
            }
        }
        let imported = DeckImport(CSVReader(bytes: bytes), format())
        let last = lineFeeds(bytes) + 1
        #expect(imported.faults.allSatisfy { (1...last).contains($0.line) }, "seed \(seed)")
        let rowLines = imported.sheets.flatMap { $0.rows.map(\.line) }
        #expect(rowLines.allSatisfy { (2...Int32(last)).contains($0) }, "seed \(seed)")
        #expect(imported.isReadable || !imported.faults.isEmpty, "seed \(seed)")
        #expect(Set(rowLines.map(Int.init)).isDisjoint(with: imported.faults.map(\.line)), "seed \(seed)")
    }

    @Test("noise that is no CSV at all is told, not a crash", arguments: 0..<20)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 1_000)
        let count = Int.random(in: 0...2_000, using: &random)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let imported = DeckImport(CSVReader(bytes: bytes), format())
        #expect(imported.faults.isEmpty == false, "seed \(seed)")
    }
}
