import Core
import Drivers
import Reference

/// The raw tables that the poller turns into outcomes, and what differs between them.
enum RawKind: Int32, Sendable, CaseIterable, Hashable {
    // The values are the key kinds of `record_keys`; they also tell the advisory locks of the kinds apart.
    case call = 1
    case attempt = 2
    case message = 3
    case query = 4

    /// A kind by its table's name; nil for a table that the poller does not read.
    init?(_ kind: FactKind) {
        switch kind {
        case .rawCDR: self = .call
        case .rawVendorCDR: self = .attempt
        case .rawMDR: self = .message
        case .rawAPIUsage: self = .query
        case .ratedCDR, .ratedMDR, .ratedAPIUsage: return nil
        }
    }

    /// The raw table, by which spans, progress and parked rows name the kind.
    var fact: FactKind {
        switch self {
        case .call: .rawCDR
        case .attempt: .rawVendorCDR
        case .message: .rawMDR
        case .query: .rawAPIUsage
        }
    }

    /// As records of this kind are read.
    var record: RecordKind {
        switch self {
        case .call: .cdr
        case .attempt: .vendorCDR
        case .message: .mdr
        case .query: .api
        }
    }

    /// As `ingest_counts` and `rating_counts` name it.
    var countedAs: String { record.name }

    /// The table of its outcomes.
    var outcomeTable: String {
        switch self {
        case .call: "billing.rated_cdr"
        case .attempt: "billing.vendor_cdr"
        case .message: "billing.rated_mdr"
        case .query: "billing.rated_api_usage"
        }
    }

    /// The SQL of the natural key (rule G8).
    fileprivate var naturalKey: SQL {
        switch self {
        case .call: "raw.sip_uuid::text"
        case .attempt: "raw.sip_uuid || '|' || raw.attempt_number"
        case .message: "raw.message_id"
        case .query: "raw.usage_id"
        }
    }

    /// The SQL of whether a row is usage; only messages have evidence that is not (M9).
    fileprivate var isUsage: SQL {
        switch self {
        case .call, .attempt, .query: "true"
        case .message: "(raw.is_final OR raw.is_conflict)"
        }
    }
}

/// One row of a raw table.
struct RawRow: Sendable, Hashable {
    let kind: RawKind
    let id: UsageID
    let number: Int64
    let day: UsageDay
    let source: String
    let receivedAt: Instant
    /// The key of an earlier record with other content (rule G8).
    let isConflict: Bool
    /// The natural key.
    let key: String
    /// The record, JSON: as it came, with what people corrected of it laid over.
    let document: String
    /// How many corrections that were.
    var corrections = 0

    /// The hour of receipt, by which outcomes are counted.
    var hourOfReceipt: Instant {
        Instant(milliseconds: receivedAt.milliseconds - receivedAt.milliseconds % 3_600_000)
    }
}

/// Reads raw rows: by the spans of a doorbell, by what a sweep finds without an outcome, by the places of parked rows.
struct RawUsageReader: Sendable {
    let pool: PostgresPool

    /// The most spans that one query names.
    private static let spansPerQuery = 200

    /// The usage of these spans, evidence left out, in order of day and number.
    func rows(of kind: RawKind, in spans: [UsageSpan]) async throws -> [RawRow] {
        var rows: [RawRow] = []
        for start in stride(from: 0, to: spans.count, by: Self.spansPerQuery) {
            let part = spans[start..<min(start + Self.spansPerQuery, spans.count)]
            let days = part.map(\.day)
            let found = try await pool.query(
                """
                SELECT \(Self.columns(of: kind))
                FROM unnest(\(days), \(part.map(\.first)), \(part.map(\.last))) AS span (day, first, last)
                JOIN \(Self.table(of: kind)) AS raw
                    ON raw.usage_day = span.day AND raw.raw_seq BETWEEN span.first AND span.last
                WHERE raw.usage_day = ANY (\(Array(Set(days)))) AND \(kind.isUsage)
                ORDER BY raw.usage_day, raw.raw_seq
                """)
            rows += try found.map { try RawRow(kind: kind, $0) }
        }
        return rows
    }

    /// Rows at known places, as parked usage names them.
    func rows(of kind: RawKind, at places: [(day: UsageDay, number: Int64)]) async throws -> [RawRow] {
        guard !places.isEmpty else { return [] }
        let found = try await pool.query(
            """
            SELECT \(Self.columns(of: kind))
            FROM unnest(\(places.map(\.day)), \(places.map(\.number))) AS place (day, number)
            JOIN \(Self.table(of: kind)) AS raw ON raw.usage_day = place.day AND raw.raw_seq = place.number
            WHERE raw.usage_day = ANY (\(Array(Set(places.map(\.day)))))
            ORDER BY raw.usage_day, raw.raw_seq
            """)
        return try found.map { try RawRow(kind: kind, $0) }
    }

    /// Usage of a day numbered above `after` and at most `through` that has no outcome yet, the first `limit` by number.
    func withoutOutcome(
        _ kind: RawKind, on day: UsageDay, after: Int64, through: Int64, limit: Int
    ) async throws -> [RawRow] {
        let found = try await pool.query(
            """
            SELECT \(Self.columns(of: kind))
            FROM \(Self.table(of: kind)) AS raw
            WHERE raw.usage_day = \(day) AND raw.raw_seq > \(after) AND raw.raw_seq <= \(through) AND \(kind.isUsage)
                AND NOT EXISTS (
                    SELECT FROM \(identifier: kind.outcomeTable) AS outcome
                    WHERE outcome.id = raw.id AND outcome.usage_day = \(day))
                AND NOT EXISTS (
                    SELECT FROM billing.unrated_usage AS parked
                    WHERE parked.kind = \(kind.fact.rawValue) AND parked.id = raw.id)
            ORDER BY raw.raw_seq
            LIMIT \(limit)
            """)
        return try found.map { try RawRow(kind: kind, $0) }
    }

    private static func table(of kind: RawKind) -> SQL {
        "\(identifier: "billing.\(kind.fact.rawValue)")"
    }

    /// The columns that a `RawRow` is made of; the table's alias is `raw`.
    static func columns(of kind: RawKind) -> SQL {
        """
        raw.id, raw.raw_seq, raw.usage_day, raw.source, raw.received_at, raw.is_conflict,
        \(kind.naturalKey) AS natural_key, raw.document,
        \(UsageCorrections.column(of: kind))
        """
    }
}

extension RawRow {
    /// A row with `RawUsageReader.columns`.
    init(kind: RawKind, _ row: PostgresRow) throws(PostgresError) {
        self.kind = kind
        id = try row.value("id")
        number = try row.value("raw_seq")
        day = try row.value("usage_day")
        source = try row.value("source")
        receivedAt = try row.value("received_at")
        isConflict = try row.value("is_conflict")
        key = try row.value("natural_key")
        let asItCame: String = try row.value("document")
        if let said: String = try row.value("corrections") {
            (document, corrections) = try UsageCorrections.laid(said, over: asItCame)
        } else {
            document = asItCame
        }
    }
}
