import Core
import Drivers
import Reference

/// Who may push: a row of `sources`. Only the SHA-256 of its token is kept.
struct Source: Sendable, Equatable {
    let name: String
    let tokenHash: [UInt8]
    /// What it may send; empty is everything.
    let kinds: [RecordKind]
    let createdAt: Instant
    let revokedAt: Instant?

    /// Whether it may send records of this kind.
    func maySend(_ kind: RecordKind) -> Bool { kinds.isEmpty || kinds.contains(kind) }
}

/// The table `sources`.
struct SourceStore: Sendable {
    let pool: PostgresPool

    /// Every source, revoked ones too, by name.
    func all() async throws -> [Source] {
        let rows = try await pool.query(
            """
            SELECT name, token_hash, kinds, created_at, revoked_at
            FROM billing.sources
            ORDER BY name
            """)
        return try rows.map { row in
            let kinds: [String] = try row.value("kinds")
            return Source(
                name: try row.value("name"), tokenHash: try row.value("token_hash"),
                kinds: kinds.compactMap(RecordKind.init(name:)), createdAt: try row.value("created_at"),
                revokedAt: try row.value("revoked_at"))
        }
    }

    /// Adds a source, or gives a revoked one a new token; false where one of this name may push already.
    func add(name: String, tokenHash: [UInt8], kinds: [RecordKind], at instant: Instant) async throws -> Bool {
        let touched = try await pool.execute(
            """
            INSERT INTO billing.sources (name, token_hash, kinds, created_at)
            VALUES (\(name), \(tokenHash), \(kinds.map(\.name))::text[], \(instant))
            ON CONFLICT (name) DO UPDATE
            SET token_hash = excluded.token_hash, kinds = excluded.kinds, created_at = excluded.created_at,
                revoked_at = NULL
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
