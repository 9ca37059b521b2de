import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// `poller deck`: looks at decks, in force or in a file, and undoes a load.
struct DeckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deck", abstract: "Lists, shows, compares and checks rate decks, and undoes a load.",
        discussion: """
            Examples:
              poller deck list
              poller deck show telnyx --prefix 312 --on 2026-12-01
              poller deck diff december.csv --deck telnyx --traffic 30
              poller deck diff --deck telnyx --from 41
              poller deck lint --deck retail-a
              poller deck rollback telnyx
            """,
        subcommands: [List.self, Show.self, Diff.self, Lint.self, RollBack.self], defaultSubcommand: List.self)

    /// How a command prints.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case table, csv, json
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the decks in force.")
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let decks = try await PollerCommand.daemon.once(options) { context in
                try await context.pool.withTransaction(readOnly: true) { try DeckStore.list(in: $0) }
            }
            var table = TextTable(["deck", "rows", "version", "loaded", "by"], right: [1, 2])
            for deck in decks {
                table.add([deck.name, "\(deck.rows)", "\(deck.version)", deck.loadedAt.text, deck.loadedBy])
            }
            print(decks.isEmpty ? "no deck is in force" : table.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the rows of a deck in force.")
        @Argument(help: "The deck's name.") var deck: String
        @OptionGroup var options: DaemonOptions
        @Option(help: "Only rows in force on this day, such as 2026-12-01.") var on: String?
        @Option(help: "Only rows whose prefix begins so.") var prefix: String?
        @Option(help: "The deck as it was in this reference version.") var version: Int64?
        @Option(help: "At most so many rows (0 is all).") var limit = 100

        func validate() throws {
            if let on, UsageDay(parsing: on) == nil { throw ValidationError("--on is a day such as 2026-12-01") }
        }

        func run() async throws {
            let sheet = try await PollerCommand.daemon.once(options) { context in
                try await DeckCommand.sheet(deck, at: version, context.pool)
            }
            let day = on.flatMap { UsageDay(parsing: $0) }
            let rows = sheet.rows.filter { row in
                (day.map(row.isInForce) ?? true) && (prefix.map { row.prefix.text.hasPrefix($0) } ?? true)
            }
            print(DeckCommand.csv(limit > 0 ? rows.prefix(limit) : rows[...], of: sheet), terminator: "")
            if limit > 0, rows.count > limit {
                DeckFileOptions.say("… and \(rows.count - limit) more (--limit 0 for all)")
            }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares a file with the deck in force, or two versions of a deck.",
            discussion: "Nothing is written. Only days from today on are compared, or from --today on.")
        @Argument(help: "The CSV file; without it, the deck in force is compared with an earlier version.")
        var file: String?
        @OptionGroup var columns: DeckFileOptions
        @OptionGroup var options: DaemonOptions
        @Option(help: "The reference version to compare from (without a file).") var from: Int64?
        @Option(help: "The reference version to compare to (without a file; default: the newest).") var to: Int64?
        @Option(help: "The first day to compare.") var today: String?
        @Option(help: "Weigh the changes with the traffic of so many days.") var traffic: Int?
        @Option(help: "table (the greatest changes), csv or json.") var format = Form.table
        @Option(help: "The changes in a table or in JSON (0 in JSON is all).") var limit = 20

        func validate() throws {
            if let today, UsageDay(parsing: today) == nil {
                throw ValidationError("--today is a day such as 2026-12-01")
            }
            if file == nil, columns.deck == nil || from == nil {
                throw ValidationError("a file, or --deck and --from VERSION")
            }
        }

        func run() async throws {
            let read =
                if let file { try await columns.read(file) } else { nil as (file: DeckFile, mode: DeckSuccession)? }
            let reports = try await PollerCommand.daemon.once(options) { context in
                let day = today.flatMap { UsageDay(parsing: $0) } ?? Instant(milliseconds: context.clock.now()).usageDay
                let (days, name, from, to, keepDays) = (traffic, columns.deck ?? "", from, to, columns.keepDays)
                return try await context.pool.withTransaction(isolation: .repeatableRead, readOnly: true) {
                    transaction in
                    if let read {
                        return try read.file.imported.sheets.map { sheet in
                            let update = try DeckUpdate.prepare(
                                sheet, as: read.mode, today: day, keepDays: keepDays, trafficDays: days,
                                in: transaction)
                            return (update.diff, update.effect)
                        }
                    }
                    let old = try DeckCommand.found(name, at: from, in: transaction)
                    let diff = DeckDiff(
                        from: old, to: try DeckCommand.found(name, at: to, in: transaction), today: day)
                    return [(diff, try days.map { try DeckUpdate.effect(of: diff, days: $0, in: transaction) })]
                }
            }
            for (index, (diff, effect)) in reports.enumerated() {
                let report = DeckReport(diff: diff, effect: effect)
                switch format {
                case .table: print(report.text(limit: limit))
                case .csv: print(report.csv(index == 0), terminator: "")
                case .json: print(report.json(limit: limit))
                }
            }
        }
    }

    struct Lint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Looks a deck over: overlaps, gaps, rows no number reaches, prices below cost.",
            discussion: """
                A deck by which no vendor bills us is held against the decks of all vendors, or those of --against. \
                Exit code 1 when there are errors.
                """)
        @Argument(help: "The CSV file; without it, the deck in force.") var file: String?
        @OptionGroup var columns: DeckFileOptions
        @OptionGroup var options: DaemonOptions
        @Option(help: "The day for coverage and costs (default: when the last row takes effect).") var on: String?
        @Option(help: "Vendors' decks to compare prices with, separated by commas.") var against: String?
        @Option(help: "table, csv or json.") var format = Form.table
        @Option(help: "The findings of a rule in a table.") var limit = 20

        func validate() throws {
            if let on, UsageDay(parsing: on) == nil { throw ValidationError("--on is a day such as 2026-12-01") }
            if file == nil, columns.deck == nil { throw ValidationError("a file, or --deck") }
        }

        func run() async throws {
            let read =
                if let file { try await columns.read(file) } else { nil as (file: DeckFile, mode: DeckSuccession)? }
            let (name, day) = (columns.deck ?? "", on.flatMap { UsageDay(parsing: $0) })
            let vendors = against?.split(separator: ",").map(String.init)
            let findings = try await PollerCommand.daemon.once(options) { context in
                let today = Instant(milliseconds: context.clock.now()).usageDay
                return try await context.pool.withTransaction(isolation: .repeatableRead, readOnly: true) {
                    transaction in
                    let sheets =
                        try read?.file.imported.sheets ?? [DeckCommand.found(name, at: nil, in: transaction)]
                    return try sheets.flatMap {
                        try DeckUpdate.lint($0, today: today, day: day, against: vendors, in: transaction)
                    }
                }
            }
            switch format {
            case .table: print(DeckFindings.text(findings, limit: limit))
            case .csv: print(DeckFindings.csv(findings), terminator: "")
            case .json: print(DeckFindings.json(findings))
            }
            if findings.contains(where: { $0.rule.severity == .error }) { throw ExitCode(1) }
        }
    }

    struct RollBack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollback",
            abstract: "Puts a deck in force as it was before its last load, or in an earlier version.",
            discussion:
                "History is never rewritten: the earlier rows come back as a new version. Doing it twice undoes it.")
        @Argument(help: "The deck's name.") var deck: String
        @OptionGroup var options: DaemonOptions
        @Option(help: "The reference version to take it from (default: before its last load).") var to: Int64?
        @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?

        func run() async throws {
            do {
                let version = try await PollerCommand.daemon.once(options) { context in
                    try await ReferenceVersions(pool: context.pool).rollBack(
                        deck: deck, to: to, by: by ?? NSUserName(), at: Instant(milliseconds: context.clock.now()))
                }
                print("version \(version) is in force")
            } catch let error as NoEarlierDeck {
                DeckFileOptions.say("\(error)")
                throw ExitCode(65)
            }
        }
    }
}

