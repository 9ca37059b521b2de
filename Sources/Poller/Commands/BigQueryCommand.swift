import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// `poller bigquery`: rated usage in BigQuery.
struct BigQueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bigquery", abstract: "Shows and loads rated usage in BigQuery.",
        discussion: """
            Examples:
              poller bigquery status
              poller bigquery status --from 2026-11-01 --to 2026-11-30 --different
              poller bigquery load
              poller bigquery load --from 2026-11-22 --to 2026-11-22
              poller bigquery schema --table rated_cdr
            """,
        subcommands: [Status.self, Load.self, Schema.self], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what both stores have of each day, and how the loads stand. Asks PostgreSQL alone.")
        @OptionGroup var options: DaemonOptions
        @OptionGroup var days: DayOptions
        @ArgumentParser.Flag(help: "Only days on which the stores differ.") var different = false

        func run() async throws {
            let days = try days.range
            print(
                try await PollerCommand.daemon.once(options) { context in
                    try await LoadStatus.read(context.pool, days: days, onlyDifferent: different).text
                })
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Loads all that waits, now, and compares the days that it touched.",
            discussion: """
                With --from and --to these days are compared, too, whether anything of them was loaded or not. What is loaded already is
                never loaded again. Ends with 1 when a day differs.
                """)
        @OptionGroup var options: DaemonOptions
        @OptionGroup var days: DayOptions

        func run() async throws {
            let days = try days.range
            let compared = try await PollerCommand.daemon.once(options) { context in
                let show: @Sendable (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
                guard let loader = try BigQueryLoader.configured(context, progress: show) else {
                    throw ValidationError("bigquery.project is not set: PostgreSQL is the only store")
                }
                return try await Self.load(loader, comparing: days)
            }
            guard let compared else {
                FileHandle.standardError.write(Data("another poller is loading: try again in a minute\n".utf8))
                throw ExitCode(75)
            }
            print(compared.isEmpty ? "nothing to load" : LoadStatus(days: compared, loads: []).text)
            if compared.contains(where: { !$0.isEqual }) { throw ExitCode(1) }
        }

        /// A poller that loads holds the lock for a pass: a minute is given to it.
        private static func load(
            _ loader: BigQueryLoader, comparing days: ClosedRange<UsageDay>?
        ) async throws -> [DayCounts]? {
            for _ in 0..<60 {
                if let compared = try await loader.load(everything: true, comparing: days) { return compared }
                try await Task.sleep(for: .seconds(1))
            }
            return nil
        }
    }

    struct Schema: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the tables as the daemon makes them: bodies of tables.insert.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "Only this table, such as rated_cdr.") var table: String?

        func validate() throws {
            guard let table, ExportTable(rawValue: table) == nil else { return }
            let names = ExportTable.allCases.map { $0.rawValue }.joined(separator: ", ")
            throw ValidationError("--table is one of \(names)")
        }

        func run() async throws {
            let (project, dataset) = try await PollerCommand.daemon.once(options) { context in
                (context.config[BigQueryAccess.project] ?? "PROJECT", context.config[BigQueryLoadConfig.dataset])
            }
            for exported in ExportTable.allCases where table == nil || exported.rawValue == table {
                let json = try exported.definition(dataset: dataset).definition(project: project)
                print(String(decoding: json, as: UTF8.self))
            }
        }
    }

    struct DayOptions: ParsableArguments {
        @Option(help: "The first UTC day, such as 2026-11-01.") var from: String?
        @Option(help: "The last UTC day.") var to: String?

        func validate() throws { _ = try range }

        var range: ClosedRange<UsageDay>? {
            get throws {
                guard from != nil || to != nil else { return nil }
                guard let from = from.flatMap({ UsageDay(parsing: $0) }), let to = to.flatMap({ UsageDay(parsing: $0) })
                else { throw ValidationError("--from and --to are days such as 2026-11-01, both or none") }
                guard from <= to else { throw ValidationError("--from comes after --to") }
                return from...to
            }
        }
    }
}
