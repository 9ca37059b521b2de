import Core
import Drivers
import Foundation
import Reference

/// A file of the data does not hold what it should.
struct UnusableData: Error, CustomStringConvertible {
    let description: String
}

/// A deck of 250,000 rows comes while calls are rated: how long it takes, and whether rating feels it.
struct DeckBench {
    /// What deploy/bench/gen_rate.py wrote.
    let directory: String

    /// The deck that is followed by `next_deck.csv`.
    private static let name = "telnyx"
    /// Times that the deck is loaded; the middle time counts.
    private static let loads = 5
    /// How long the pace without a load is measured.
    private static let quietSeconds = 5.0

    func run(_ calls: [RawCDR], by tables: RatingTables) async throws {
        let sheets = DeckImport(CSVReader(try MappedFile(path: directory + "/decks.csv")), DeckFormat()).sheets
        guard let inForce = sheets.first(where: { $0.name == DeckBench.name }) else {
            throw UnusableData(description: "decks.csv has no deck \(DeckBench.name)")
        }
        let live = LiveTables(tables)
        let (quiet, _) = try await Rater.pace(calls, by: live) {
            Thread.sleep(forTimeInterval: DeckBench.quietSeconds)
        }
        let (busy, times) = try await Rater.pace(calls, by: live) {
            try (0..<DeckBench.loads).map { try load(after: inForce, into: live, version: "deck-\($0)") }
        }
        let found = times.sorted { $0.seconds < $1.seconds }[times.count / 2]
        try BenchRow(
            "rate.deck_load_s", found.seconds, "s",
            note: """
                \(found.result.new.rows.count) rows of CSV to live: read, checked, compared (\(found.result.changes.count) \
                changes), compiled, swapped; one core, the other one rates
                """
        ).print()
        try BenchRow(
            "rate.deck_pause_ms", busy.longest * 1_000, "ms",
            peer: ("the same without a load", quiet.longest * 1_000),
            note: """
                longest between two records of \(busy.records); their pace is \
                \((busy.perSecond / quiet.perSecond).formatted(.percent.precision(.fractionLength(1)))) of that without a load
                """
        ).print()
    }

    private func load(after inForce: RateSheet, into live: LiveTables, version: String) throws
        -> (seconds: Double, result: DeckDiff)
    {
        try seconds {
            let imported = DeckImport(CSVReader(try MappedFile(path: directory + "/next_deck.csv")), DeckFormat())
            guard let sheet = imported.sheets.first, imported.faults.isEmpty else {
                throw UnusableData(description: "next_deck.csv has faults")
            }
            let diff = DeckDiff(from: inForce, to: sheet, today: UsageDay(daysSince1970: 20_000))
            live.swap(live.tables.replacing(sheet.deck, version: version))
            return diff
        }
    }
}
