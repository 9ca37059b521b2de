import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Loading rate decks", .needsPostgres, .serialized)
struct DeckLoadTests {
    /// A vendor's file in the test's clock: it is 2025-03-12.
    private static let april = """
        NPANXX,INTER_RATE,INTRA_RATE,EFF_DATE
        312200,$0.0030,$0.0040,04/01/2025
        312,$0.0026,$0.0041,04/01/2025
        212,$0.0010,$0.0050,04/01/2025
        """

    private static func format(_ change: (inout DeckFormat) -> Void = { _ in }) -> DeckFormat {
        var format = DeckFormat()
        format.deck = "telnyx"
        change(&format)
        return format
    }

    @Test("a vendor's file follows the deck in force: new rates on their day, old ones until then, the rest withdrawn")
    func replace() async throws {
        try await PollerWorld.with { world in
            let (update, version) = try await world.load(Self.april, Self.format(), .replace)
            #expect(version == 2)
            #expect(update.diff.count(.increased) == 2)
            #expect(update.diff.count(.decreased) == 1)
            let rows = try await world.deckRows("telnyx", "312200")
            #expect(
                rows == [
                    "312200 0.0020000 2024-01-01..2025-04-01 of no line", "312200 0.0030000 2025-04-01..open of line 2",
                ])
            let withdrawn = try await world.deckRows("telnyx", "630")
            #expect(withdrawn == ["630 0.0021000 2024-01-01..2025-04-01 of no line"])
            // International rows are none of a domestic file's business.
            let abroad = try await world.deckRows("telnyx", "44")
            #expect(abroad == ["44 0.0080000 2024-01-01..open of no line"])
        }
    }

    @Test("calls are rated by the deck of their day: today by the old rates, in April by the new ones")
    func effectiveDay() async throws {
        try await PollerWorld.with { world in
            _ = try await world.load(Self.april, Self.format(), .replace)
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            let rated = try await world.columns(of: "SELECT vendor_rate_prefix, vendor_rate FROM billing.rated_cdr")
            #expect(rated == ["vendor_rate_prefix": "312200", "vendor_rate": "0.0020000"])
            let deck = try await world.pool.withTransaction { try DeckStore.inForce("telnyx", in: $0) }
            let sheet = try #require(deck?.sheet)
            let row = try #require(sheet.rows.last { $0.prefix.text == "312200" })
            #expect(row.isInForce(on: try #require(UsageDay(parsing: "2025-04-01"))))
            #expect(row.price(.interstate)?.text == "0.0030000")
            #expect(row.price(.intrastate)?.text == "0.0040000")
        }
    }

    @Test("amend changes only the file's prefixes; what is in force is what was compared")
    func amend() async throws {
        try await PollerWorld.with { world in
            let before = try await world.count(
                "SELECT row_count FROM billing.reference_loads WHERE kind = 'deck' AND name = 'telnyx'")
            let (update, _) = try await world.load(Self.april, Self.format(), .amend)
            #expect(update.sheet.rows.count == before + 3)
            let read = try await world.pool.withTransaction { try DeckStore.inForce("telnyx", in: $0) }
            let again = DeckDiff(from: update.sheet, to: try #require(read?.sheet), today: update.diff.today)
            #expect(again.changes == [])
            #expect(read?.sheet.rows.count == update.sheet.rows.count)
        }
    }

    @Test("one command undoes a load, for calls too, and a second one brings it back")
    func rollBack() async throws {
        try await PollerWorld.with { world in
            let now = "prefix,interstate,effective\n312200,0.0099,2025-01-01\n"
            _ = try await world.load(now, Self.format(), .replace)
            let parts = world.parts()
            func vendorRate(_ key: String) async throws -> String? {
                try await parts.pipeline.reference.refresh()
                try await parts.pipeline.handle(try await world.add(.call, [Sample.call(key)]))
                return try await world.texts(
                    "SELECT vendor_rate::text FROM billing.rated_cdr WHERE sip_uuid = \(key)"
                ).first
            }
            let versions = ReferenceVersions(pool: world.pool)
            let rated = try await vendorRate("u1")
            let third = try await versions.rollBack(deck: "telnyx", by: "ada", at: world.now)
            let undone = try await vendorRate("u2")
            let fourth = try await versions.rollBack(deck: "telnyx", by: "ada", at: world.now)
            let redone = try await vendorRate("u3")
            #expect([rated, undone, redone] == ["0.0099000", "0.0020000", "0.0099000"])
            #expect([third, fourth] == [3, 4])
            let fifth = try await versions.rollBack(deck: "telnyx", to: 1, by: "ada", at: world.now)
            #expect(fifth == 5)
            await #expect(throws: NoEarlierDeck.self) {
                try await versions.rollBack(deck: "telnyx", to: 3, by: "ada", at: world.now)
            }
            await #expect(throws: NoEarlierDeck.self) {
                try await versions.rollBack(deck: "retail-a", by: "ada", at: world.now)
            }
            let audited = try await world.count(
                "SELECT count(*) FROM billing.poller_audit WHERE actor = 'ada' AND action = 'deck.rollback'")
            #expect(audited == 3)
        }
    }

    @Test("a load whose connection is killed half-way leaves the old deck in force, and can be repeated")
    func killed() async throws {
        try await PollerWorld.with { world in
            try await world.admin.execute(
                """
                CREATE FUNCTION billing.kill_load() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.line = 20 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                    RETURN NEW;
                END $$
                """)
            try await world.admin.execute(
                """
                CREATE TRIGGER kill_load BEFORE INSERT ON billing.rate_deck_entries
                FOR EACH ROW EXECUTE FUNCTION billing.kill_load()
                """)
            await #expect(throws: PostgresError.self) {
                _ = try await world.load(Self.april, Self.format(), .amend)
            }
            let left = try await world.count(
                """
                SELECT (SELECT max(version) FROM billing.reference_versions)
                    + (SELECT count(*) FROM billing.rate_deck_entries WHERE source_line IS NULL)
                """)
            #expect(left == 1)
            try await world.admin.execute("DROP TRIGGER kill_load ON billing.rate_deck_entries")
            let (_, version) = try await world.load(Self.april, Self.format(), .amend)
            #expect(version == 2)
        }
    }

    @Test("a deck that was loaded between comparison and load is not replaced unseen")
    func changedMeanwhile() async throws {
        try await PollerWorld.with { world in
            let file = try world.deckFile(Self.april, Self.format())
            let update = try await world.prepare(file, .amend)
            _ = try await world.load(Self.april, Self.format { $0.effective = nil }, .replace)
            await #expect(throws: DeckChanged.self) {
                try await world.loader.load([update], from: file, note: "late")
            }
        }
    }

    @Test("traffic of the last days weighs a vendor's and a customer's deck")
    func traffic() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1"), Sample.call("u2")]))
            let billed = try await world.count("SELECT sum(vendor_billed_seconds)::bigint FROM billing.rated_cdr")
            let file = try world.deckFile(Self.april, Self.format())
            let update = try await world.prepare(file, .replace, trafficDays: 30)
            let effect = try #require(update.effect)
            #expect(effect.byChange.values.map(\.seconds) == [Int64(billed)])
            // 0.0010 a minute more.
            let more = Money(rounding: Int128(billed) * 10_000, dividedBy: 60, to: .charge)
            #expect(effect.byChange.values.map(\.effect) == [more])
            let before = try await world.prepare(file, .replace, trafficDays: 0)
            #expect(before.effect?.byChange.isEmpty == true)
        }
    }

    @Test("the linter holds a deck by which we sell against all vendors' decks, and a vendor's against none")
    func lint() async throws {
        try await PollerWorld.with { world in
            let findings = try await world.pool.withTransaction { transaction in
                let today = PollerWorld.start.usageDay
                return try ["retail-a", "telnyx"].map { name in
                    let deck = try #require(try DeckStore.inForce(name, in: transaction))
                    return try DeckUpdate.lint(deck.sheet, today: today, in: transaction)
                }
            }
            let rules = findings.map { Set($0.map(\.rule)) }
            #expect(rules[0].contains(.belowCost) || rules[0].contains(.belowSomeCost))
            #expect(rules[0].contains(.missingAreaCode))
            #expect(rules[1].isDisjoint(with: [.belowCost, .belowSomeCost]))
        }
    }

    @Test("reports: a table with the greatest changes, all of them as CSV and as JSON")
    func reports() async throws {
        try await PollerWorld.with { world in
            let update = try await world.prepare(try world.deckFile(Self.april, Self.format()), .amend)
            let report = DeckReport(diff: update.diff, effect: nil)
            let text = report.text(limit: 1)
            #expect(text.contains("new 0, up 2, down 1, changed 0, removed 0"))
            #expect(text.contains("down terms  212     2025-04-01         interstate  0.0030000  0.0010000  -66.67"))
            let csv = report.csv().split(separator: "\n")
            #expect(csv.count == 4)
            #expect(
                csv[1].hasPrefix(
                    "telnyx,down,true,domestic,212,2025-04-01,,4,0.0030000,0.0010000,-66.67,0.0050000,0.0050000,0.00"))
            let json = try JSONValue(parsing: report.json(limit: 0))
            #expect(json["changes"]?.elements?.count == 3)
            #expect(json["up"]?.integer == 2)
            #expect(json["changes"]?.elements?[0]["prices"]?["interstate"]?["new"]?.string == "0.0010000")
        }
    }

    @Test("a mapping file says how a vendor writes its decks; what is wrong with it is all told")
    func mapping() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "mapping-\(UUID().uuidString).yaml").path
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) } }
        try Data(
            """
            separator: ";"
            dates: dmy
            mode: amend
            ignore: [Surcharge]
            columns:
              prefix: Vorwahl
              rate: Preis
              effective_date: Ab
            """.utf8
        ).write(to: URL(filePath: path))
        let mapping = try await DeckMapping(path: path)
        #expect(mapping.separator == ";")
        #expect(mapping.succession == .amend)
        #expect(mapping.format.dateOrder == .dayFirst)
        #expect(mapping.format.titles == [.prefix: "Vorwahl", .rate: "Preis", .effectiveDate: "Ab"])
        #expect(mapping.format.ignored == ["Surcharge"])

        try Data("columns:\n  interstat: X\nscope: lunar\ndates: ymd\n".utf8).write(to: URL(filePath: path))
        let faults = await #expect(throws: DeckMapping.Faults.self) { try await DeckMapping(path: path) }
        #expect(
            faults?.problems.map { $0.prefix(30) } == [
                "the key columns.interstat is n", "scope 'lunar' is not domestic ", "dates 'ymd' is not mdy or dmy",
            ])
    }
}

