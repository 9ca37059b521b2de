import Core
import DaemonKit
import Drivers
import Reference

/// Rates stored days again by the versions that rated them, and compares every column with what is stored. Nothing is kept.
struct Replay: Sendable {
    let pool: PostgresPool
    var portedFiles: PortedNumberFiles?
    /// The most differences that are told; all are counted.
    var told = 20

    /// What the clock or a sequence said when a row was stored.
    static let left = ["rated_seq", "rated_at", "vendor_cdr_seq", "created_at"]

    /// A column that came out otherwise.
    struct Difference: Sendable, Equatable {
        let table: String
        /// The row's id.
        let id: String
        /// Nil where the record has no price by its version any more.
        let column: String?
        let stored: String?
        let again: String?
    }

    /// The rows of one kind and day.
    struct Sum: Sendable, Equatable {
        let day: UsageDay
        let kind: RawKind
        var rows = 0
        var different = 0
    }

    struct Report: Sendable {
        fileprivate(set) var sums: [Sum] = []
        fileprivate(set) var differences: [Difference] = []

        var isIdentical: Bool { sums.allSatisfy { $0.different == 0 } }
    }

    /// Replays days, one kind and version after the other.
    /// - Parameter progress: hears of each day and kind how far it is, chunk by chunk.
    func run(
        _ days: ClosedRange<UsageDay>, _ kinds: [RawKind] = RawKind.allCases,
        progress: @escaping @Sendable (Sum) -> Void = { _ in }
    ) async throws -> Report {
        var report = Report()
        var snapshot: RatingSnapshot?
        for day in RerateScope(days: days).allDays {
            for kind in kinds {
                var sum = Sum(day: day, kind: kind)
                for version in try await versions(of: kind, on: day) {
                    guard let stamp = SnapshotStamp(version) else {
                        throw ReferenceFault(place: kind.outcomeTable, problem: "\(version) is no version")
                    }
                    let tables = try await SnapshotLoader.load(
                        at: stamp, from: pool, sharing: snapshot, portedFiles: portedFiles)
                    snapshot = tables
                    let before = sum
                    let part = try await replay(
                        kind, on: day, version, tables.tables, room: told - report.differences.count
                    ) { rows, different in
                        var sum = before
                        sum.rows += rows
                        sum.different += different
                        progress(sum)
                    }
                    sum.rows += part.rows
                    sum.different += part.different
                    report.differences += part.differences
                }
                guard sum.rows > 0 else { continue }
                report.sums.append(sum)
            }
        }
        return report
    }

    private func versions(of kind: RawKind, on day: UsageDay) async throws -> [String] {
        let rows = try await pool.query(
            """
            SELECT DISTINCT ref_version FROM \(SQL(verbatim: kind.outcomeTable)) WHERE usage_day = \(day)
            ORDER BY ref_version
            """)
        return try rows.map { try $0.value("ref_version") }
    }

    /// What the rows of one version came to.
    private struct Part: Sendable {
        var rows = 0
        var different = 0
        var differences: [Difference] = []
    }

    /// The rows that a version rated, made again into a table of the session's own, chunk by chunk.
    private func replay(
        _ kind: RawKind, on day: UsageDay, _ version: String, _ tables: RatingTables, room: Int,
        progress: @escaping @Sendable (_ rows: Int, _ different: Int) -> Void
    ) async throws -> Part {
        try await pool.withTransaction(isolation: .repeatableRead) { transaction in
            try transaction.execute(
                "CREATE TEMPORARY TABLE replayed (LIKE \(SQL(verbatim: kind.outcomeTable))) ON COMMIT DROP")
            var part = Part()
            let lost = try Self.withoutSource(kind, on: day, version, in: transaction)
            part.rows = lost.count
            part.different = lost.count
            part.differences = lost.prefix(room).map {
                Difference(table: kind.outcomeTable, id: $0.text, column: nil, stored: nil, again: nil)
            }
            func compare(_ count: Int, without missing: [UsageID]) throws {
                part.rows += count
                part.different += missing.count
                let different = try Self.differences(kind, on: day, in: transaction)
                part.different += Set(different.map { $0.id }).count
                let all =
                    missing.map {
                        Difference(table: kind.outcomeTable, id: $0.text, column: nil, stored: nil, again: nil)
                    } + different
                part.differences += all.prefix(max(0, room - part.differences.count))
                try transaction.execute("DELETE FROM replayed")
                Watchdog.progressed()
                progress(part.rows, part.different)
            }
            if kind == .attempt {
                try StoredAttempt.forEach(on: day, ratedBy: version, in: transaction) { stored in
                    let again = try StoredAttempt.again(stored, by: tables, in: transaction)
                    try transaction.copy(into: "replayed", columns: kind.outcomeColumns) { copy in
                        for attempt in again {
                            try copy.row { attempt.write(to: $0, number: 0, at: attempt.row.receivedAt) }
                        }
                    }
                    try compare(stored.count, without: [])
                }
                return part
            }
            let rerating = Rerating(enricher: Enricher(), tables: tables)
            try StandingUsage.forEach(kind, on: day, ratedBy: version, in: transaction) { chunk in
                var missing: [UsageID] = []
                var again: [StoredUsage] = []
                for standing in chunk {
                    guard let stored = rerating.again(standing).stored else {
                        missing.append(standing.rowID)
                        continue
                    }
                    again.append(
                        standing.rowID == standing.row.id
                            ? stored : stored.corrected(as: standing.rowID, of: standing.row.id))
                }
                try transaction.copy(into: "replayed", columns: kind.outcomeColumns) { copy in
                    for usage in again {
                        try copy.row { usage.write(to: $0, number: 0, ratedAt: usage.row.receivedAt) }
                    }
                }
                try compare(chunk.count, without: missing)
            }
            let reversals = try Self.reverseAgain(kind, on: day, version, in: transaction)
            if reversals > 0 { try compare(reversals, without: []) }
            return part
        }
    }

