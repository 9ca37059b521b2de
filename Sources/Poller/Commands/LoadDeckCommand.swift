import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// `poller load-deck`: a vendor's or our own deck from CSV, compared with what is in force, and activated.
struct LoadDeck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-deck",
        abstract:
            "Loads rate decks of customers or vendors: checked, compared with what is in force, activated at once.",
        discussion: """
            Every bad line is told, and nothing is loaded while there is one. Rows take effect on their days; \
            `poller deck rollback` undoes a load.

            Examples:
              poller load-deck decks.csv
              poller load-deck december.csv --deck telnyx --dry-run --diff changes.csv --lint
              poller load-deck us.csv --deck telnyx --map interstate=INTER_RATE --map intrastate=INTRA_RATE
              poller load-deck az.csv --deck telnyx --mapping telnyx-az.yaml --mode amend
            """)

    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var columns: DeckFileOptions
    @OptionGroup var options: LoadOptions
    @ArgumentParser.Flag(help: "Compare and check against what is in force; write nothing.") var dryRun = false
    @ArgumentParser.Flag(help: "Load the good lines of a file that has bad ones.") var skipBadLines = false
    @Option(help: "Write all changes to a CSV file.") var diff: String?
    @Option(help: "Weigh the changes with the traffic of so many days.") var traffic: Int?
    @ArgumentParser.Flag(help: "Look the deck over: overlaps, gaps, rows no number reaches, prices below cost.")
    var lint = false
    @ArgumentParser.Flag(help: "With --lint: load nothing when it finds errors.") var strict = false

    func run() async throws {
        let (file, mode) = try await columns.read(file, skippingBadLines: skipBadLines)
        guard !options.checkOnly else { return print("ok") }
        try await PollerCommand.daemon.once(options.daemon) { context in
            let now = Instant(milliseconds: context.clock.now())
            let work = try await prepare(file, mode, now.usageDay, context.pool)
            try show(work)
            let errors = work.flatMap(\.findings).count { $0.rule.severity == .error }
            guard !dryRun else { return DeckFileOptions.say("nothing was loaded: a dry run") }
            guard !strict || errors == 0 else {
                DeckFileOptions.say("the linter found \(errors) errors; nothing was loaded")
                throw ExitCode(65)
            }
            var loader = ReferenceLoader(pool: context.pool, actor: options.by ?? NSUserName(), now: now)
            loader.progress = { Load.show($0, $1, $2) }
            do {
                let loaded = try await loader.load(work.map(\.update), from: file, note: options.note ?? self.file)
                Load(options: options).tell(loaded)
            } catch let error as DeckChanged {
                DeckFileOptions.say("\(error)")
                throw ExitCode(75)
            }
        }
    }

    /// A deck of the file, and what there is to say of it.
    private struct Work: Sendable {
        let update: DeckUpdate
        let findings: [DeckFinding]
    }

    private func prepare(
        _ file: DeckFile, _ mode: DeckSuccession, _ today: UsageDay, _ pool: PostgresPool
    ) async throws -> [Work] {
        let (trafficDays, keepDays, lint) = (traffic, columns.keepDays, lint || strict)
        return try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            try file.imported.sheets.map { sheet in
                let update = try DeckUpdate.prepare(
                    sheet, as: mode, today: today, keepDays: keepDays, trafficDays: trafficDays, in: transaction)
                let findings = lint ? try DeckUpdate.lint(update.sheet, today: today, in: transaction) : []
                return Work(update: update, findings: findings)
            }
        }
    }

    private func show(_ work: [Work]) throws {
        for item in work {
            let report = DeckReport(diff: item.update.diff, effect: item.update.effect)
            if options.json {
                print(report.json(limit: 20, findings: item.findings))
            } else {
                print(report.text(limit: dryRun ? 20 : 0))
                if lint || strict { print(DeckFindings.text(item.findings, limit: 10)) }
            }
        }
        if let diff {
            let lines = work.enumerated().map {
                DeckReport(diff: $1.update.diff, effect: $1.update.effect).csv($0 == 0)
            }
            try Data(lines.joined().utf8).write(to: URL(filePath: diff))
        }
    }
}
