import ArgumentParser
import Core
import DaemonKit
import Foundation

/// `wallet parked`: usage and invoices that a wallet could not take, and the way out.
struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked", abstract: "Shows usage and invoices that a wallet could not take, and posts them again.",
        subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists what is parked, the oldest first.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "How many.") var limit = 50

        func run() async throws {
            let items = try await WalletCommand.daemon.once(options) { context in
                try await ParkedStore(pool: context.pool).open(limit: limit)
            }
            if items.isEmpty { print("nothing is parked") }
            for item in items { print(item.line) }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Posts parked usage and invoices again; what is refused again stays parked.")
        @Argument(help: "The id that the list shows.") var id: String?
        @ArgumentParser.Flag(help: "Everything that is parked.") var all = false
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard (id == nil) == all else { throw ValidationError("give an id or --all") }
            if let id, Identifier128(parsing: id) == nil { throw ValidationError("\(id) is no id") }
        }

        func run() async throws {
            let outcome = try await WalletCommand.daemon.once(options) { context in
                try await ParkedStore(pool: context.pool).retry(
                    only: id.flatMap { Identifier128(parsing: $0) },
                    actor: "operator:\(ProcessInfo.processInfo.userName)",
                    at: Instant(milliseconds: context.clock.now()))
            }
            if let id, outcome == ParkedStore.RetryOutcome() {
                FileHandle.standardError.write(Data("nothing is parked under \(id)\n".utf8))
                throw ExitCode(66)
            }
            print("\(outcome.posted) posted, \(outcome.stillParked) still parked")
        }
    }
}
