import ArgumentParser
import Core
import DaemonKit
import Foundation

/// What all load commands take.
struct LoadOptions: ParsableArguments {
    @OptionGroup var daemon: DaemonOptions

    @Option(help: "Who loads, as the version and the audit trail name them (default: the user's name).")
    var by: String?

    @Option(help: "Why, as `versions list` shows it.")
    var note: String?

    @ArgumentParser.Flag(help: "Only check the files; write nothing.")
    var checkOnly = false

    @ArgumentParser.Flag(help: "Print JSON.")
    var json = false
}

/// A command that loads one file.
protocol LoadFileCommand: AsyncParsableCommand {
    static var kind: ReferenceKind { get }
    var file: String { get }
    var options: LoadOptions { get }
}

extension LoadFileCommand {
    func run() async throws {
        try await Load(options: options).run([(Self.kind, file)], from: file)
    }
}

/// `poller load DIR`: every file of a reference directory.
struct LoadDirectory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Loads a whole directory of reference files and puts all of them in force at once.",
        discussion: """
            Files that are not there keep what is in force. Known files: \
            \(ReferenceKind.allCases.map(\.fileName).joined(separator: ", ")).
            """)
    @Argument(help: "The directory.") var directory: String
    @OptionGroup var options: LoadOptions

    func run() async throws {
        let load = Load(options: options)
        let files = try load.tellingFaults { try ReferenceLoader.files(in: directory) }
        try await load.run(files, from: directory)
    }
}

/// The body of every load command.
struct Load {
    let options: LoadOptions

    /// Checks all files, then loads them in one transaction.
    func run(_ paths: [(kind: ReferenceKind, path: String)], from source: String) async throws {
        let files = try tellingFaults { try ReferenceLoader.check(paths) }
        guard !options.checkOnly else { return print("ok") }
        let loaded = try await PollerCommand.daemon.once(options.daemon) { context in
            var loader = ReferenceLoader(
                pool: context.pool, actor: options.by ?? NSUserName(), now: Instant(milliseconds: context.clock.now()))
            loader.progress = { Load.show($0, $1, $2) }
            return try await loader.load(files, note: options.note ?? source)
        }
        tell(loaded)
    }

    /// Prints every fault, and ends with exit code 65 (the data is wrong).
    func tellingFaults<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let faults as FileFaults {
            FileHandle.standardError.write(Data("\(faults)\nnothing was loaded\n".utf8))
            throw ExitCode(65)
        }
    }

    func tell(_ loaded: LoadedVersion) {
        if options.json {
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("version", loaded.version)
                writer.key("loads")
                writer.array { writer in
                    for load in loaded.loads {
                        writer.object { writer in
                            writer.field("kind", load.kind.rawValue)
                            writer.field("name", load.name)
                            writer.field("rows", load.rows)
                        }
                    }
                }
            }
            return print(writer.text)
        }
        print("version \(loaded.version) is in force")
        for load in loaded.loads {
            print(
                "  \(load.name.isEmpty ? load.kind.rawValue : "\(load.kind.rawValue) \(load.name)"): \(load.rows) rows")
        }
    }

    /// A bar for people who watch a long load.
    @Sendable
    static func show(_ file: String, _ rows: Int, _ total: Int) {
        guard isatty(2) == 1, total > 0 else { return }
        let filled = rows * 40 / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 40 - filled)
        let name = URL(filePath: file).lastPathComponent
        let end = rows == total ? "\n" : ""
        FileHandle.standardError.write(Data("\r\(name) \(bar) \(rows)/\(total)\(end)".utf8))
    }
}

struct LoadNPA: LoadFileCommand {
    static let kind = ReferenceKind.npa
    static let configuration = CommandConfiguration(
        commandName: "load-npa", abstract: "Loads area codes: npa, type, country, state.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadCountryPrefixes: LoadFileCommand {
    static let kind = ReferenceKind.countryPrefixes
    static let configuration = CommandConfiguration(
        commandName: "load-country-prefixes", abstract: "Loads country codes: prefix, country.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadLERG: LoadFileCommand {
    static let kind = ReferenceKind.lerg
    static let configuration = CommandConfiguration(
        commandName: "load-lerg",
        abstract: "Loads the numbering guide: npa, nxx, x, ocn, lata, state, rate_center, switch.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadPorted: LoadFileCommand {
    static let kind = ReferenceKind.ported
    static let configuration = CommandConfiguration(
        commandName: "load-ported", abstract: "Loads ported numbers: number, lrn, spid, activated.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadRespOrg: LoadFileCommand {
    static let kind = ReferenceKind.respOrg
    static let configuration = CommandConfiguration(
        commandName: "load-resporg", abstract: "Loads toll-free numbers: tfn, resporg, cic, status, ring_to.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadLocalAreas: LoadFileCommand {
    static let kind = ReferenceKind.localAreas
    static let configuration = CommandConfiguration(
        commandName: "load-local-areas", abstract: "Loads local calling areas: area_id, state, rate_center.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadPlan: LoadFileCommand {
    static let kind = ReferenceKind.plan
    static let configuration = CommandConfiguration(
        commandName: "load-plan", abstract: "Loads rate plans; each replaces the plan of its id.")
    @Argument(help: "The JSON file: a plan, or an array of plans.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadConnectors: LoadFileCommand {
    static let kind = ReferenceKind.connectors
    static let configuration = CommandConfiguration(
        commandName: "load-connectors", abstract: "Loads the message gateway's connectors: connector, vendor.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadCarriers: LoadFileCommand {
    static let kind = ReferenceKind.ocnCarriers
    static let configuration = CommandConfiguration(
        commandName: "load-ocn-carriers", abstract: "Loads carriers of message surcharges: ocn, carrier.")
    @Argument(help: "The CSV file.") var file: String
    @OptionGroup var options: LoadOptions
}

struct LoadSKU: LoadFileCommand {
    static let kind = ReferenceKind.sku
    static let configuration = CommandConfiguration(
        commandName: "load-sku", abstract: "Loads SKUs by class key.")
    @Argument(help: "The JSON file: an object of texts.") var file: String
    @OptionGroup var options: LoadOptions
}
