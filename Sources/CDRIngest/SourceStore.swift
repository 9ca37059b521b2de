import Core
import Drivers
import Reference

/// Who may push: a row of `sources`. Nothing in it lets anybody push: of a token only the SHA-256 is kept.
struct Source: Sendable, Equatable, Codable {
    /// What a source shows of itself.
    enum Credential: String, Sendable, Codable, CaseIterable {
        /// A token: Bearer, Basic, or the secret in the path of a callback.
        case token
        /// A signature over every body.
        case signature
        /// A client certificate that nginx verified.
        case certificate
    }

    let name: String
    let credential: Credential
    let tokenHash: [UInt8]
    /// From which its signing key is derived; nil where it does not sign.
    let salt: [UInt8]?
    /// The names of the kinds that it may send; empty is everything.
    let kinds: [String]
    /// How fast it may push to one instance; nil is as fast as it can.
    let recordsPerSecond: Int?
    let createdAt: String
    let revokedAt: String?

    /// Whether it may send records of this kind.
    func maySend(_ kind: RecordKind) -> Bool { kinds.isEmpty || kinds.contains(kind.name) }
}

/// The table `sources`.
struct SourceStore: Sendable {
    let pool: PostgresPool

    /// Every source, revoked ones too, by name.
    func all() async throws -> [Source] {
        let rows = try await pool.query(
            """
            SELECT name, credential, token_hash, salt, kinds, records_per_second, created_at, revoked_at
            FROM billing.sources
            ORDER BY name
            """)
        return try rows.map { row in
            let created: Instant = try row.value("created_at")
            let revoked: Instant? = try row.value("revoked_at")
            let limit: Int32? = try row.value("records_per_second")
            guard let credential = Source.Credential(rawValue: try row.value("credential")) else {
                throw PostgresError.decoding(column: "credential", reason: "none that this version knows")
            }
            return Source(
                name: try row.value("name"), credential: credential, tokenHash: try row.value("token_hash"),
                salt: try row.value("salt"), kinds: try row.value("kinds"), recordsPerSecond: limit.map(Int.init),
                createdAt: created.text, revokedAt: revoked?.text)
        }
    }

    /// Adds a source, or gives a revoked one a new credential; false where one of this name may push already.
    func add(_ source: Source, at instant: Instant) async throws -> Bool {
        let touched = try await pool.execute(
            """
            INSERT INTO billing.sources (name, credential, token_hash, salt, kinds, records_per_second, created_at)
            VALUES (\(source.name), \(source.credential.rawValue), \(source.tokenHash), \(source.salt),
                \(source.kinds)::text[], \(source.recordsPerSecond.map { Int32(clamping: $0) }), \(instant))
            ON CONFLICT (name) DO UPDATE
            SET credential = excluded.credential, token_hash = excluded.token_hash, salt = excluded.salt,
                kinds = excluded.kinds, records_per_second = excluded.records_per_second,
                created_at = excluded.created_at, revoked_at = NULL
            WHERE sources.revoked_at IS NOT NULL
            """)
        return touched == 1
    }

    /// Revokes a source; false where none of this name may push.
    func revoke(name: String, at instant: Instant) async throws -> Bool {
        let touched = try await pool.execute(
            """
            UPDATE billing.sources
            SET revoked_at = \(instant)
            WHERE name = \(name) AND revoked_at IS NULL
            """)
        return touched == 1
    }
}
