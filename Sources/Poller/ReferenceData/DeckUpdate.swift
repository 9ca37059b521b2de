import Core
import Drivers
import Reference

/// A file's deck and the one in force, side by side: what a load would do, before it does it.
struct DeckUpdate: Sendable {
    /// The deck that would be in force.
    let sheet: RateSheet
    /// The deck that is; nil where there is none of the name.
    let current: DeckInForce?
    let diff: DeckDiff
    /// What the changes weigh; nil where no traffic was asked for.
    var effect: DeckEffect?

    /// For how many days rows that ended stay in a deck, for calls that are rated late.
    static let keptDays = 45

    /// Puts a file's rows behind those in force, and compares.
    static func prepare(
        _ file: RateSheet, as succession: DeckSuccession, today: UsageDay, keepDays: Int = keptDays,
        trafficDays: Int? = nil, in transaction: PostgresTransaction
    ) throws -> DeckUpdate {
        let known = try DeckStore.inForce(file.name, in: transaction)
        let sheet = file.succeeding(known?.sheet, as: succession, oldest: today.advanced(days: -keepDays))
        var update = DeckUpdate(
            sheet: sheet, current: known?.deck, diff: DeckDiff(from: known?.sheet, to: sheet, today: today))
        if let trafficDays {
            update.effect = try effect(of: update.diff, days: trafficDays, in: transaction)
        }
        return update
    }

    /// What a comparison means for the traffic of the last days.
    static func effect(of diff: DeckDiff, days: Int, in transaction: PostgresTransaction) throws -> DeckEffect {
        let longest = (diff.old.rows + diff.new.rows).map(\.prefix.length).max() ?? 1
        let traffic = try DeckStore.traffic(
            priced: diff.new.name, after: diff.today.advanced(days: -days), through: diff.today, digits: longest,
            in: transaction)
        return diff.effect(on: traffic)
    }

    /// What the linter says of a deck, with the numbering data and, for a deck by which we sell, the vendors' decks.
    static func lint(
        _ sheet: RateSheet, today: UsageDay, day: UsageDay? = nil, against vendors: [String]? = nil,
        in transaction: PostgresTransaction
    ) throws -> [DeckFinding] {
        var lint = DeckLint(sheet, today: today, day: day)
        let numbers = try SnapshotLoader.numbers(in: transaction)
        if numbers.plan.hasAreaCodes { lint.numbers = numbers }
        let vendorDecks = try DeckStore.vendorDecks(in: transaction)
        for vendor in vendors ?? (vendorDecks.contains(sheet.name) ? [] : vendorDecks) {
            if let deck = try DeckStore.inForce(vendor, in: transaction) { lint.vendors.append(deck.sheet) }
        }
        return lint.findings()
    }
}

/// The deck was loaded again between the comparison and the load: what was shown is not what would happen.
struct DeckChanged: Error, CustomStringConvertible {
    let name: String

    var description: String { "the deck \(name) was changed meanwhile; nothing was loaded, try again" }
}