    /// Makes the reversals of a version again, of the rows that they take back; how many.
    private static func reverseAgain(
        _ kind: RawKind, on day: UsageDay, _ version: String, in transaction: PostgresTransaction
    ) throws -> Int {
        let again = RerateCorrection.reversal(
            kind, id: "stored.id", of: "stored.corrects", number: "0", at: "stored.rated_at")
        let table = SQL(verbatim: kind.outcomeTable)
        return try transaction.execute(
            """
            INSERT INTO replayed (\(again.columns))
            SELECT \(again.values)
            FROM \(table) AS stored
            JOIN \(table) AS standing ON standing.id = stored.reverses AND standing.usage_day = \(day)
            WHERE stored.usage_day = \(day) AND stored.ref_version = \(version) AND stored.reverses IS NOT NULL
            """)
    }

    /// Rows whose raw row, or the row they take back, is not there any more: nothing says what they were made of.
    private static func withoutSource(
        _ kind: RawKind, on day: UsageDay, _ version: String, in transaction: PostgresTransaction
    ) throws -> [UsageID] {
        let lost: SQL =
            kind == .attempt
            ? ""
            : """
            AND stored.reverses IS NULL
                OR stored.reverses IS NOT NULL AND NOT EXISTS (
                    SELECT FROM \(SQL(verbatim: kind.outcomeTable)) AS standing
                    WHERE standing.id = stored.reverses AND standing.usage_day = \(day))
            """
        let rows = try transaction.query(
            """
            SELECT stored.id FROM \(SQL(verbatim: kind.outcomeTable)) AS stored
            WHERE stored.usage_day = \(day) AND stored.ref_version = \(version) AND (
                NOT EXISTS (
                    SELECT FROM \(SQL(verbatim: "billing.\(kind.fact.rawValue)")) AS raw
                    WHERE raw.usage_day = stored.raw_day AND raw.raw_seq = stored.raw_seq)
                \(lost))
            ORDER BY stored.id
            """)
        return try rows.map { try $0.value("id") }
    }

    /// The columns in which stored rows differ from those made again.
    private static func differences(
        _ kind: RawKind, on day: UsageDay, in transaction: PostgresTransaction
    ) throws -> [Difference] {
        let rows = try transaction.query(
            """
            SELECT stored.id::text AS id, field.key AS column, field.value AS stored, to_jsonb(again)->>field.key AS again
            FROM replayed AS again
            JOIN \(SQL(verbatim: kind.outcomeTable)) AS stored ON stored.id = again.id AND stored.usage_day = \(day)
            CROSS JOIN LATERAL jsonb_each_text(to_jsonb(stored)) AS field
            WHERE (to_jsonb(stored) - \(left)::text[])::text <> (to_jsonb(again) - \(left)::text[])::text
                AND field.key <> ALL (\(left)::text[]) AND field.value IS DISTINCT FROM to_jsonb(again)->>field.key
            ORDER BY stored.id, field.key
            """)
        return try rows.map { row in
            Difference(
                table: kind.outcomeTable, id: try row.value("id"), column: try row.value("column"),
                stored: try row.value("stored"), again: try row.value("again"))
        }
    }
}
