import Core
import DaemonKit
import Drivers
import Reference

/// What one commit did: the verdicts of every submission, record by record, and the numbers it wrote.
struct CommitOutcome: Sendable {
    let verdicts: [[RecordVerdict]]
    let spans: [RawSpan]
}

/// Keys, raw rows, rejects, spans and counts of a batch of submissions, in one transaction (M1, M2).
struct RawRecordStore: Sendable {
    let pool: PostgresPool
    let partitions: Partitions

    /// Makes the submissions durable and says what became of every record.
    /// - Throws: `PostgresError`. When its outcome is unknown, sending the same again finds repeats or stores them: never both.
    func commit(_ submissions: [Submission]) async throws -> CommitOutcome {
        let batch = RawBatch(submissions)
        // Before the transaction, since a partition is attached under a lock that would last until its end.
        for (kind, days) in batch.days {
            try await partitions.ensure(kind.table, days: days.map { Int($0.daysSince1970) })
        }
        return try await pool.withTransaction { try write(batch, in: $0) }
    }

    /// The whole of a commit, statement by statement. Locks come in one order: sequences by kind, then keys by kind and hash.
    private func write(_ batch: RawBatch, in transaction: PostgresTransaction) throws -> CommitOutcome {
        let numbers = try drawNumbers(batch, in: transaction)
        let taken = try claimKeys(batch, numbers: numbers, in: transaction)
        let owners = try readOwners(batch, besides: taken, in: transaction)
        let standings = batch.claims.standings(taken: taken, owners: owners)
        let rows = batch.rows(standings: standings, numbers: numbers)
        let spans = try writeRows(rows, in: transaction)
        let verdicts = batch.verdicts(standings: standings, rows: rows)
        try writeRejects(batch, in: transaction)
        try writeCounts(batch.counts(verdicts: verdicts), in: transaction)
        return CommitOutcome(verdicts: verdicts, spans: spans)
    }

    /// A number for every record, by position, under the lock that `horizon` waits for. A repeat leaves its number unused.
    private func drawNumbers(_ batch: RawBatch, in transaction: PostgresTransaction) throws(PostgresError) -> [Int64] {
        var numbers = [Int64](repeating: 0, count: batch.records.count)
        for (kind, positions) in batch.positionsByKind {
            let rows = try transaction.query(
                """
                SELECT nextval(\("billing.\(kind.table)_seq")::text::regclass) AS number
                FROM billing.lock_sequence(\(kind.table)::text), generate_series(1, \(positions.count))
                """)
            var drawn: [Int64] = []
            for row in rows { drawn.append(try row.value(at: 0)) }
            for (position, number) in zip(positions, drawn.sorted()) { numbers[position] = number }
        }
        return numbers
    }

    /// Claims the batch's keys; the answer holds the positions whose key was new. Waits for other batches that claim the same.
    private func claimKeys(
        _ batch: RawBatch, numbers: [Int64], in transaction: PostgresTransaction
    ) throws(PostgresError) -> Set<Int> {
        let claimants = batch.claims.claimants
        guard !claimants.isEmpty else { return [] }
        let records = claimants.map { batch.records[$0] }
        let sequences = claimants.map { numbers[$0] }
        let rows = try transaction.query(
            """
            INSERT INTO billing.record_keys (kind, key_hash, content_hash, raw_day, raw_seq)
            SELECT kind, key_hash, content_hash, raw_day, raw_seq
            FROM unnest(\(records.map { Int16($0.kind.rawValue) }), \(records.map { $0.read.keyHash }),
                \(records.map { $0.read.contentHash }), \(records.map { $0.day }), \(sequences))
                AS claim (kind, key_hash, content_hash, raw_day, raw_seq)
            ORDER BY kind, key_hash
            ON CONFLICT (kind, key_hash) DO NOTHING
            RETURNING kind, raw_seq
            """)
        var claimed: Set<Claim> = []
        for row in rows { claimed.insert(Claim(kind: try row.value(at: 0), sequence: try row.value(at: 1))) }
        return Set(
            zip(claimants, sequences).compactMap { position, sequence in
                let kind = Int16(batch.records[position].kind.rawValue)
                return claimed.contains(Claim(kind: kind, sequence: sequence)) ? position : nil
            })
    }

