import ArgumentParser
import DaemonKit
import Drivers

/// What lies in the spools of this host: `cdr-ingest spool list|retry`.
struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool", abstract: "Look at what waits on disk, and put back what was set aside.",
        subcommands: [List.self, Retry.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the spools: what waits, and what was set aside.",
            discussion: """
                Example:
                  cdr-ingest spool list
                  INSTANCE  WAITING BYTES  SET ASIDE
                  1                 81920          0
                """)
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let root = try await SpoolCommand.root(options)
            var table = TextTable(["INSTANCE", "WAITING BYTES", "SET ASIDE"], right: [1, 2])
            for name in try DurableFile.names(in: root).sorted() {
                let contents = try SpoolDirectory.contents(of: "\(root)/\(name)")
                table.add([name, "\(contents.waitingBytes)", "\(contents.aside)"])
            }
            print(table.text)
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put back what was set aside because PostgreSQL refused it.",
            discussion: """
                A running instance takes it up within a second. What it refuses again is set aside again.

                Example:
                  cdr-ingest spool retry
                  1: 0 put back
                  2: 2 put back
                """)
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let root = try await SpoolCommand.root(options)
            for name in try DurableFile.names(in: root).sorted() {
                print("\(name): \(try SpoolDirectory.putBack(in: "\(root)/\(name)")) put back")
            }
        }
    }

    /// The directory of all spools.
    fileprivate static func root(_ options: DaemonOptions) async throws -> String {
        let daemon = CDRIngestCommand.daemon
        let config = try await options.read(daemon.keys, of: daemon.name)
        guard let root = config[IngestConfig.spoolDirectory] else {
            throw ValidationError("spool.directory is not set")
        }
        return root
    }
}
