import Core
import DaemonKit
import Drivers
import Reference

/// The table `usage_corrections`: what people say of fields of parked records, kept apart from what was sent.
///
/// `RawUsageReader` lays them over the record, so that whoever rates it, the first time or again, reads the same.
enum UsageCorrections {
    /// Adds corrections of a record whose parked row the transaction has locked, and counts them there.
    static func insert(
        _ corrections: [RecordCorrection], of row: RawRow, because reason: String, by actor: String, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        let numbers = corrections.indices.map { Int64(row.corrections + $0 + 1) }
        try transaction.execute(
            """
            INSERT INTO billing.usage_corrections
                (kind, record_id, number, corrected_at, corrected_by, reason, field, old_value, new_value)
            SELECT \(row.kind.fact.rawValue), \(row.id), said.number, \(now), \(actor), \(reason), said.field,
                said.old_value::jsonb, said.new_value::jsonb
            FROM unnest(
                    \(numbers), \(corrections.map(\.field))::text[], \(corrections.map { $0.old.text })::text[],
                    \(corrections.map { $0.new.text })::text[])
                AS said (number, field, old_value, new_value)
            """)
        try transaction.execute(
            """
            UPDATE billing.unrated_usage SET corrections = \(row.corrections + corrections.count)
            WHERE kind = \(row.kind.fact.rawValue) AND id = \(row.id)
            """)
    }

    /// The column with the corrections of the row `raw`: how many there are, a blank, and a JSON object by field; NULL without any. Which
    /// records have some is read once for a query, not once for a row.
    static func column(of kind: RawKind) -> SQL {
        """
        CASE WHEN raw.id IN (
            SELECT said.record_id FROM billing.usage_corrections AS said WHERE said.kind = \(kind.fact.rawValue))
        THEN (
            SELECT count(*) || ' ' || jsonb_object_agg(said.field, said.new_value ORDER BY said.number)::text
            FROM billing.usage_corrections AS said
            WHERE said.kind = \(kind.fact.rawValue) AND said.record_id = raw.id) END AS corrections
        """
    }

    /// A document with what such a column says laid over it, and how many corrections that were.
    static func laid(_ column: String, over document: String) throws(PostgresError) -> (document: String, count: Int) {
        guard let blank = column.firstIndex(of: " "), let count = Int(column[..<blank]) else {
            throw .decoding(column: "corrections", reason: "no corrections of a record")
        }
        let fields = String(column[column.index(after: blank)...])
        return (RecordReader.document(document, correctedBy: fields), count)
    }
}

extension Core.JSONValue {
    /// As JSON.
    var text: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.text
    }
}
