import ArgumentParser
import Core
import DaemonKit
import Foundation
import LiveReference
import Reference

/// `poller replay`: whether stored days come out the same when they are rated again by the versions that rated them.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Rates stored days again by their own versions and compares every column.",
        discussion: """
            Nothing is written. Ends with 0 where all rows are identical and with 1 where one differs.

            Examples:
              poller replay --from 2026-11-15
              poller replay --from 2026-11-01 --to 2026-11-15 --service voice
            """)

    /// What is replayed.
    enum Service: String, ExpressibleByArgument, CaseIterable {
        case voice, message, api, vendor

        var kind: RawKind {
            switch self {
            case .voice: .call
            case .message: .message
            case .api: .query
            case .vendor: .attempt
            }
        }
    }

    @Option(help: "The first UTC day, such as 2026-11-01.") var from: String
    @Option(help: "The last UTC day (default: the first).") var to: String?
    @Option(help: "Only this service: voice, message, api, or vendor for attempts.") var service: Service?
    @OptionGroup var options: DaemonOptions

    func validate() throws { _ = try days() }

    private func days() throws -> ClosedRange<UsageDay> {
        guard let first = UsageDay(parsing: from), let last = UsageDay(parsing: to ?? from) else {
            throw ValidationError("--from and --to are days such as 2026-11-01")
        }
        guard first <= last else { throw ValidationError("--from comes after --to") }
        return first...last
    }

    func run() async throws {
        let days = try days()
        let kinds = service.map { [$0.kind] } ?? RawKind.allCases
        let report = try await PollerCommand.daemon.once(options) { context in
            try await Replay(pool: context.pool, portedFiles: context.portedFiles)
                .run(days, kinds) { sum in
                    guard isatty(2) == 1 else { return }
                    FileHandle.standardError.write(
                        Data(
                            "\r\u{1B}[K\(sum.day.text) \(sum.kind.countedAs): \(sum.rows) rows, \(sum.different) different"
                                .utf8))
                }
        }
        if isatty(2) == 1 { FileHandle.standardError.write(Data("\n".utf8)) }
        print(report.text)
        guard report.isIdentical else { throw ExitCode(1) }
    }
}

extension Replay.Report {
    /// For a person at a terminal.
    var text: String {
        var table = TextTable(["day", "kind", "rows", "identical", "different"], right: [2, 3, 4])
        for sum in sums {
            table.add([
                sum.day.text, sum.kind.countedAs, String(sum.rows), String(sum.rows - sum.different),
                String(sum.different),
            ])
        }
        let lines = differences.map { difference in
            guard let column = difference.column else {
                return "\(difference.table) \(difference.id): has no price now"
            }
            return "\(difference.table) \(difference.id) \(column): stored \(difference.stored ?? "null"), "
                + "again \(difference.again ?? "null")"
        }
        return ([table.text] + lines).joined(separator: "\n")
    }
}
