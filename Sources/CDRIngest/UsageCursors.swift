import Core
import Drivers
import Reference

/// How far a table has been read.
struct UsageCursor: Sendable, Equatable {
    /// Where reading began, a full hour.
    let first: Microseconds
    /// Every row up to here that was there when it was read is durable.
    let mark: UsageMark
}

/// The tables `ingest_cursors` and `ingest_cursor_hours`: what was read of sources that cdr-ingest fetches itself.
///
/// A cursor moves only from where its reader found it, so two instances that read at once can't make it skip anything.
struct UsageCursors: Sendable {
    let pool: PostgresPool
    let source: String
    let now: @Sendable () -> Instant

    /// The cursor; a source that was never read begins at an instant.
    func cursor(beginningAt first: Microseconds) async throws -> UsageCursor {
        try await pool.execute(
            """
            INSERT INTO billing.ingest_cursors (source, first_at, cursor_at, cursor_id, updated_at)
            VALUES (\(source), \(first.text)::timestamptz, \(first.text)::timestamptz, '', \(now()))
            ON CONFLICT (source) DO NOTHING
            """)
        let rows = try await pool.query(
            """
            SELECT (extract(epoch FROM first_at) * 1000000)::bigint AS first,
                (extract(epoch FROM cursor_at) * 1000000)::bigint AS time, cursor_id
            FROM billing.ingest_cursors
            WHERE source = \(source)
            """)
        guard let row = rows.first else { throw BigQueryUsageError.overtaken }
        let first: Int64 = try row.value("first")
        let time: Int64 = try row.value("time")
        return UsageCursor(
            first: Microseconds(first), mark: UsageMark(time: Microseconds(time), id: try row.value("cursor_id")))
    }

    /// Moves the cursor over rows that are durable, and counts them in their hours.
    func advance(from mark: UsageMark, over rows: [UsageRow]) async throws {
        guard let last = rows.last?.mark else { return }
        let hours = Self.counts(rows)
        try await pool.withTransaction { transaction in
            let moved = try transaction.execute(
                """
                UPDATE billing.ingest_cursors
                SET cursor_at = \(last.time.text)::timestamptz, cursor_id = \(last.id), updated_at = \(now())
                WHERE source = \(source) AND cursor_at = \(mark.time.text)::timestamptz AND cursor_id = \(mark.id)
                """)
            guard moved == 1 else { throw BigQueryUsageError.overtaken }
            try transaction.execute(
                """
                INSERT INTO billing.ingest_cursor_hours (source, hour, row_count)
                SELECT \(source), hour, row_count
                FROM unnest(\(hours.map(\.hour)), \(hours.map(\.count))) AS counted (hour, row_count)
                ON CONFLICT (source, hour)
                DO UPDATE SET row_count = ingest_cursor_hours.row_count + excluded.row_count
                """)
        }
    }

    /// How many rows were read of each hour from an instant on.
    func counts(from start: Microseconds) async throws -> [Microseconds: Int] {
        let rows = try await pool.query(
            """
            SELECT (extract(epoch FROM hour) * 1000000)::bigint AS hour, row_count
            FROM billing.ingest_cursor_hours
            WHERE source = \(source) AND hour >= \(start.text)::timestamptz
            """)
        var counts: [Microseconds: Int] = [:]
        for row in rows { counts[Microseconds(try row.value("hour") as Int64)] = try row.value("row_count") as Int }
        return counts
    }

    /// Keeps how many rows some hours have, which have been read again up to the cursor.
    func set(_ counts: [Microseconds: Int], at mark: UsageMark) async throws {
        let hours = counts.map { (hour: $0.key.hourInstant, count: Int64($0.value)) }
        try await pool.withTransaction { transaction in
            let held = try transaction.query(
                """
                SELECT source
                FROM billing.ingest_cursors
                WHERE source = \(source) AND cursor_at = \(mark.time.text)::timestamptz AND cursor_id = \(mark.id)
                FOR UPDATE
                """)
            guard !held.isEmpty else { throw BigQueryUsageError.overtaken }
            try transaction.execute(
                """
                INSERT INTO billing.ingest_cursor_hours (source, hour, row_count)
                SELECT \(source), hour, row_count
                FROM unnest(\(hours.map(\.hour)), \(hours.map(\.count))) AS counted (hour, row_count)
                ON CONFLICT (source, hour) DO UPDATE SET row_count = excluded.row_count
                """)
        }
    }

    /// Forgets the hours in which no late row is looked for any more.
    func forget(before start: Microseconds) async throws {
        try await pool.execute(
            """
            DELETE FROM billing.ingest_cursor_hours
            WHERE source = \(source) AND hour < \(start.text)::timestamptz
            """)
    }

    private static func counts(_ rows: [UsageRow]) -> [(hour: Instant, count: Int64)] {
        Dictionary(grouping: rows, by: \.mark.time.hour).map { ($0.key.hourInstant, Int64($0.value.count)) }
    }
}