    /// The contents of the records that own the keys which were not new.
    private func readOwners(
        _ batch: RawBatch, besides taken: Set<Int>, in transaction: PostgresTransaction
    ) throws(PostgresError) -> [RecordKey: Identifier128] {
        let keys = batch.claims.claimants.filter { !taken.contains($0) }.map { batch.records[$0].read.key }
        guard !keys.isEmpty else { return [:] }
        let rows = try transaction.query(
            """
            SELECT owner.kind, owner.key_hash, owner.content_hash
            FROM unnest(\(keys.map { Int16($0.kind.rawValue) }), \(keys.map(\.hash))) AS wanted (kind, key_hash)
            JOIN billing.record_keys AS owner USING (kind, key_hash)
            """)
        var owners: [RecordKey: Identifier128] = [:]
        for row in rows {
            guard let kind = RecordKind(rawValue: UInt8(clamping: try row.value(at: 0) as Int16)) else { continue }
            owners[RecordKey(kind: kind, hash: try row.value(at: 1))] = try row.value(at: 2) as Identifier128
        }
        return owners
    }

    private func writeRows(_ rows: [Int: RawRow], in transaction: PostgresTransaction) throws -> [RawSpan] {
        var spans: [RawSpan] = []
        for (kind, ofKind) in Dictionary(grouping: rows.values, by: { $0.read.kind }) {
            let sorted = ofKind.sorted { $0.sequence < $1.sequence }
            try transaction.copy(into: "billing.\(kind.table)", columns: kind.columns) { copy in
                for row in sorted { try copy.row { row.write(to: $0) } }
            }
            spans += RawSpan.runs(kind: kind, of: sorted)
        }
        guard !spans.isEmpty else { return [] }
        try transaction.execute(
            """
            INSERT INTO billing.raw_spans (kind, usage_day, first_seq, last_seq, count)
            SELECT * FROM unnest(\(spans.map(\.kind.table))::text[], \(spans.map(\.day)), \(spans.map(\.first)),
                \(spans.map(\.last)), \(spans.map { Int32($0.count) }))
            """)
        return spans
    }

    private func writeRejects(_ batch: RawBatch, in transaction: PostgresTransaction) throws {
        guard !batch.rejects.isEmpty else { return }
        let columns = ["source", "received_at", "path", "reason", "pointer", "detail", "bytes"]
        try transaction.copy(into: "billing.ingest_rejects", columns: columns) { copy in
            for reject in batch.rejects {
                try copy.row { row in
                    row.text(reject.submission.source)
                    row.instant(reject.submission.receivedAt)
                    row.text(reject.submission.door.rawValue)
                    row.text(reject.reason.code.rawValue)
                    row.text(reject.reason.field)
                    row.text(reject.reason.message)
                    row.bytea(reject.bytes)
                }
            }
        }
    }

    private func writeCounts(_ counts: [IngestCount], in transaction: PostgresTransaction) throws(PostgresError) {
        guard !counts.isEmpty else { return }
        try transaction.execute(
            """
            INSERT INTO billing.ingest_counts
                (hour, source, kind, received, accepted, evidence, conflicts, repeats, rejected)
            SELECT * FROM unnest(\(counts.map(\.hour)), \(counts.map(\.source))::text[], \(counts.map(\.kind))::text[],
                \(counts.map(\.received)), \(counts.map(\.accepted)), \(counts.map(\.evidence)),
                \(counts.map(\.conflicts)), \(counts.map(\.repeats)), \(counts.map(\.rejected)))
            """)
    }

    private struct Claim: Hashable {
        let kind: Int16
        let sequence: Int64
    }
}
