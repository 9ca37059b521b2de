import Core
import DaemonKit
import Drivers
import Reference

/// One change of what is in force.
struct ReferenceVersion: Sendable, Hashable {
    let version: Int64
    let activatedAt: Instant
    let activatedBy: String
    let note: String
    /// Datasets that came or went with it: `lerg`, `deck retail-a`.
    let changes: [String]
}

/// There is no such version to go back to.
struct UnknownVersion: Error, CustomStringConvertible {
    let version: Int64

    var description: String { "there is no reference version \(version)" }
}

/// A deck that is not in force, or that was no other before.
struct NoEarlierDeck: Error, CustomStringConvertible {
    let name: String
    let version: Int64?

    var description: String {
        version.map { "the deck \(name) is as it was in version \($0), or was not there" }
            ?? "the deck \(name) is not in force, or has no load before this one"
    }
}

/// The versions of the reference data: which load of each dataset is in force from when to when.
struct ReferenceVersions: Sendable {
    let pool: PostgresPool

    /// The newest versions, the newest first.
    func list(limit: Int = 50) async throws -> [ReferenceVersion] {
        let rows = try await pool.query(
            """
            SELECT versions.version, versions.activated_at, versions.activated_by, versions.note,
                coalesce(changes.names, '{}') AS changes
            FROM billing.reference_versions AS versions
            LEFT JOIN LATERAL (
                SELECT array_agg(DISTINCT trim(changed.kind || ' ' || changed.name)) AS names
                FROM billing.reference_activations AS changed
                WHERE changed.from_version = versions.version OR changed.until_version = versions.version
            ) AS changes ON true
            ORDER BY versions.version DESC
            LIMIT \(limit)
            """)
        return try rows.map { row in
            ReferenceVersion(
                version: try row.value("version"), activatedAt: try row.value("activated_at"),
                activatedBy: try row.value("activated_by"), note: try row.value("note"),
                changes: try row.value("changes", as: [String].self).sorted())
        }
    }

    /// Puts in force what was in force in an earlier version, as a new version: history is never rewritten.
    func rollBack(to target: Int64, by actor: String, at now: Instant) async throws -> Int64 {
        try await pool.withTransaction { transaction in
            let version = try Self.begin(in: transaction, by: actor, note: "as version \(target)", at: now)
            let known = try transaction.query("SELECT 1 FROM billing.reference_versions WHERE version = \(target)")
            guard target < version, !known.isEmpty else { throw UnknownVersion(version: target) }
            let wanted = try Self.inForce(target, in: transaction)
            let current = try Self.inForce(version, in: transaction)
            for (dataset, load) in current where wanted[dataset] != load {
                try Self.end(dataset, with: version, in: transaction)
            }
            for (dataset, load) in wanted where current[dataset] != load {
                try Self.insert(dataset, load: load, from: version, in: transaction)
            }
            try Audit(table: "billing.poller_audit").record(
                in: transaction, actor: actor, action: "reference.rollback", subject: "version \(version)",
                detail: "{\"as\":\(target)}", at: now.milliseconds)
            return version
        }
    }

    /// Puts one deck in force as it was before its last load, or in an earlier version; the rest stays.
    func rollBack(deck name: String, to target: Int64? = nil, by actor: String, at now: Instant) async throws -> Int64 {
        try await pool.withTransaction { transaction in
            let note = "deck \(name) as " + (target.map { "in version \($0)" } ?? "before its last load")
            let version = try Self.begin(in: transaction, by: actor, note: note, at: now)
            let rows = try transaction.query(
                """
                SELECT earlier.load_id, current.load_id AS current_load
                FROM billing.reference_activations AS current
                JOIN billing.reference_activations AS earlier USING (kind, name)
                WHERE kind = 'deck' AND name = \(name) AND current.until_version IS NULL
                    AND ((\(target)::bigint IS NULL AND earlier.until_version = current.from_version)
                        OR (earlier.from_version <= \(target)
                            AND (earlier.until_version IS NULL OR \(target) < earlier.until_version)))
                """)
            guard let row = rows.first else { throw NoEarlierDeck(name: name, version: target) }
            let load: Int64 = try row.value("load_id")
            guard load != (try row.value("current_load") as Int64) else {
                throw NoEarlierDeck(name: name, version: target)
            }
            try Self.activate(.deck, name, load: load, from: version, in: transaction)
            try Audit(table: "billing.poller_audit").record(
                in: transaction, actor: actor, action: "deck.rollback", subject: "version \(version)",
                detail: "{\"load\":\(load)}", at: now.milliseconds)
            return version
        }
    }

    // MARK: In the transaction that changes it

    /// The key of the lock under which versions are numbered: one change at a time.
    private static let lockKey: Int64 = 7_700_900

    /// A new version, which nothing is in force for yet but what was.
    static func begin(
        in transaction: PostgresTransaction, by actor: String, note: String, at now: Instant
    ) throws -> Int64 {
        try transaction.execute("SELECT pg_advisory_xact_lock(\(lockKey))")
        let rows = try transaction.query(
            """
            INSERT INTO billing.reference_versions (version, activated_at, activated_by, note)
            SELECT coalesce(max(version), 0) + 1, \(now), \(actor), \(note)
            FROM billing.reference_versions
            RETURNING version
            """)
        guard let row = rows.first else { throw PostgresError.decoding(column: "version", reason: "no row") }
        return try row.value("version")
    }

    /// Puts a load in force from a version on, in place of the dataset's earlier one.
    static func activate(
        _ kind: ReferenceKind, _ name: String, load: Int64, from version: Int64, in transaction: PostgresTransaction
    ) throws {
        let dataset = Dataset(kind: kind.rawValue, name: name)
        try end(dataset, with: version, in: transaction)
        try insert(dataset, load: load, from: version, in: transaction)
    }

    private struct Dataset: Hashable {
        let kind: String
        let name: String
    }

    private static func end(_ dataset: Dataset, with version: Int64, in transaction: PostgresTransaction) throws {
        try transaction.execute(
            """
            UPDATE billing.reference_activations
            SET until_version = \(version)
            WHERE kind = \(dataset.kind) AND name = \(dataset.name) AND until_version IS NULL
            """)
    }

    private static func insert(
        _ dataset: Dataset, load: Int64, from version: Int64, in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.reference_activations (kind, name, load_id, from_version)
            VALUES (\(dataset.kind), \(dataset.name), \(load), \(version))
            """)
    }

    private static func inForce(_ version: Int64, in transaction: PostgresTransaction) throws -> [Dataset: Int64] {
        let rows = try transaction.query(
            """
            SELECT kind, name, load_id
            FROM billing.reference_activations
            WHERE from_version <= \(version) AND (until_version IS NULL OR \(version) < until_version)
            """)
        var loads: [Dataset: Int64] = [:]
        for row in rows {
            loads[Dataset(kind: try row.value("kind"), name: try row.value("name"))] = try row.value("load_id")
        }
        return loads
    }
}