extension PollerWorld {
    /// A file of this content, read.
    fileprivate func deckFile(_ content: String, _ format: DeckFormat) throws -> DeckFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "deck-\(UUID().uuidString)").path
        try Data(content.utf8).write(to: URL(filePath: path))
        let file = try DeckFile(path: path, format: format)
        try FileManager.default.removeItem(atPath: path)
        #expect(file.faults?.faults ?? [] == [])
        return file
    }

    fileprivate func prepare(
        _ file: DeckFile, _ mode: DeckSuccession, trafficDays: Int? = nil
    ) async throws -> DeckUpdate {
        let today = now.usageDay
        let sheet = try #require(file.imported.sheets.first)
        return try await pool.withTransaction { transaction in
            try DeckUpdate.prepare(sheet, as: mode, today: today, trafficDays: trafficDays, in: transaction)
        }
    }

    /// Compares and loads; what was compared, and the new version.
    fileprivate func load(
        _ content: String, _ format: DeckFormat, _ mode: DeckSuccession
    ) async throws -> (DeckUpdate, Int64) {
        let file = try deckFile(content, format)
        let update = try await prepare(file, mode)
        return (update, try await loader.load([update], from: file, note: "test").version)
    }

    /// Rows of a prefix of the deck in force.
    fileprivate func deckRows(_ deck: String, _ prefix: String) async throws -> [String] {
        try await texts(
            """
            SELECT prefix || ' ' || coalesce(interstate, rate) || ' ' || effective_date || '..'
                || coalesce(end_date::text, 'open') || ' of ' || coalesce('line ' || source_line, 'no line')
            FROM billing.rate_deck_entries JOIN billing.reference_activations AS active USING (load_id)
            WHERE active.kind = 'deck' AND active.name = \(deck) AND active.until_version IS NULL AND prefix = \(prefix)
            ORDER BY line
            """)
    }
}
