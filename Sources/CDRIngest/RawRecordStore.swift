import Core
import DaemonKit
import Drivers
import Reference

/// What one commit did: the verdicts of every submission, record by record, and the numbers it wrote.
struct CommitOutcome: Sendable {
    let verdicts: [[RecordVerdict]]
    let spans: [RawSpan]
    let counts: [IngestCount]
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

    /// The whole of a commit, statement by statement. Locks come in one order: by kind, the sequence and then keys by hash.
    private func write(_ batch: RawBatch, in transaction: PostgresTransaction) throws -> CommitOutcome {
        var claims = TakenClaims(count: batch.records.count)
        for (kind, positions) in batch.claimantsByKind {
            try claimKeys(of: kind, positions, of: batch, &claims, in: transaction)
        }
        let owners = try readOwners(batch, besides: claims, in: transaction)
        let standings = batch.claims.standings(taken: claims.taken, owners: owners)
        try numberConflicts(batch, standings, &claims, in: transaction)
        let settled = batch.settled(standings: standings, numbers: claims.numbers)
        let spans = try writeRows(settled, in: transaction)
        try writeRejects(batch, in: transaction)
        writeCounts(settled.counts, in: transaction)
        return CommitOutcome(verdicts: settled.verdicts, spans: spans, counts: settled.counts)
    }

    /// Claims keys of one kind, each with a number that is drawn under the lock that `horizon` waits for. Waits for other batches that
    /// claim the same. A repeat leaves its number unused.
    private func claimKeys(
        of kind: RecordKind, _ positions: [Int], of batch: RawBatch, _ claims: inout TakenClaims,
        in transaction: PostgresTransaction
    ) throws(PostgresError) {
        let records = positions.map { batch.records[$0] }
        let rows = try transaction.query(
            """
            INSERT INTO billing.record_keys (kind, key_hash, content_hash, raw_day, raw_seq)
            SELECT \(Int16(kind.rawValue)), key_hash, content_hash, raw_day, raw_seq
            FROM (
                SELECT claim.*, \(next(of: kind)) AS raw_seq
                FROM \(lock(of: kind)),
                    unnest(\(records.map { $0.read.keyHash }), \(records.map { $0.read.contentHash }),
                        \(records.map { $0.day })) AS claim (key_hash, content_hash, raw_day)
            ) AS numbered
            ORDER BY key_hash
            ON CONFLICT (kind, key_hash) DO NOTHING
            RETURNING key_hash, raw_seq
            """)
        for row in rows {
            let key = RecordKey(kind: kind, hash: try row.value(at: 0))
            guard let position = batch.claims.claimant(of: key) else {
                preconditionFailure("a key was taken that nobody claimed")
            }
            claims.take(position, number: try row.value(at: 1))
        }
    }

    /// The contents of the records that own the keys which were not new.
    private func readOwners(
        _ batch: RawBatch, besides claims: TakenClaims, in transaction: PostgresTransaction
    ) throws(PostgresError) -> [RecordKey: Identifier128] {
        let keys = batch.claims.claimants.filter { !claims.taken[$0] }.map { batch.records[$0].read.key }
        guard !keys.isEmpty else { return [:] }
        let rows = try transaction.query(
            """
            SELECT owner.kind, owner.key_hash, owner.content_hash
            FROM unnest(\(keys.map { Int16($0.kind.rawValue) }), \(keys.map { $0.hash })) AS wanted (kind, key_hash)
            JOIN billing.record_keys AS owner USING (kind, key_hash)
            """)
        var owners: [RecordKey: Identifier128] = [:]
        for row in rows {
            guard let kind = RecordKind(rawValue: UInt8(clamping: try row.value(at: 0) as Int16)) else { continue }
            owners[RecordKey(kind: kind, hash: try row.value(at: 1))] = try row.value(at: 2) as Identifier128
        }
        return owners
    }

    /// Numbers for the records that are kept without owning their key.
    private func numberConflicts(
        _ batch: RawBatch, _ standings: [KeyClaims.Standing], _ claims: inout TakenClaims,
        in transaction: PostgresTransaction
    ) throws(PostgresError) {
        let conflicts = standings.indices.filter { standings[$0] == .conflict }
        for (kind, positions) in batch.byKind(conflicts) {
            let rows = try transaction.query(
                """
                SELECT \(next(of: kind)) AS number
                FROM \(lock(of: kind)), generate_series(1, \(positions.count))
                """)
            for (position, row) in zip(positions, rows) { claims.number(position, try row.value(at: 0)) }
        }
    }

    /// The next number of a kind's rows. Behind `lock(of:)` in the same statement (M2).
    private func next(of kind: RecordKind) -> SQL { SQL(verbatim: "nextval('billing.\(kind.table)_seq')") }

    private func lock(of kind: RecordKind) -> SQL { SQL(verbatim: "billing.lock_sequence('\(kind.table)')") }

    private func writeRows(_ settled: SettledBatch, in transaction: PostgresTransaction) throws -> [RawSpan] {
        var spans: [RawSpan] = []
        for (kind, rows) in settled.rowsByKind {
            try transaction.copy(into: "billing.\(kind.table)", columns: kind.columns) { copy in
                for row in rows { try copy.row { row.write(to: $0) } }
            }
            spans += RawSpan.runs(kind: kind, of: rows)
        }
        guard !spans.isEmpty else { return [] }
        transaction.queue(
            """
            INSERT INTO billing.raw_spans (kind, usage_day, first_seq, last_seq, count)
            SELECT * FROM unnest(\(spans.map { $0.kind.table })::text[], \(spans.map { $0.day }), \(spans.map { $0.first }),
                \(spans.map { $0.last }), \(spans.map { Int32($0.count) }))
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

    private func writeCounts(_ counts: [IngestCount], in transaction: PostgresTransaction) {
        guard !counts.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.ingest_counts
                (hour, source, kind, received, accepted, evidence, conflicts, repeats, rejected)
            SELECT * FROM unnest(\(counts.map { $0.hour }), \(counts.map { $0.source })::text[], \(counts.map { $0.kind })::text[],
                \(counts.map { $0.received }), \(counts.map { $0.accepted }), \(counts.map { $0.evidence }),
                \(counts.map { $0.conflicts }), \(counts.map { $0.repeats }), \(counts.map { $0.rejected }))
            """)
    }
}

/// Which claims `record_keys` has taken, and the numbers drawn, by position.
private struct TakenClaims {
    private(set) var taken: [Bool]
    private(set) var numbers: [Int64]

    init(count: Int) {
        taken = Array(repeating: false, count: count)
        numbers = Array(repeating: 0, count: count)
    }

    mutating func take(_ position: Int, number: Int64) {
        taken[position] = true
        numbers[position] = number
    }

    mutating func number(_ position: Int, _ number: Int64) {
        numbers[position] = number
    }
}
