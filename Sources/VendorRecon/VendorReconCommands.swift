import ArgumentParser
import Core
import DaemonKit
import Foundation

/// `vendor-recon vendors load|list`.
struct VendorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vendors", abstract: "Loads and lists vendors and their terms.",
        subcommands: [Load.self, List.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes or changes vendors from a JSON file; a file with a fault changes nothing.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "vendors.json: an object of vendors by name.") var file: String

        func run() async throws {
            let vendors = try VendorsFile(path: file)
            try await VendorReconCommand.daemon.once(options) { context in
                try await Recon(context).vendors.load(vendors.entries, at: Instant(milliseconds: context.clock.now()))
            }
            print("\(vendors.entries.count) vendors loaded")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists vendors and how they are paid.")
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let rows = try await VendorReconCommand.daemon.once(options) { try await Recon($0).vendors.all() }
            print(
                TextTable(
                    ["vendor", "deck", "paid", "NET", "by", "format"], right: [3],
                    rows: rows.map {
                        [$0.name, $0.deck ?? "-", $0.cycle, String($0.netDays), $0.method, $0.format ?? $0.name]
                    }
                ).text)
        }
    }
}

/// `vendor-recon import FILE --vendor NAME`.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Imports a vendor's statement, once; lines that cannot be read are reported.")
    @OptionGroup var options: DaemonOptions
    @Argument(help: "The vendor's file.") var file: String
    @Option(help: "Whose it is.") var vendor: String
    @Option(help: "The statement format; default: the vendor's own.") var format: String?
    @Option(help: "The date of the vendor's invoice over it, YYYY-MM-DD.", transform: day(parsing:))
    var invoiceDate: UsageDay?

    func run() async throws {
        let outcome = try await VendorReconCommand.daemon.once(options) { context in
            try await Recon(context).importer.run(
                file: file, vendor: vendor, format: format, invoiceDate: invoiceDate)
        }
        switch outcome {
        case .knownAlready(let name):
            print("nothing changed: this file was imported already, as \(name)")
        case .imported(let lines, let faults, let days):
            print("\(lines) lines of \(days.map(\.text).joined(separator: ", ")) imported, \(faults.count) put aside")
            for fault in faults.prefix(20) { print("  line \(fault.number): \(fault.reason)") }
            if faults.count > 20 { print("  … and \(faults.count - 20) more in vendor_statement_faults") }
        }
    }
}

/// `vendor-recon reconcile --vendor NAME --day DAY`.
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Matches a vendor's day with its statement and opens a dispute.")
    @OptionGroup var options: DaemonOptions
    @Option(help: "The vendor.") var vendor: String
    @Option(help: "The UTC day, YYYY-MM-DD.", transform: day(parsing:)) var day: UsageDay
    @Option(help: "The day on which a dispute would be opened; default: today.", transform: day(parsing:))
    var disputeDate: UsageDay?
    @ArgumentParser.Flag(help: "Print the day's totals as JSON.") var json = false

    func run() async throws {
        let result = try await VendorReconCommand.daemon.once(options) { context in
            let date = disputeDate ?? Instant(milliseconds: context.clock.now()).usageDay
            return try await Recon(context).reconciliation.run(vendor: vendor, day: day, disputeDate: date)
        }
        guard !json else { return print(result.totalsJSON) }
        let rows = MatchStatus.allCases.filter { result.count(of: $0) > 0 }.map { status in
            let matches = result.matching.matches.filter { $0.status == status }
            return [status.rawValue, String(matches.count), matches.map(\.costDelta).total().text(.charge)]
        }
        print(TextTable(["status", "records", "difference"], right: [1, 2], rows: rows).text)
        print("disputable: \(result.matching.disputable.text(.charge)) USD")
    }
}

/// `vendor-recon disputes`.
struct DisputesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disputes", abstract: "Lists disputes, the newest day first.")
    @OptionGroup var options: DaemonOptions
    @Option(help: "How many at the most.") var limit = 100

    func run() async throws {
        let rows = try await VendorReconCommand.daemon.once(options) { try await Recon($0).disputes.all(limit: limit) }
        print(
            TextTable(
                ["vendor", "day", "state", "USD", "records", "window until", "id"], right: [3, 4],
                rows: rows.map {
                    [
                        $0.vendor, $0.day.text, $0.state, $0.amount.text(.charge), String($0.records),
                        $0.windowUntil.text,
                        $0.id.text,
                    ]
                }
            ).text)
    }
}

/// `vendor-recon scorecards --day DAY`.
struct ScorecardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scorecards", abstract: "Grades vendors by the attempts of a UTC day.")
    @OptionGroup var options: DaemonOptions
    @Option(help: "The UTC day, YYYY-MM-DD.", transform: day(parsing:)) var day: UsageDay
    @Option(help: "One vendor alone.") var vendor: String?

    func run() async throws {
        let cards = try await VendorReconCommand.daemon.once(options) { context in
            try await Recon(context).scorecards.make(day: day, vendor: vendor)
        }
        guard let first = cards.first else { return print("no attempts on \(day.text)") }
        print(
            TextTable(
                first.cells.map(\.title), right: Swift.Set(first.cells.indices.dropFirst()),
                rows: cards.map { $0.cells.map(\.text) }
            ).text)
    }
}

/// A day of the command line.
private func day(parsing text: String) throws -> UsageDay {
    guard let day = UsageDay(parsing: text) else { throw ValidationError("'\(text)' is no day: YYYY-MM-DD is wanted") }
    return day
}
