import ArgumentParser
import Core
import DaemonKit
import Foundation

/// `poller versions`: what is in force, since when, and back again.
struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "Lists the versions of the reference data, or goes back to one.",
        subcommands: [List.self, RollBack.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists versions, the newest first.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "How many.") var limit = 20
        @ArgumentParser.Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let versions = try await PollerCommand.daemon.once(options) { context in
                try await ReferenceVersions(pool: context.pool).list(limit: limit)
            }
            print(json ? VersionsCommand.json(versions) : VersionsCommand.table(versions))
        }
    }

    struct RollBack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollback", abstract: "Puts in force what an earlier version had, as a new version.")
        @Argument(help: "The earlier version.") var version: Int64
        @OptionGroup var options: DaemonOptions
        @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?

        func run() async throws {
            do {
                let new = try await PollerCommand.daemon.once(options) { context in
                    try await ReferenceVersions(pool: context.pool).rollBack(
                        to: version, by: by ?? NSUserName(), at: Instant(milliseconds: context.clock.now()))
                }
                print("version \(new) is in force, as version \(version) was")
            } catch let error as UnknownVersion {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                throw ExitCode(65)
            }
        }
    }

    private static func table(_ versions: [ReferenceVersion]) -> String {
        guard !versions.isEmpty else { return "no version was loaded yet" }
        return versions.map { version in
            let changes =
                version.changes.count > 4
                ? "\(version.changes.prefix(4).joined(separator: ", ")) and \(version.changes.count - 4) more"
                : version.changes.joined(separator: ", ")
            return
                "\(version.version)  \(version.activatedAt.text)  \(version.activatedBy)  \(version.note)  [\(changes)]"
        }.joined(separator: "\n")
    }

    private static func json(_ versions: [ReferenceVersion]) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for version in versions {
                writer.object { writer in
                    writer.field("version", version.version)
                    writer.field("activated_at", version.activatedAt.text)
                    writer.field("activated_by", version.activatedBy)
                    writer.field("note", version.note)
                    writer.field("changes", version.changes)
                }
            }
        }
        return writer.text
    }
}
