import Core
import Drivers
import Reference

/// A parked record as people look at it.
struct ParkedRecord: Sendable {
    let kind: String
    let id: Identifier128
    /// Where its raw row lies.
    let rawDay: UsageDay
    let number: Int64
    let key: String
    let status: String
    let flags: [String]
    let customerBAN: String?
    let source: String
    let receivedAt: Instant
    let parkedAt: Instant
    let attempts: Int
    let refVersion: String
    let retryAt: Instant?
    let resolvedAt: Instant?
    let resolution: String?
    /// JSON.
    let evidence: String
    /// What people corrected of it, a JSON array, the first at the front.
    let corrections: String

    /// One line of a list.
    var line: String {
        let reasons = flags.isEmpty ? "-" : flags.joined(separator: ",")
        return "\(parkedAt.text)  \(kind)  \(status)  \(reasons)  \(customerBAN ?? "-")  \(key)"
    }

    /// One JSON object.
    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("kind", kind)
            writer.field("id", id.text)
            writer.field("natural_key", key)
            writer.field("status", status)
            writer.field("flags", flags)
            writer.field("customer_ban", customerBAN)
            writer.field("source", source)
            writer.field("received_at", receivedAt.text)
            writer.field("parked_at", parkedAt.text)
            writer.field("attempts", attempts)
            writer.field("ref_version", refVersion)
            writer.field("retry_at", retryAt?.text)
            writer.field("resolved_at", resolvedAt?.text)
            writer.field("resolution", resolution)
            writer.key("evidence")
            writer.raw(evidence.utf8)
            writer.key("corrections")
            writer.raw(corrections.utf8)
        }
        return writer.text
    }
}

/// Reads parked usage for people.
struct ParkedReads: Sendable {
    let pool: PostgresPool

    private static let columns: SQL = """
        kind, id, raw_day, raw_seq, natural_key, status, flags, customer_ban, source, received_at, parked_at, attempts, ref_version, retry_at,
        resolved_at, resolution, evidence::text AS evidence,
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'field', said.field, 'old', said.old_value, 'new', said.new_value, 'at', said.corrected_at,
                'by', said.corrected_by, 'reason', said.reason) ORDER BY said.number), '[]')::text
            FROM billing.usage_corrections AS said
            WHERE said.kind = unrated_usage.kind AND said.record_id = unrated_usage.id
        ) AS said
        """

    /// Open records, the oldest first; of one status or with one flag where these are given.
    func open(status: String?, flag: String?, limit: Int) async throws -> [ParkedRecord] {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns)
            FROM billing.unrated_usage
            WHERE resolved_at IS NULL AND (\(status)::text IS NULL OR status = \(status))
                AND (\(flag)::text IS NULL OR \(flag) = ANY (flags))
            ORDER BY parked_at, raw_seq
            LIMIT \(limit)
            """)
        return try rows.map { try ParkedRecord($0) }
    }

    /// The records of an id or of a natural key, resolved ones too.
    func records(named name: String) async throws -> [ParkedRecord] {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns)
            FROM billing.unrated_usage
            WHERE id = \(Identifier128(parsing: name)) OR natural_key = \(name)
            ORDER BY parked_at
            LIMIT 100
            """)
        return try rows.map { try ParkedRecord($0) }
    }
}

extension ParkedRecord {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        kind = try row.value("kind")
        id = try row.value("id")
        rawDay = try row.value("raw_day")
        number = try row.value("raw_seq")
        key = try row.value("natural_key")
        status = try row.value("status")
        flags = try row.value("flags")
        customerBAN = try row.value("customer_ban")
        source = try row.value("source")
        receivedAt = try row.value("received_at")
        parkedAt = try row.value("parked_at")
        attempts = try row.value("attempts")
        refVersion = try row.value("ref_version")
        retryAt = try row.value("retry_at")
        resolvedAt = try row.value("resolved_at")
        resolution = try row.value("resolution")
        evidence = try row.value("evidence")
        corrections = try row.value("said")
    }
}
