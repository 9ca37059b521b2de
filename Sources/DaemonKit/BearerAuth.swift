public import Drivers
import Foundation
public import Hummingbird
import Synchronization

/// Who a bearer token belongs to, by its SHA-256 in `billing.api_keys`. Answers are remembered for half a minute, so a revoked key
/// works that long; while PostgreSQL is away or silent a known key goes on working for ten minutes.
public final class BearerAuth: Sendable {
    /// The most tokens remembered, known and unknown ones together.
    static let rememberedTokens = 10_000

    private struct Answer {
        let caller: Caller?
        let asked: ContinuousClock.Instant
        /// Until when nobody asks again, since PostgreSQL was away a moment ago.
        var pausedUntil: ContinuousClock.Instant?

        var isPaused: Bool { pausedUntil.map { $0 > .now } ?? false }
    }

    /// How long a known key is not asked about again after PostgreSQL did not answer: its callers need not wait, each for itself.
    private static let pause: Duration = .seconds(2)

    private let pool: PostgresPool
    private let freshFor: Duration
    private let staleFor: Duration
    private let patience: Duration
    private let answers = Mutex<[[UInt8]: Answer]>([:])

    /// Looks tokens up through this pool.
    /// - Parameter patience: how long PostgreSQL may take where an older answer is known.
    public init(
        pool: PostgresPool, freshFor: Duration = .seconds(30), staleFor: Duration = .seconds(600),
        patience: Duration = .milliseconds(300)
    ) {
        self.pool = pool
        self.freshFor = freshFor
        self.staleFor = staleFor
        self.patience = patience
    }

    /// The caller of a token, nil for one that nobody has.
    public func caller(of token: String) async throws -> Caller? {
        let hash = Digest.sha256(token)
        let known = answers.withLock { $0[hash] }
        if let known, known.asked.duration(to: .now) < freshFor { return known.caller }
        guard var known, known.caller != nil, known.asked.duration(to: .now) < staleFor else {
            return try await askAndRemember(hash)
        }
        if known.isPaused { return known.caller }
        do {
            return try await within(patience) { try await self.askAndRemember(hash) }
        } catch  where FailureFacts(error).isTransient {
            known.pausedUntil = .now + Self.pause
            remember(known, for: hash)
            return known.caller
        }
    }

    private func askAndRemember(_ hash: [UInt8]) async throws -> Caller? {
        let caller = try await ask(hash)
        remember(Answer(caller: caller, asked: .now), for: hash)
        return caller
    }

    /// A middleware that lets these kinds of callers through, and tells the route who calls.
    public func requiring(_ kinds: CallerKind...) -> some RouterMiddleware<DaemonRequestContext> {
        BearerMiddleware(auth: self, kinds: Set(kinds))
    }

    private func ask(_ hash: [UInt8]) async throws -> Caller? {
        let rows = try await pool.query(
            """
            SELECT kind, name, customer_id
            FROM billing.api_keys
            WHERE token_hash = \(hash) AND revoked_at IS NULL
            """)
        guard let row = rows.first, let kind = CallerKind(rawValue: try row.value("kind")) else { return nil }
        switch kind {
        case .customer: return .customer(try row.value("customer_id"))
        case .service: return .service(name: try row.value("name"))
        case .operator: return .operator(name: try row.value("name"))
        }
    }

    private func remember(_ answer: Answer, for hash: [UInt8]) {
        answers.withLock { answers in
            if answers.count >= Self.rememberedTokens {
                answers = answers.filter { $0.value.caller != nil && $0.value.asked.duration(to: .now) < freshFor }
                if answers.count >= Self.rememberedTokens { answers = [:] }
            }
            answers[hash] = answer
        }
    }
}

private struct BearerMiddleware: RouterMiddleware {
    typealias Context = DaemonRequestContext

    let auth: BearerAuth
    let kinds: Set<CallerKind>

    func handle(
        _ request: Request, context: DaemonRequestContext,
        next: (Request, DaemonRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let token = token(request), let caller = try await auth.caller(of: token) else {
            throw APIError.unauthorized
        }
        guard kinds.contains(caller.kind) else { throw APIError.forbidden }
        var context = context
        context.caller = caller
        return try await next(request, context)
    }

    /// The token of `Bearer TOKEN` (RFC 6750), or the password of `Basic` (RFC 7617), for clients that know nothing else: Kamailio.
    private func token(_ request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let words = header.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[1].utf8.count <= 1_024 else { return nil }
        switch words[0].lowercased() {
        case "bearer": return String(words[1])
        case "basic":
            guard let bytes = Base64.decode(String(words[1])) else { return nil }
            let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
            return pair.count == 2 ? String(pair[1]) : nil
        default: return nil
        }
    }
}
