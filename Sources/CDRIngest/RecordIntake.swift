import Core
import DaemonKit
import Drivers
import Reference

/// From records to verdicts: the one way that every record takes, whichever door it came through. Submissions that arrive together
/// share a commit; a verdict means that the commit is done.
struct RecordIntake: Sendable {
    private let commits: GroupCommit<Submission, Result<[RecordVerdict], any Error>>

    /// An intake whose commits run as services of the daemon.
    init(context: DaemonContext) {
        let raw = RawCommit(
            store: RawRecordStore(
                pool: context.pool,
                partitions: context.partitions(of: RecordKind.allCases.map(\.table), daysBack: 1)),
            publisher: context.publisher, metrics: context.metrics)
        var limits = GroupCommitLimits()
        limits.batchBytes = context.config[IngestConfig.commitBytes]
        limits.queuedBytes = context.config[IngestConfig.queuedBytes]
        limits.lanes = context.config[IngestConfig.commitLanes]
        commits = context.groupCommit("raw-records", limits: limits, bytes: \.byteCount) { submissions in
            try await raw.commit(submissions)
        }
    }

    /// Makes a submission durable and says what became of its records, in their order.
    /// - Throws: a transient failure where nothing, or nobody knows what, was stored: sending the same again is safe.
    func take(_ submission: Submission) async throws -> [RecordVerdict] {
        try await commits.submit(submission).get()
    }
}

/// One commit and what follows it: counts and doorbells.
struct RawCommit: Sendable {
    let store: RawRecordStore
    let publisher: StreamPublisher
    let metrics: PrometheusRegistry

    /// Commits submissions together. When something in them can't be stored, each alone, so that it spoils only its own.
    func commit(_ submissions: [Submission]) async throws -> [Result<[RecordVerdict], any Error>] {
        do {
            let outcome = try await store.commit(submissions)
            announce(outcome.spans)
            count(submissions, outcome.verdicts)
            return outcome.verdicts.map(Result.success)
        } catch let error as PostgresError where !error.isTransient {
            guard submissions.count > 1 else { return [.failure(error)] }
            var answers: [Result<[RecordVerdict], any Error>] = []
            for submission in submissions { answers += try await commitAlone(submission) }
            return answers
        }
    }

    /// What was committed before a transient failure is known to be; its sender must not hear of the failure.
    private func commitAlone(_ submission: Submission) async throws -> [Result<[RecordVerdict], any Error>] {
        do {
            return try await commit([submission])
        } catch {
            return [.failure(error)]
        }
    }

    /// Rings for what was written. A bell that isn't heard is counted by the publisher; the consumers' sweeps find the rows (M3).
    private func announce(_ spans: [RawSpan]) {
        for (fact, spans) in Dictionary(grouping: spans.compactMap(\.announced), by: \.kind) {
            publisher.publish(spans.map(\.json), to: fact.stream.rawValue, type: fact.stream.entryType)
        }
    }

    private func count(_ submissions: [Submission], _ verdicts: [[RecordVerdict]]) {
        var outcomes: [Outcome: Int] = [:]
        for (submission, verdicts) in zip(submissions, verdicts) {
            for (record, verdict) in zip(submission.records, verdicts) {
                outcomes[Outcome(kind: record.kindName, word: verdict.word), default: 0] += 1
            }
        }
        for (outcome, count) in outcomes {
            metrics.increment(.ingestRecords, by: count, outcome.kind, outcome.word.rawValue)
        }
        metrics.observe(.ingestCommitRecords, Double(outcomes.values.reduce(0, +)))
    }

    private struct Outcome: Hashable {
        let kind: String
        let word: RecordVerdict.Word
    }
}
