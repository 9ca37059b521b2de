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

/// One row of a raw table. Handed on by reference: it goes with its record through rating and storing.
final class RawRow: Sendable {
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
    let document: [UInt8]
    /// How many corrections that were.
    let corrections: Int

    /// A row with `RawUsageReader.columns` as its first columns.
    init(kind: RawKind, _ row: PostgresRow) throws(PostgresError) {
        self.kind = kind
        id = try row.value(at: 0)
        number = try row.value(at: 1)
        day = try row.value(at: 2)
        source = try row.value(at: 3)
        receivedAt = try row.value(at: 4)
        isConflict = try row.value(at: 5)
        key = try row.value(at: 6)
        let asItCame = try row.text(at: 7)
        if let said: String = try row.value(at: 8) {
            let laid = try UsageCorrections.laid(said, over: String(decoding: asItCame, as: UTF8.self))
            document = Array(laid.document.utf8)
            corrections = laid.count
        } else {
            document = asItCame
            corrections = 0
        }
    }

    /// The hour of receipt, by which outcomes are counted.
    var hourOfReceipt: Instant {
        Instant(milliseconds: receivedAt.milliseconds - receivedAt.milliseconds % 3_600_000)
    }
}

/// Reads raw rows: by the spans of a doorbell, by what a sweep finds without an outcome, by the places of parked rows.
struct RawUsageReader: Sendable {
    let pool: PostgresPool

    /// The most spans that one query names.
    private static let spansPerQuery = 1_000

    /// The usage of these spans, evidence left out, in order of day and number.
    func rows(of kind: RawKind, in spans: [UsageSpan]) async throws -> [RawRow] {
        try await rows(of: kind, in: spans) { _ in ("", "") }
    }

    /// The usage of these spans that is neither rated nor parked; each row is looked up by its key: a join might read a whole day.
    func withoutOutcome(_ kind: RawKind, in spans: [UsageSpan]) async throws -> [RawRow] {
        try await rows(of: kind, in: spans) { day in
            (
                """
                LEFT JOIN LATERAL (
                    SELECT true AS found FROM \(identifier: kind.outcomeTable) AS outcome
                    WHERE outcome.id = raw.id AND outcome.usage_day = \(day)
                    LIMIT 1) AS stored ON true
                LEFT JOIN LATERAL (
                    SELECT true AS found FROM billing.unrated_usage AS parked
                    WHERE parked.kind = \(kind.fact.rawValue) AND parked.id = raw.id
                    LIMIT 1) AS parked ON true
                """, "AND stored.found IS NULL AND parked.found IS NULL"
            )
        }
    }

    /// Rows at known places, as parked usage names them.
    func rows(of kind: RawKind, at places: [(day: UsageDay, number: Int64)]) async throws -> [RawRow] {
        try await rows(
            of: kind, in: places.map { UsageSpan(kind: kind.fact, day: $0.day, first: $0.number, last: $0.number) })
    }

    /// Each day by itself, so that one partition is asked, and each span by a look into its index: a join of all spans with the day's
    /// rows would compare each with each.
    private func rows(
        of kind: RawKind, in spans: [UsageSpan], _ more: (UsageDay) -> (joins: SQL, conditions: SQL)
    ) async throws -> [RawRow] {
        var rows: [RawRow] = []
        for (day, spans) in Dictionary(grouping: spans, by: { $0.day }).sorted(by: { $0.key < $1.key }) {
            let (joins, conditions) = more(day)
            for start in stride(from: 0, to: spans.count, by: Self.spansPerQuery) {
                let part = spans[start..<min(start + Self.spansPerQuery, spans.count)]
                let found = try await pool.query(
                    """
                    SELECT part.*
                    FROM unnest(\(part.map { $0.first }), \(part.map { $0.last })) AS span (first, last),
                        LATERAL (
                            SELECT \(Self.columns(of: kind))
                            FROM \(Self.table(of: kind)) AS raw
                            \(joins)
                            WHERE raw.usage_day = \(day) AND raw.raw_seq BETWEEN span.first AND span.last
                                AND \(kind.isUsage) \(conditions)
                            OFFSET 0) AS part
                    """)
                rows += try found.map { try RawRow(kind: kind, $0) }
            }
        }
        // Here, since the server would carry the documents through its sort.
        return rows.sorted { ($0.day, $0.number) < ($1.day, $1.number) }
    }

    /// What was written of a kind above `from` and up to `through`, span by span.
    func spans(of kind: RawKind, from: Int64, through: Int64) async throws -> [UsageSpan] {
        let rows = try await pool.query(
            """
            SELECT usage_day, greatest(first_seq, \(from) + 1) AS first, least(last_seq, \(through)) AS last
            FROM billing.raw_spans
            WHERE kind = \(kind.fact.rawValue) AND last_seq > \(from) AND first_seq <= \(through)
            ORDER BY usage_day, first_seq
            """)
        return try rows.map { row in
            UsageSpan(
                kind: kind.fact, day: try row.value("usage_day"), first: try row.value("first"),
                last: try row.value("last"))
        }
    }

    private static func table(of kind: RawKind) -> SQL {
        "\(identifier: "billing.\(kind.fact.rawValue)")"
    }

    /// The columns that a `RawRow` is made of, which come first in a query; the table's alias is `raw`.
    static func columns(of kind: RawKind) -> SQL {
        """
        raw.id, raw.raw_seq, raw.usage_day, raw.source, raw.received_at, raw.is_conflict,
        \(kind.naturalKey) AS natural_key, raw.document,
        \(UsageCorrections.column(of: kind))
        """
    }
}