extension DeckCommand {
    /// There is no such deck.
    struct Missing: Error, CustomStringConvertible {
        let name: String
        let version: Int64?

        var description: String { "no deck \(name) is in force" + (version.map { " in version \($0)" } ?? "") }
    }

    fileprivate static func found(
        _ name: String, at version: Int64?, in transaction: PostgresTransaction
    ) throws -> RateSheet {
        guard let found = try DeckStore.inForce(name, at: version, in: transaction) else {
            throw Missing(name: name, version: version)
        }
        return found.sheet
    }

    fileprivate static func sheet(_ name: String, at version: Int64?, _ pool: PostgresPool) async throws -> RateSheet {
        try await pool.withTransaction(readOnly: true) { try found(name, at: version, in: $0) }
    }

    /// Rows in the form of `decks.csv`, so that they can be loaded again.
    static func csv(_ rows: ArraySlice<RateSheet.Row>, of sheet: RateSheet) -> String {
        let header = """
            deck,scope,prefix,interstate,intrastate,local,indeterminate,rate,initial_increment,subsequent_increment,\
            minimum_seconds,grace_seconds,connect_fee,minimum_charge,maximum_charge,effective_date,end_date

            """
        return rows.reduce(into: header) { text, row in
            let (rates, terms) = (row.rates, sheet.terms(of: row))
            var cells = [CSVText.field(sheet.name), row.scope.rawValue, row.prefix.text]
            cells += [rates.interstate, rates.intrastate, rates.local, rates.indeterminate, rates.rate].map {
                $0?.text ?? ""
            }
            cells += [
                terms.initialIncrement, terms.subsequentIncrement, terms.minimumSeconds, terms.graceSeconds,
            ].map { $0.map { "\($0)" } ?? "" }
            cells += [terms.connectFee?.text(.full) ?? "", terms.minimumCharge?.text(.full) ?? ""]
            if case .amount(let amount) = terms.maximumCharge {
                cells.append(amount.text(.full))
            } else {
                cells.append("")
            }
            cells += [row.effective.text, row.end?.text ?? ""]
            text += cells.joined(separator: ",") + "\n"
        }
    }
}
