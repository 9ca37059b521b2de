import ArgumentParser
import Core
import DaemonKit
import Foundation
import Reference

/// `poller parked`: usage that waits, and why.
struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked", abstract: "Shows usage that waits for a person, for reference data or for its call.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists open parked usage, the oldest first.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "Only this status: held, unrated or waiting.") var status: String?
        @Option(help: "Only records with this flag, such as NO_RATE.") var flag: String?
        @Option(help: "How many.") var limit = 50
        @ArgumentParser.Flag(help: "Print JSON, one object a line.") var json = false

        func validate() throws {
            if let status, ParkedUsage.Status(rawValue: status) == nil {
                throw ValidationError("--status is held, unrated or waiting")
            }
        }

        func run() async throws {
            let records = try await PollerCommand.daemon.once(options) { context in
                try await ParkedReads(pool: context.pool).open(status: status, flag: flag, limit: limit)
            }
            if records.isEmpty && !json { print("nothing is parked") }
            for record in records { print(json ? record.json : record.line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one parked record with its evidence.")
        @Argument(help: "Its id, or its natural key (sip_uuid, message id, query id).") var record: String
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let records = try await PollerCommand.daemon.once(options) { context in
                try await ParkedReads(pool: context.pool).records(named: record)
            }
            guard !records.isEmpty else {
                FileHandle.standardError.write(Data("nothing is parked under \(record)\n".utf8))
                throw ExitCode(66)
            }
            for record in records { print(record.json) }
        }
    }
}
