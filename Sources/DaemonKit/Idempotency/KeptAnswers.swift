import Drivers
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A request under its key: what must be the same for it to be a repeat.
struct NamedRequest: Sendable {
    let key: IdempotencyKey
    /// Method and path.
    let request: String
    /// SHA-256 of the query and the body.
    let bodyHash: [UInt8]

    init(_ request: Request, key: IdempotencyKey, body: ByteBuffer) {
        self.key = key
        self.request = "\(request.method.rawValue) \(request.uri.path)"
        bodyHash = Digest.sha256(Array((request.uri.query ?? "").utf8) + [0] + Array(body.readableBytesView))
    }
}

/// An answer as it is kept.
struct KeptAnswer: Sendable, Equatable {
    let status: Int
    let contentType: String?
    let body: [UInt8]

    static let replayedHeader = HTTPField.Name("Idempotent-Replayed")

    /// The answer to a repeat.
    var replayed: Response {
        var headers = HTTPFields()
        if let contentType { headers[.contentType] = contentType }
        if let name = Self.replayedHeader { headers[name] = "true" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// A daemon's table of answers by key, `billing.wallet_idempotency` (M28).
struct KeptAnswers: Sendable {
    let table: String
    let pool: PostgresPool
    let clock: Clock
    /// For how long a request is carried out by whoever began it.
    var leaseSeconds: Int

    /// What the table says of a request that comes.
    enum Standing: Sendable {
        /// It is the caller's to carry out, under this claim.
        case claimed(UUID)
        /// It was answered.
        case done(KeptAnswer)
        /// Somebody else carries it out.
        case running
        /// The key belongs to another request.
        case reused
        /// Whoever carried it out gave it up a moment ago.
        case released
    }

    /// Claims a request that nobody has named so before, or whose claim is over; otherwise tells how it stands.
    func claim(_ named: NamedRequest) async throws -> Standing {
        let (claim, now) = (UUID(), clock.now())
        let claimed = try await pool.query(
            """
            INSERT INTO \(identifier: table) AS k (caller, key, request, body_hash, state, claim_id, leased_until, created_at)
            VALUES (\(named.key.caller), \(named.key.text), \(named.request), \(named.bodyHash), 'running', \(claim),
                \(InstantText.text(now + Int64(leaseSeconds) * 1_000))::timestamptz, \(InstantText.text(now))::timestamptz)
            ON CONFLICT (caller, key) DO UPDATE
            SET claim_id = excluded.claim_id, leased_until = excluded.leased_until
            WHERE k.state = 'running' AND k.leased_until <= excluded.created_at
                AND k.request = excluded.request AND k.body_hash = excluded.body_hash
            RETURNING k.claim_id
            """)
        return claimed.isEmpty ? try await standing(of: named) : .claimed(claim)
    }

    private func standing(of named: NamedRequest) async throws -> Standing {
        let rows = try await pool.query(
            """
            SELECT request = \(named.request) AND body_hash = \(named.bodyHash) AS is_same, state, status, content_type, body
            FROM \(identifier: table)
            WHERE caller = \(named.key.caller) AND key = \(named.key.text)
            """)
        guard let row = rows.first else { return .released }
        guard try row.value("is_same") else { return .reused }
        guard try row.value("state") == "done" else { return .running }
        return .done(
            KeptAnswer(
                status: try row.value("status"), contentType: try row.value("content_type"), body: try row.value("body")
            ))
    }

    /// Keeps the answer and returns the one that is kept: where a claim was taken over and both have an answer, the first holds for all.
    func keep(_ answer: KeptAnswer, of named: NamedRequest, claim: UUID) async throws -> KeptAnswer {
        let at = InstantText.text(clock.now())
        let kept = try await pool.query(
            """
            INSERT INTO \(identifier: table) AS k (caller, key, request, body_hash, state, claim_id, leased_until, status,
                content_type, body, created_at)
            VALUES (\(named.key.caller), \(named.key.text), \(named.request), \(named.bodyHash), 'done', \(claim),
                \(at)::timestamptz, \(Int16(answer.status)), \(answer.contentType), \(answer.body), \(at)::timestamptz)
            ON CONFLICT (caller, key) DO UPDATE
            SET state = 'done', status = excluded.status, content_type = excluded.content_type, body = excluded.body
            WHERE k.state = 'running' AND k.request = excluded.request AND k.body_hash = excluded.body_hash
            RETURNING k.state
            """)
        if kept.isEmpty, case .done(let first) = try await standing(of: named) { return first }
        return answer
    }

    /// Gives a claim up, so that a repeat runs at once. One that was taken over is the other's.
    func release(_ named: NamedRequest, claim: UUID) async throws {
        try await pool.execute(
            """
            DELETE FROM \(identifier: table)
            WHERE caller = \(named.key.caller) AND key = \(named.key.text) AND state = 'running' AND claim_id = \(claim)
            """)
    }

    /// Forgets requests that came before an instant, so many at most; returns how many went.
    func forget(before: Int64, limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM \(identifier: table)
            WHERE (caller, key) IN (
                SELECT caller, key FROM \(identifier: table)
                WHERE created_at < \(InstantText.text(before))::timestamptz
                ORDER BY created_at
                LIMIT \(limit)
            )
            """)
    }
}
