import Core
import DaemonKit
import Drivers
import Reference

/// The table `usage_corrections`: what people say of fields of parked records, kept apart from what was sent.
///
/// `RawUsageReader.columns` lays them over the record, so that whoever rates it, the first time or again, reads the same.
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

    /// The columns with the corrections of the row `raw`: a JSON object by field, and how many there are. Nothing is looked up row by
    /// row while there are none at all.
    static func columns(of kind: RawKind) -> SQL {
        """
        CASE WHEN EXISTS (SELECT FROM billing.usage_corrections) THEN (
            SELECT jsonb_object_agg(said.field, said.new_value ORDER BY said.number)::text
            FROM billing.usage_corrections AS said
            WHERE said.kind = \(kind.fact.rawValue) AND said.record_id = raw.id) END AS corrected_fields,
        CASE WHEN EXISTS (SELECT FROM billing.usage_corrections) THEN (
            SELECT count(*) FROM billing.usage_corrections AS said
            WHERE said.kind = \(kind.fact.rawValue) AND said.record_id = raw.id) ELSE 0 END AS corrections
        """
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
