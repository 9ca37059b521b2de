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
            abstract: "Add a source, or give a revoked one a new credential, which is printed once and kept nowhere.",
            discussion: """
                A token is sent as Bearer, as the password of Basic (the source's name is the user), or stands in the path of Jasmin's
                callbacks. A source that signs gets a key instead: see docs/operations/ingest.md. One with a certificate gets nothing: its name \
                is that of the client certificate.

                Examples:
                  cdr-ingest sources add kamailio-1 --kind cdr --kind vendor-cdr
                  cdr-ingest sources add lookup-service --kind api --credential signature
                  cdr-ingest sources add sbc2.example.net --credential certificate --records-per-second 2000
                """)
        @OptionGroup var options: DaemonOptions
        @Argument(help: "The source's name; with Basic authorization it is the user.") var name: String
        @Option(
            name: .customLong("kind"),
            help: "A kind it may send (cdr, vendor-cdr, mdr, api, dlr); repeat it. Default: all.")
        var kinds: [String] = []
        @Option(help: "How it shows who it is: token, signature or certificate.")
        var credential: Source.Credential = .token
        @Option(help: "The most records a second it may push to one instance. Default: no limit.")
        var recordsPerSecond: Int?
        @ArgumentParser.Flag(help: "Print JSON.") var json = false

        func validate() throws {
            for kind in kinds where RecordKind(name: kind) == nil {
                throw ValidationError("no kind \(kind): \(RecordKind.allCases.map(\.name).joined(separator: ", "))")
            }
            if let recordsPerSecond, recordsPerSecond < 1 {
                throw ValidationError("--records-per-second is at least 1")
            }
        }

        func run() async throws {
            let shown = try await CDRIngestCommand.daemon.once(options) { context in
                let (source, shown) = try credentials(signing: context.config[IngestConfig.signingKey])
                let isAdded = try await SourceStore(pool: context.pool).add(
                    source, at: Instant(milliseconds: context.clock.now()))
                guard isAdded else { throw SourcesError(description: "\(name) may push already; revoke it first") }
                return shown
            }
            print(json ? JSONLine.credential(shown, of: name) : shown ?? "\(name) may push with its certificate")
        }

        /// The source, and what its owner is to be given.
        private func credentials(signing key: Secret?) throws -> (Source, shown: String?) {
            let token = "warp-src-" + Base64.encodeURL(Digest.random(32))
            switch credential {
            case .token: return (source(tokenHash: Digest.sha256(token), salt: nil), token)
            case .certificate: return (source(tokenHash: Digest.random(32), salt: nil), nil)
            case .signature:
                guard let key else { throw SourcesError(description: "sources.signingKey is not set") }
                let salt = Digest.random(16)
                return (
                    source(tokenHash: Digest.random(32), salt: salt), SigningKeys(key).text(of: name, salt: salt)
                )
            }
        }

        private func source(tokenHash: [UInt8], salt: [UInt8]?) -> Source {
            Source(
                name: name, credential: credential, tokenHash: tokenHash, salt: salt, kinds: kinds,
                recordsPerSecond: recordsPerSecond, createdAt: "", revokedAt: nil)
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
}

extension Source.Credential: ExpressibleByArgument {}

/// Why a command about sources did nothing.
struct SourcesError: Error, CustomStringConvertible {
    let description: String
}

/// What the commands print for scripts.
private enum JSONLine {
    static func credential(_ shown: String?, of name: String) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", name)
            writer.field("token", shown)
        }
        return writer.text
    }

    static func source(_ source: Source) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("name", source.name)
            writer.field("credential", source.credential.rawValue)
            writer.field("kinds", source.kinds)
            writer.field("records_per_second", source.recordsPerSecond)
            writer.field("created_at", source.createdAt)
            writer.field("revoked_at", source.revokedAt)
        }
        return writer.text
    }
}

extension Source {
    /// For people.
    fileprivate var line: String {
        let kinds = kinds.isEmpty ? "all kinds" : kinds.joined(separator: ", ")
        let limit = recordsPerSecond.map { ", at most \($0) records a second" } ?? ""
        let state = revokedAt.map { "revoked \($0)" } ?? "since \(createdAt)"
        return "\(name): \(credential.rawValue), \(kinds)\(limit), \(state)"
    }
}
