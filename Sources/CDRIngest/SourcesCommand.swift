import ArgumentParser
import Core
import DaemonKit
import Drivers
import Reference

/// Who may push: `cdr-ingest sources add|list|revoke`.
struct SourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources", abstract: "Manage who may push records.",
        subcommands: [Add.self, List.self, Revoke.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a source, or give a revoked one a new token. The token is printed once and kept nowhere.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "The source's name; with Basic authorization it is the user.") var name: String
        @Option(
            name: .customLong("kind"),
            help: "A kind it may send (cdr, vendor-cdr, mdr, api, dlr); repeat it. Default: all.")
        var kinds: [String] = []
        @ArgumentParser.Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let kinds = try kinds.map(kind(named:))
            let token = "warp-src-" + Base64.encodeURL(Digest.random(32))
            try await CDRIngestCommand.daemon.once(options) { context in
                let isAdded = try await SourceStore(pool: context.pool).add(
                    name: name, tokenHash: Digest.sha256(token), kinds: kinds,
                    at: Instant(milliseconds: context.clock.now()))
                guard isAdded else { throw SourcesError(description: "\(name) may push already; revoke it first") }
            }
            print(json ? JSONLine.token(token, of: name) : token)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the sources.")
        @OptionGroup var options: DaemonOptions
        @ArgumentParser.Flag(help: "Print JSON, one source a line.") var json = false

        func run() async throws {
            let sources = try await CDRIngestCommand.daemon.once(options) { try await SourceStore(pool: $0.pool).all() }
            for source in sources {
                print(json ? JSONLine.source(source) : source.line)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a source's token. A running daemon notices within sources.refreshSeconds.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "The source's name.") var name: String

        func run() async throws {
            try await CDRIngestCommand.daemon.once(options) { context in
                let isRevoked = try await SourceStore(pool: context.pool).revoke(
                    name: name, at: Instant(milliseconds: context.clock.now()))
                guard isRevoked else { throw SourcesError(description: "no source \(name) may push") }
            }
            print("revoked \(name)")
        }
    }

    /// The kind that an operator wrote.
    static func kind(named name: String) throws -> RecordKind {
        guard let kind = RecordKind(name: name) else {
            throw ValidationError("no kind \(name): \(RecordKind.allCases.map(\.name).joined(separator: ", "))")
        }
        return kind
    }
}

extension SourcesCommand.Add {
    private func kind(named name: String) throws -> RecordKind { try SourcesCommand.kind(named: name) }
}

/// Why a command about sources did nothing.
struct SourcesError: Error, CustomStringConvertible {
    let description: String
}

/// What the commands print for scripts.
private enum JSONLine {
    static func token(_ token: String, of name: String) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", name)
            writer.field("token", token)
        }
        return writer.text
    }

    static func source(_ source: Source) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", source.name)
            writer.field("kinds", source.kinds.map(\.name))
            writer.field("created_at", source.createdAt.text)
            writer.field("revoked_at", source.revokedAt?.text)
        }
        return writer.text
    }
}

extension Source {
    /// For people.
    fileprivate var line: String {
        let kinds = kinds.isEmpty ? "all kinds" : kinds.map(\.name).joined(separator: ", ")
        let state = revokedAt.map { "revoked \($0.text)" } ?? "since \(createdAt.text)"
        return "\(name): \(kinds), \(state)"
    }
}
