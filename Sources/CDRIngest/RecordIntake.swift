import Core
import DaemonKit
import Drivers
import Reference

/// From records to verdicts: the one way that every record takes, whichever door it came through. Submissions that arrive together
/// share a commit; a verdict means that the commit is done, or that the records lie in the spool, flushed to the disk.
struct RecordIntake: Sendable {
    private let keep: @Sendable (Submission) async throws -> [RecordVerdict]
    private let spool: Spool?

    /// An intake whose commits, and whose spool where one is configured, run as services of the daemon.
    init(context: DaemonContext) {
        let config = context.config
        let raw = RawCommit(
            store: RawRecordStore(
                pool: context.pool,
                partitions: context.partitions(of: RecordKind.allCases.map(\.table), daysBack: 1)),
            publisher: context.publisher, metrics: context.metrics)
        let spool = Spool(context: context)
        if let spool { context.add(SpoolDrain(spool: spool, raw: raw, context: context)) }
        context.add(DoorState(spool: spool, readiness: context.readiness))
        let durable = DurableCommit(
            raw: raw, spool: spool, patience: .milliseconds(config[IngestConfig.commitPatience]), loop: context.loop)
        var limits = GroupCommitLimits()
        limits.batchBytes = config[IngestConfig.commitBytes]
        limits.queuedBytes = config[IngestConfig.queuedBytes]
        limits.lanes = config[IngestConfig.commitLanes]
        let commits = context.groupCommit("raw-records", limits: limits, bytes: { $0.byteCount }) { submissions in
            try await durable.commit(submissions)
        }
        keep = { try await commits.submit($0).get() }
        self.spool = spool
    }

    /// An intake behind which nothing is kept, for measurements.
    init(answering keep: @escaping @Sendable (Submission) async throws -> [RecordVerdict]) {
        self.keep = keep
        spool = nil
    }

    /// To be asked before a body is read.
    /// - Throws: 503 while records could not be kept.
    func admit() throws(APIError) {
        guard let spool, !spool.takesRecords else { return }
        throw .unavailable(reason: "spool-full")
    }

    /// Makes a submission durable and says what became of its records, in their order.
    /// - Throws: a transient failure where nothing, or nobody knows what, was stored: sending the same again is safe.
    func take(_ submission: Submission) async throws -> [RecordVerdict] {
        try await keep(submission)
    }
}

extension RecordIntake {
    /// Makes a submission durable for a door at which nobody waits for an answer: a record that can't be stored is kept as a reject, so
    /// that it doesn't hold up the others.
    /// - Throws: a transient failure; sending the same again is safe.
    func takeForGood(_ submission: Submission) async throws {
        try admit()
        do {
            _ = try await take(submission)
        } catch  where blamesRecord(error) {
            guard submission.records.count > 1 else {
                _ = try await take(submission.refused(because: FailureFacts(error).reason))
                return
            }
            for record in submission.records { try await takeForGood(submission.holding([record])) }
        }
    }
}

/// Where a batch becomes durable: in PostgreSQL, or in the spool when PostgreSQL is away, slow or full, and behind whatever lies there
/// already, so that first seen stays first (M8).
struct DurableCommit: Sendable {
    let raw: RawCommit
    let spool: Spool?
    /// How long PostgreSQL may take before the spool is quicker.
    let patience: Duration
    let loop: Loop

    func commit(_ submissions: [Submission]) async throws -> [Result<[RecordVerdict], any Error>] {
        guard let spool else { return try await raw.commit(submissions) }
        if !spool.isEmpty { return try await spool.keep(submissions) }
        do {
            // What PostgreSQL does after it was given up is found as a repeat when the spool is drained.
            let answers = try await within(patience) { try await raw.commit(submissions) }
            return try await keepWhatWasRefused(submissions, answers, in: spool)
        } catch  where !blamesRecord(error) {
            loop.logger.warning(
                "Not committed, spooled", metadata: ["failure.reason": "\(FailureFacts(error).reason)"])
            return try await spool.keep(submissions)
        }
    }
}

extension DurableCommit {
    /// Spools what was refused through no fault of its own, such as a missing grant.
    private func keepWhatWasRefused(
        _ submissions: [Submission], _ answers: [Result<[RecordVerdict], any Error>], in spool: Spool
    ) async throws -> [Result<[RecordVerdict], any Error>] {
        let refused = answers.indices.filter { index in
            if case .failure(let error) = answers[index] { !blamesRecord(error) } else { false }
        }
        guard !refused.isEmpty else { return answers }
        var kept = answers
        for (index, answer) in zip(refused, try await spool.keep(refused.map { submissions[$0] })) {
            kept[index] = answer
        }
        return kept
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
            count(outcome.counts)
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

    private func count(_ counts: [IngestCount]) {
        for count in counts {
            for (word, records) in count.words where records > 0 {
                metrics.increment(.ingestRecords, by: Int(records), count.kind, word.rawValue)
            }
        }
        metrics.observe(.ingestCommitRecords, Double(counts.reduce(0) { $0 + $1.received }))
    }
}
