import DaemonKit
import Drivers
import Hummingbird

/// What a sender shows: all that Kamailio's http_client can send.
enum Credentials: Equatable {
    case bearer(token: String)
    case basic(name: String, token: String)

    /// The credentials of an `Authorization` header; nil for a scheme we don't know or a broken one.
    init?(authorization header: String) {
        guard let blank = header.firstIndex(of: " ") else { return nil }
        let value = header[blank...].drop { $0 == " " }
        switch header[..<blank].lowercased() {
        case "bearer":
            guard !value.isEmpty else { return nil }
            self = .bearer(token: String(value))
        case "basic":
            guard let bytes = Base64.decode(value), let text = String(validating: bytes, as: UTF8.self),
                let colon = text.firstIndex(of: ":")
            else { return nil }
            self = .basic(name: String(text[..<colon]), token: String(text[text.index(after: colon)...]))
        default:
            return nil
        }
    }

    /// Whether they are this source's. Takes as long whether or where the token differs.
    fileprivate func fit(_ source: Source) -> Bool {
        switch self {
        case .bearer(let token): Digest.areEqual(Digest.sha256(token), source.tokenHash)
        case .basic(let name, let token):
            Digest.areEqual(Digest.sha256(token), source.tokenHash) && name == source.name
        }
    }
}

/// The sources as they were last read: a copy in memory, so that a request costs no query and PostgreSQL may be away.
///
/// It is read again on a schedule, which bounds how long a revoked token lives, and, at most a few times a second, when somebody shows a
/// token that is not in it, so that a new one works at once.
actor SourceAuth {
    private let store: SourceStore
    private let shortestPause: Duration
    private var sources: [Source]?
    private var lastRead: ContinuousClock.Instant?
    private var reading: Task<Void, any Error>?

    /// Nothing is read yet.
    /// - Parameter shortestPause: the least time between two readings for unknown tokens.
    init(store: SourceStore, shortestPause: Duration = .milliseconds(250)) {
        self.store = store
        self.shortestPause = shortestPause
    }

    /// The source whose credentials these are.
    /// - Throws: 401 where there is none; `PostgresError` where that can't be told.
    func source(showing credentials: Credentials?) async throws -> Source {
        guard let credentials else { throw APIError.unknownSource }
        if let source = known(credentials) { return source }
        try await readUnlessJustRead()
        guard let source = known(credentials) else { throw APIError.unknownSource }
        return source
    }

    /// Reads the sources again. On a failure the last reading stays.
    func refresh() async throws {
        let task = reading ?? Task { try await read() }
        reading = task
        try await task.value
    }

    private func known(_ credentials: Credentials) -> Source? {
        var found: Source?
        for source in sources ?? [] where credentials.fit(source) { found = source }
        return found
    }

    private func readUnlessJustRead() async throws {
        if reading == nil, sources != nil, let lastRead, lastRead.duration(to: .now) < shortestPause { return }
        try await refresh()
    }

    private func read() async throws {
        defer { reading = nil }
        sources = try await store.all().filter { $0.revokedAt == nil }
        lastRead = .now
    }
}

extension APIError {
    /// 401: no credentials, or nobody's. Kamailio's client with a kept connection answers the first of these challenges.
    static let unknownSource = APIError(
        .unauthorized, reason: "unauthorized", challenges: [#"Basic realm="warp-billing""#, "Bearer"])
}

extension Request {
    /// What the sender shows, if anything.
    var credentials: Credentials? { headers[.authorization].flatMap(Credentials.init(authorization:)) }
}
