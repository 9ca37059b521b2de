import Core
import Drivers
import Reference

/// Two rows that correct a record: one takes the standing row back, the other has the new rating.
struct RerateCorrection: Sendable {
    let standing: StandingUsage
    let stored: StoredUsage
    let ids: IDs

    /// The ids of a record's two rows, which follow from the preview.
    struct IDs: Sendable, Hashable {
        let reversal: UsageID
        let corrected: UsageID

        init(of record: UsageID, preview: Identifier128) {
            func id(_ what: String) -> UsageID {
                UsageID(Identifier128.named(by: Array("\(what) \(preview.text) \(record.text)".utf8)))
            }
            reversal = id("rerate-reversal")
            corrected = id("rerate-corrected")
        }
    }

    /// The row with the new rating.
    var corrected: StoredUsage { stored.corrected(as: ids.corrected, of: standing.row.id) }

    /// Those whose standing row nothing has taken back yet.
    static func stillStanding(
        _ corrections: [RerateCorrection], _ kind: RawKind, in transaction: PostgresTransaction
    ) throws -> [RerateCorrection] {
        let rows = try transaction.query(
            """
            SELECT reverses FROM \(SQL(verbatim: kind.outcomeTable))
            WHERE usage_day = ANY (\(Array(Set(corrections.map { $0.standing.day }))))
                AND reverses = ANY (\(corrections.map { $0.standing.rowID }))
            """)
        let reversed = Set(try rows.map { try $0.value("reverses", as: UsageID.self) })
        return corrections.filter { !reversed.contains($0.standing.rowID) }
    }

    /// What a reversal has with the other sign.
    private static let negated: Set<String> = [
        "duration_ms", "billed_seconds", "units", "charge", "vendor_billed_seconds", "vendor_cost", "margin",
    ]

    /// The columns of a reversal, and what each is made of: of the `standing` row, but for its own id, number and time.
    static func reversal(
        _ kind: RawKind, id: SQL, of record: SQL, number: SQL, at: SQL
    ) -> (columns: SQL, values: SQL) {
        let columns = kind.outcomeColumns + ["reverses"]
        let values: [SQL] = columns.map { column in
            switch column {
            case "id": id
            case "rated_seq": number
            case "rated_at": at
            case "corrects": record
            case "reverses": "standing.id"
            default: SQL(verbatim: (negated.contains(column) ? "-" : "") + "standing.\(column)")
            }
        }
        return (
            SQL(verbatim: columns.joined(separator: ", ")), values.dropFirst().reduce(values[0]) { "\($0), \($1)" }
        )
    }

    /// Inserts rows that take the standing ones back, under numbers of their own, and their spans.
    static func insertReversals(
        _ corrections: [RerateCorrection], _ kind: RawKind, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        let reversal = reversal(
            kind, id: "pair.reversal", of: "pair.record", number: "nextval('billing.rated_seq')", at: "\(now)")
        try transaction.execute(
            """
            WITH reversals AS (
                INSERT INTO \(SQL(verbatim: kind.outcomeTable)) (\(reversal.columns))
                SELECT \(reversal.values)
                FROM unnest(\(corrections.map { $0.ids.reversal }), \(corrections.map { $0.standing.row.id }),
                        \(corrections.map { $0.standing.rowID }), \(corrections.map { $0.standing.day }))
                    AS pair (reversal, record, row, day)
                JOIN \(SQL(verbatim: kind.outcomeTable)) AS standing
                    ON standing.id = pair.row AND standing.usage_day = pair.day
                RETURNING rated_seq, usage_day, charge
            )
            INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
            SELECT \(kind.serviceOfSpans)::text, usage_day, min(rated_seq), max(rated_seq), count(*), sum(charge)
            FROM reversals GROUP BY usage_day
            """)
    }
}

extension StoredUsage {
    /// The same row as the correction of a record, under an id of its own.
    func corrected(as id: UsageID, of record: UsageID) -> StoredUsage {
        var usage = usage
        usage.id = id
        return StoredUsage(row: row, usage: usage, extras: extras, corrects: record)
    }
}
