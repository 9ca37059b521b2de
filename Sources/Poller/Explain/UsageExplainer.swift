import Core
import Drivers
import LiveReference
import Reference

/// Explains stored usage: the record is rated again by the versions that its row bears, and its steps are told.
struct UsageExplainer: Sendable {
    let pool: PostgresPool
    let reference: CurrentReference

    /// A record, what is stored of it, and how it came to that.
    struct Explained: Sendable {
        let id: UsageID
        /// Where it stands: `rated_cdr`, `unrated_usage`, …
        let table: String
        let status: String
        let charge: Money?
        let explanation: Explanation
        /// Whether rating it again comes to what is stored; nil for parked usage, which has no amounts.
        let isSame: Bool?

        var json: [UInt8] {
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("id", id.text)
                writer.key("stored")
                writer.object { writer in
                    writer.field("table", table)
                    writer.field("status", status)
                    writer.field("charge", charge?.text(.charge))
                }
                writer.key("same_again")
                writer.raw((isSame.map { "\($0)" } ?? "null").utf8)
                writer.key("explanation")
                explanation.json.write(to: &writer)
            }
            return writer.bytes
        }
    }

    /// The explanation of a record or of a row that corrects one; nil where none has this id.
    func explain(_ id: UsageID) async throws -> Explained? {
        for kind in RawKind.charged {
            if let found = try await rated(id, kind) { return found }
        }
        return try await parked(id)
    }

    private func rated(_ id: UsageID, _ kind: RawKind) async throws -> Explained? {
        let found = try await pool.query(
            """
            SELECT \(StandingUsage.columns(of: kind)), rated.ref_version
            FROM \(StandingUsage.source(of: kind))
            WHERE rated.id = \(id) AND rated.reverses IS NULL
            """)
        guard let row = found.first else { return nil }
        let standing = try StandingUsage(kind: kind, row)
        let tables = try await reference.tables(version: try row.value("ref_version"))
        guard let explanation = try Self.explanation(of: standing.row, dip: standing.dip, by: tables) else {
            return nil
        }
        return Explained(
            id: id, table: kind.outcomeTableName, status: standing.facts.status.rawValue,
            charge: standing.facts.charge, explanation: explanation,
            isSame: explanation.usage.map { RatedFacts($0) } == standing.facts)
    }

    private func parked(_ id: UsageID) async throws -> Explained? {
        let found = try await pool.query(
            """
            SELECT kind, raw_day, raw_seq, status, ref_version FROM billing.unrated_usage
            WHERE id = \(id) AND kind = ANY (\(RawKind.charged.map { $0.fact.rawValue })::text[])
            """)
        guard let row = found.first else { return nil }
        let fact: String = try row.value("kind")
        let place = (day: try row.value("raw_day", as: UsageDay.self), number: try row.value("raw_seq", as: Int64.self))
        guard let kind = RawKind.charged.first(where: { $0.fact.rawValue == fact }),
            let raw = try await RawUsageReader(pool: pool).rows(of: kind, at: [place]).first
        else { return nil }
        let tables = try await reference.tables(version: try row.value("ref_version"))
        guard let explanation = try Self.explanation(of: raw, dip: nil, by: tables) else { return nil }
        return Explained(
            id: id, table: "unrated_usage", status: try row.value("status"), charge: nil, explanation: explanation,
            isSame: nil)
    }

    private static func explanation(
        of row: RawRow, dip: LRNAnswer?, by tables: RatingTables
    ) throws -> Explanation? {
        do throws(RejectReason) {
            switch try Enricher().enriched(row).record {
            case .call(let call): return tables.explain(call, dip: dip, received: row.receivedAt)
            case .message(let message): return tables.explain(message, received: row.receivedAt)
            case .query(let query): return tables.explain(query, received: row.receivedAt)
            case .attempt, .receipt: return nil
            }
        } catch {
            return Explanation(refusal: error, kind: row.kind.record)
        }
    }
}
