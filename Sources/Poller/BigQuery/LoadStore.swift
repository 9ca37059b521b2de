import Core
import DaemonKit
import Drivers
import Reference

/// The table `bigquery_loads`: which batches there are and what is known of each. It is the truth; the service forgets job ids.
struct LoadStore: Sendable {
    let pool: PostgresPool

    /// The batch of a table that is not loaded yet; there is one at most.
    func open(_ table: ExportTable) async throws -> LoadBatch? {
        let rows = try await pool.query(
            """
            SELECT batch_id, from_seq, through_seq, usage_days, row_count, amount, body_bytes, row_format, attempt, state,
                upload_url, failure, retry_at
            FROM billing.bigquery_loads
            WHERE table_name = \(table.rawValue) AND state <> 'loaded'
            ORDER BY from_seq
            LIMIT 1
            """)
        return try rows.first.map { try Self.batch($0, table) }
    }

    /// When the last batch of a table was made, and how many bytes a row of it had.
    func latest(_ table: ExportTable) async throws -> (assignedAt: Instant, bytesPerRow: Int)? {
        let rows = try await pool.query(
            """
            SELECT assigned_at, body_bytes / row_count AS bytes_per_row
            FROM billing.bigquery_loads
            WHERE table_name = \(table.rawValue)
            ORDER BY through_seq DESC
            LIMIT 1
            """)
        return try rows.first.map { (try $0.value("assigned_at"), try $0.value("bytes_per_row")) }
    }

    /// Through which number everything is loaded.
    func loadedThrough(_ table: ExportTable) async throws -> Int64 {
        let rows = try await pool.query(
            """
            SELECT coalesce(max(through_seq), 0) AS through
            FROM billing.bigquery_loads
            WHERE table_name = \(table.rawValue) AND state = 'loaded'
            """)
        return try rows.first?.value("through") ?? 0
    }

    /// Gives a batch its rows and its job id, in one transaction with the mark; false when another poller was first.
    func assign(_ batch: LoadBatch, at now: Instant) async throws -> Bool {
        try await pool.withTransaction { transaction in
            let progress = batch.table.progress
            let through = try progress.lockedThrough(in: transaction, now: now.milliseconds)
            guard through == batch.from else { return false }
            try transaction.execute(
                """
                INSERT INTO billing.bigquery_loads
                    (batch_id, table_name, from_seq, through_seq, usage_days, row_count, amount, body_bytes, row_format,
                    attempt, job_id, state, assigned_at)
                VALUES (\(batch.id), \(batch.table.rawValue), \(batch.from), \(batch.through), \(batch.days), \(batch.rows),
                    \(batch.amount.text(.charge))::numeric, \(batch.bytes), \(batch.format), \(batch.attempt),
                    \(batch.jobID), 'assigned', \(now))
                """)
            progress.advance(in: transaction, to: batch.through, now: now.milliseconds)
            return true
        }
    }

    /// Passes numbers that no row of a table has.
    func pass(_ table: ExportTable, from: Int64, to through: Int64, at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            guard try table.progress.lockedThrough(in: transaction, now: now.milliseconds) == from else { return }
            table.progress.advance(in: transaction, to: through, now: now.milliseconds)
        }
    }

    /// From now on the batch may have been sent.
    func submit(_ batch: LoadBatch, uploadURL: String?, at now: Instant) async throws {
        try await pool.execute(
            """
            UPDATE billing.bigquery_loads
            SET state = 'submitted', upload_url = \(uploadURL), body_bytes = \(batch.bytes), row_format = \(batch.format),
                submitted_at = coalesce(submitted_at, \(now))
            WHERE batch_id = \(batch.id) AND attempt = \(batch.attempt) AND state IN ('assigned', 'submitted')
            """)
    }

    /// The batch is in BigQuery.
    func finish(_ batch: LoadBatch, outputRows: Int64?, at now: Instant) async throws {
        try await pool.execute(
            """
            UPDATE billing.bigquery_loads
            SET state = 'loaded', loaded_at = \(now), output_rows = \(outputRows), upload_url = NULL, retry_at = NULL
            WHERE batch_id = \(batch.id) AND attempt = \(batch.attempt) AND state = 'submitted'
            """)
    }

    /// The batch's job failed: nothing of it is in BigQuery.
    func fail(_ batch: LoadBatch, because failure: String, retryAt: Instant) async throws {
        try await pool.execute(
            """
            UPDATE billing.bigquery_loads
            SET state = 'failed', failure = \(failure), retry_at = \(retryAt), upload_url = NULL
            WHERE batch_id = \(batch.id) AND attempt = \(batch.attempt) AND state = 'submitted'
            """)
    }

    /// Gives a failed batch its next job id. Only what failed for good gets one: as long as a job's fate is unknown, it keeps its id.
    func assignAgain(_ batch: LoadBatch, at now: Instant) async throws -> LoadBatch {
        var next = batch
        next.attempt += 1
        next.state = .assigned
        next.uploadURL = nil
        try await pool.execute(
            """
            UPDATE billing.bigquery_loads
            SET state = 'assigned', attempt = \(next.attempt), job_id = \(next.jobID), retry_at = NULL, submitted_at = NULL
            WHERE batch_id = \(batch.id) AND attempt = \(batch.attempt) AND state = 'failed'
            """)
        return next
    }

    private static func batch(_ row: PostgresRow, _ table: ExportTable) throws -> LoadBatch {
        let state: LoadBatch.State =
            switch try row.value("state", as: String.self) {
            case "assigned": .assigned
            case "submitted": .submitted
            case "failed": .failed(retryAt: try row.value("retry_at"))
            default: .loaded
            }
        return LoadBatch(
            id: try row.value("batch_id"), table: table, from: try row.value("from_seq"),
            through: try row.value("through_seq"), days: try row.value("usage_days"), rows: try row.value("row_count"),
            amount: try row.value("amount"), bytes: try row.value("body_bytes"), format: try row.value("row_format"),
            attempt: try row.value("attempt"), state: state, uploadURL: try row.value("upload_url"),
            failure: try row.value("failure"))
    }
}
