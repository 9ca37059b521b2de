import DaemonKit
import Drivers
import Foundation
import Logging
import Synchronization

/// The sources as they were last read: a copy in memory, so that a request costs no query and PostgreSQL may be away.
///
/// It is read again on a schedule, which bounds how long a revoked token lives, and, at most a few times a second, when somebody shows a
/// token that is not in it, so that a new one works at once. Where there is a spool, the last reading is kept beside it, for a start
/// while PostgreSQL is away.
final class SourceAuth: Sendable {
    private let store: SourceStore?
    private let keys: SigningKeys?
    private let copy: SourcesFile?
    private let shortestPause: Duration
    private let state = Mutex(State())

    private struct State {
        var sources: KnownSources?
        var lastRead: ContinuousClock.Instant?
        var reading: Task<Void, any Error>?
    }

    /// Nothing is read yet.
    /// - Parameters:
    ///   - keys: derives the keys of sources that sign; without it they are unknown.
    ///   - copy: where the last reading is kept.
    ///   - shortestPause: the least time between two readings for unknown tokens.
    init(
        store: SourceStore, keys: SigningKeys? = nil, copy: SourcesFile? = nil,
        shortestPause: Duration = .milliseconds(250)
    ) {
        self.store = store
        self.keys = keys
        self.copy = copy
        self.shortestPause = shortestPause
    }

    /// Sources that are known beforehand and stay so.
    init(known: [Source]) {
        store = nil
        keys = nil
        copy = nil
        shortestPause = .zero
        take(known)
    }

    /// Who shows these credentials.
    /// - Throws: 401 where there is none; `PostgresError` where that can't be told.
    func sender(showing credentials: Credentials?) async throws -> Sender {
        guard let credentials else { throw APIError.unknownSource }
        if let sender = known(credentials) { return sender }
        try await readUnlessJustRead()
        guard let sender = known(credentials) else { throw APIError.unknownSource }
        return sender
    }

    /// Whether the body is what the sender signed; who signs nothing has proven who it is already.
    func proves(_ body: [UInt8], of sender: Sender) -> Bool {
        guard let signature = sender.signature else { return true }
        guard let keys, let salt = sender.source.salt else { return false }
        return signature.holds(for: body, key: keys.key(of: sender.source.name, salt: salt))
    }

    /// Reads the sources again. On a failure the last reading stays.
    func refresh() async throws {
        let task = state.withLock { state in
            let task = state.reading ?? Task { try await self.read() }
            state.reading = task
            return task
        }
        try await task.value
    }

    private func known(_ credentials: Credentials) -> Sender? {
        guard let sources = state.withLock({ $0.sources }) else { return nil }
        switch credentials {
        case .bearer(let token):
            return sources.source(token: token).map { Sender(source: $0, signature: nil) }
        case .basic(let name, let token):
            return sources.source(token: token).flatMap { $0.name == name ? Sender(source: $0, signature: nil) : nil }
        case .certificate(let name):
            return sources.source(name: name, .certificate).map { Sender(source: $0, signature: nil) }
        case .signed(let signature):
            guard signature.isTimely(at: Clock.system.now()) else { return nil }
            return sources.source(name: signature.name, .signature).map { Sender(source: $0, signature: signature) }
        }
    }

    private func readUnlessJustRead() async throws {
        let isFresh = state.withLock { state in
            guard state.reading == nil, state.sources != nil, let lastRead = state.lastRead else { return false }
            return lastRead.duration(to: .now) < shortestPause
        }
        if !isFresh { try await refresh() }
    }

    private func read() async throws {
        guard let store else { return }
        defer { state.withLock { $0.reading = nil } }
        let read: [Source]
        do {
            read = try await store.all().filter { $0.revokedAt == nil }
        } catch {
            let hasNone = state.withLock { $0.sources == nil }
            guard hasNone, let kept = try copy?.sources() else { throw error }
            take(kept)
            return
        }
        let before = state.withLock { $0.sources?.all }
        take(read)
        if before != read { try copy?.keep(read) }
    }

    private func take(_ sources: [Source]) {
        state.withLock { state in
            state.sources = KnownSources(sources)
            state.lastRead = .now
        }
    }
}

/// Sources by what they show. A token is found by its hash, which nobody can aim at.
private struct KnownSources {
    let all: [Source]
    private let byToken: [[UInt8]: Source]
    private let byName: [String: Source]

    init(_ sources: [Source]) {
        all = sources
        byToken = Dictionary(sources.filter { $0.credential == .token }.map { ($0.tokenHash, $0) }) { first, _ in first
        }
        byName = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
    }

    func source(token: String) -> Source? { byToken[Digest.sha256(token)] }

    func source(name: String, _ credential: Source.Credential) -> Source? {
        byName[name].flatMap { $0.credential == credential ? $0 : nil }
    }
}

/// Derives the keys of sources that sign from one key of the daemon's own, which lies in no database.
struct SigningKeys: Sendable {
    private let master: [UInt8]

    init(_ master: Secret) { self.master = Array(master.revealed.utf8) }

    /// The key's bytes: those of the text that its owner was given.
    func key(of source: String, salt: [UInt8]) -> [UInt8] { Array(text(of: source, salt: salt).utf8) }

    /// The key as its owner is given it.
    func text(of source: String, salt: [UInt8]) -> String {
        "warp-sig-" + Base64.encodeURL(Digest.hmacSHA256(key: master, salt + Array(source.utf8)))
    }
}

/// The last reading of the sources, in a file: names, hashes and salts, nothing that lets anybody push.
struct SourcesFile: Sendable {
    let path: String

    /// What was kept; nil where nothing was.
    func sources() throws -> [Source]? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return try JSONDecoder().decode([Source].self, from: data)
    }

    func keep(_ sources: [Source]) throws {
        try DurableFile.write(Array(try JSONEncoder().encode(sources)), to: path)
    }
}
