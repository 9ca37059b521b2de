import ArgumentParser
import Core
import DaemonKit
import Foundation
import Reference

/// `wallet fraud`: what other limits would have found.
struct FraudCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fraud", abstract: "Tries limits of fraud control on usage of the past.",
        subcommands: [Backtest.self])

    struct Backtest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what fires on the usage of some days, beside the reviews that there are. Changes nothing.",
            discussion: """
                The file holds limits as `wallet limits` shows them, in place of everybody's; customers' own go on top:

                  {"calls_per_minute": {"limit": 60},
                   "spend_per_hour": {"limit": "250.00", "actions": ["require_manual_review"]}}

                Usage is read in the order of its time, and the days of --warm-up before it fill the windows. What a country's first call is needs 30 of \
                them. The high-water mark is the one that each wallet has now.

                Examples:
                  wallet fraud backtest --from 2026-11-01 --to 2026-11-07 --rules limits.json
                  wallet fraud backtest --from 2026-11-22 --to 2026-11-22 --warm-up 30
                """)

        @Option(help: "The first UTC day, such as 2026-11-01.") var from: String
        @Option(help: "The last UTC day.") var to: String
        @Option(help: "A file of limits; without it those in force are tried.") var rules: String?
        @Option(help: "Days before the first that fill the windows.") var warmUp = 1
        @OptionGroup var options: DaemonOptions

        func validate() throws { _ = try days() }

        func run() async throws {
            let days = try days()
            let document = try rules.map(Backtest.document)
            let report = try await WalletCommand.daemon.once(options) { context in
                try await FraudBacktest(pool: context.pool).run(days, warmUpDays: warmUp, rules: document) {
                    Backtest.show($0, $1)
                }
            }
            print(report.text)
        }

        private func days() throws -> ClosedRange<UsageDay> {
            guard let first = UsageDay(parsing: from), let last = UsageDay(parsing: to) else {
                throw ValidationError("--from and --to are days such as 2026-11-01")
            }
            guard first <= last else { throw ValidationError("--from comes after --to") }
            guard (0...400).contains(warmUp) else { throw ValidationError("--warm-up is 0 to 400 days") }
            return first...last
        }

        private static func document(in path: String) throws -> SpendLimitsDocument {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw FraudCommand.failing("\(path) cannot be read", code: 66)
            }
            do throws(SpendLimitsDocument.Fault) {
                return try SpendLimitsDocument(parsing: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw FraudCommand.failing("\(path): \(error.message)", code: 65)
            }
        }

        private static func show(_ day: UsageDay, _ events: Int) {
            guard isatty(2) == 1 else { return }
            FileHandle.standardError.write(Data("\r\(day.text), \(events) events".utf8))
        }
    }

    static var actor: String { "operator:\(ProcessInfo.processInfo.userName)" }

    static func id(_ text: String) throws -> Identifier128 {
        guard let id = Identifier128(parsing: text) else { throw ValidationError("\(text) is no id") }
        return id
    }

    /// Says why on standard error.
    static func failing(_ message: String, code: Int32) -> ExitCode {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        return ExitCode(code)
    }
}
