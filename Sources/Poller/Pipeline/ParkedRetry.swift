import Core
import DaemonKit
import Drivers
import Reference

/// Tries parked records again (M6): `unrated` once for each new reference version, attempts when they are due.
struct ParkedRetry: Sendable {
    let pipeline: UsagePipeline
    let store: RatedUsageStore
    let parked: ParkedUsageStore

    private var reader: RawUsageReader { pipeline.reader }
    private var limits: PipelineLimits { pipeline.limits }

    /// Rates all unrated records of a kind that another version left unrated. Returns how many were looked at.
    @discardableResult
    func retryUnrated(_ kind: RawKind) async throws -> Int {
        let version = try await pipeline.reference.tables().version
        var after: Int64 = -1
        var count = 0
        while true {
            let places = try await parked.unrated(kind, notBy: version, after: after, limit: limits.batchRows)
            guard let last = places.last else { return count }
            Watchdog.progressed()
            let rows = try await reader.rows(of: kind, at: places.map { (day: $0.day, number: $0.number) })
            try await release(rows)
            after = last.number
            count += places.count
        }
    }

    /// Rates open parked records again, whatever they waited for: what comes out rated is stored and closes its row.
    /// Calls that are `overdue` wait no longer for a portability service.
    /// - Parameter note: runs in the transaction that settles a row, such as to audit who asked for it.
    func release(
        _ rows: [RawRow], overdue: Set<UsageID> = [], note: @escaping SettlementNote = { _, _ in }
    ) async throws {
        for (kind, rows) in Dictionary(grouping: rows, by: \.kind) {
            try await isolating(rows) { rows in
                try await settle(rows, of: kind, overdue: overdue, note: note)
            } alone: { row, error in
                let facts = FailureFacts(error)
                let version = try await pipeline.reference.tables().version
                var outcomes = BatchOutcomes(kind: kind)
                outcomes.parked = [
                    ParkedUsage(broken: row, reason: facts.reason, detail: "\(error)", refVersion: version)
                ]
                _ = try await commit(outcomes, tables: pipeline.reference.tables(), note: note)
            }
        }
    }

    /// How often a record that may have broken the process is tried before it waits for a person.
    static let triesOfSuspects = 3

    /// Tries the rows that are parked because they may have broken the process, one by one.
    func trySuspects(_ rows: [RawRow]) async throws {
        for row in rows { try await trySuspect(row) }
    }

    /// Tries again what is due of them.
    func retryDueSuspects() async throws {
        for kind in RawKind.allCases {
            while true {
                let places = try await parked.due(kind, suspect: true, at: pipeline.now, limit: limits.batchRows)
                guard !places.isEmpty else { break }
                try await trySuspects(
                    try await reader.rows(of: kind, at: places.map { (day: $0.day, number: $0.number) }))
            }
        }
    }

    /// Each try is noted before it begins, and taken back when it fails while the process lives: what is left are the times when the
    /// process ended over the record.
    private func trySuspect(_ row: RawRow) async throws {
        Watchdog.progressed()
        let retryAt = pipeline.now.advanced(seconds: limits.suspectRetrySeconds)
        guard let tries = try await parked.beginTry(of: row, retryAt: retryAt) else { return }
        do {
            if tries > Self.triesOfSuspects { try await holdBreaker(row) } else { try await release([row]) }
        } catch {
            try await parked.endTry(of: row)
            pipeline.loop.logger.warning(
                "Record that is tried alone waits for another try",
                metadata: ["usage.id": "\(row.id)", "failure.reason": "\(FailureFacts(error).reason)"])
        }
    }

    private func holdBreaker(_ row: RawRow) async throws {
        let tables = try await pipeline.reference.tables()
        var outcomes = BatchOutcomes(kind: row.kind)
        outcomes.parked = [
            ParkedUsage(
                broken: row, reason: ParkedUsage.suspectFlag,
                detail: "the process ended each of the \(Self.triesOfSuspects) times that this record was tried alone",
                refVersion: tables.version)
        ]
        _ = try await commit(outcomes, tables: tables, note: { _, _ in })
        pipeline.loop.logger.error("Record parked: it breaks the process", metadata: ["usage.id": "\(row.id)"])
    }

    /// Asks the portability service again for the calls that wait for it and are due; those that waited too long go on with their
    /// own number (M11).
    func retryDueDips() async throws {
        while true {
            let now = pipeline.now
            let places = try await parked.due(.call, at: now, limit: limits.batchRows)
            guard !places.isEmpty else { return }
            Watchdog.progressed()
            let rows = try await reader.rows(of: .call, at: places.map { (day: $0.day, number: $0.number) })
            let overdue = places.filter { $0.parkedAt.advanced(seconds: limits.dipWaitSeconds) <= now }
            try await release(rows, overdue: Set(overdue.map(\.id)))
            try await parked.postpone(
                .call, places.map(\.id), dueAt: now, until: now.advanced(seconds: limits.dipRetrySeconds))
        }
    }

    /// Rates the attempts that are due by their calls, stores those that waited alone for too long, and puts off the rest.
    /// `callsCompleteAt`: every call that was received until then has its outcome, so none of these is still on its way.
    func retryDueAttempts(callsCompleteAt: Instant?) async throws {
        while true {
            let now = pipeline.now
            let places = try await parked.due(.attempt, at: now, limit: limits.batchRows)
            guard !places.isEmpty else { return }
            Watchdog.progressed()
            let rows = try await reader.rows(of: .attempt, at: places.map { (day: $0.day, number: $0.number) })
            let alone = Set(places.filter { isAlone($0, callsCompleteAt: callsCompleteAt) }.map(\.id))
            try await isolating(rows) { rows in
                try await settleAttempts(rows, alone: alone, at: now)
            } alone: { row, error in
                pipeline.loop.logger.error(
                    "Attempt cannot be stored",
                    metadata: ["usage.id": "\(row.id)", "failure.detail": "\(error)"])
                try await hold(row, error)
            }
            // Whatever is still waiting then is not due any more.
            try await parked.postpone(
                .attempt, places.map(\.id), dueAt: now, until: now.advanced(seconds: limits.attemptRetrySeconds))
        }
    }

    private func isAlone(_ place: ParkedPlace, callsCompleteAt: Instant?) -> Bool {
        callsCompleteAt.map { $0 >= place.parkedAt.advanced(seconds: limits.attemptAloneSeconds) } ?? false
    }

    private func settleAttempts(_ rows: [RawRow], alone: Set<UsageID>, at now: Instant) async throws {
        let tables = try await pipeline.reference.tables()
        var outcomes = try await pipeline.outcomes(of: rows, .attempt, tables: tables)
        let waiting = outcomes.parked.filter { $0.status == .waiting }
        // A call that waits for a portability service is on its way: its attempts wait with it.
        let waitingCalls = try await parked.waiting(.call, among: waiting.compactMap(\.waitsFor))
        for record in waiting where alone.contains(record.row.id) {
            if let call = record.waitsFor, waitingCalls.contains(call) { continue }
            guard case .attempt(let attempt) = try pipeline.enricher.enriched(record.row).record else { continue }
            outcomes.attempts.append(StoredAttempt(alone: attempt, in: record.row, refVersion: tables.version))
        }
        let attempts = outcomes.attempts
        try await store.ensurePartitions(for: outcomes)
        try await store.pool.withTransaction { transaction in
            let claimed = try WaitingAttempts.claim(attempts, in: transaction)
            try RatedUsageStore.insert(claimed, at: now, in: transaction)
            var counts = OutcomeCounts()
            for attempt in claimed { counts.add(.rated, of: attempt.row) }
            try counts.write(in: transaction)
        }
    }

    /// An attempt that cannot be stored waits for a person.
    private func hold(_ row: RawRow, _ error: any Error) async throws {
        let version = try await pipeline.reference.tables().version
        let record = ParkedUsage(
            broken: row, reason: FailureFacts(error).reason, detail: "\(error)", refVersion: version)
        try await store.pool.withTransaction { transaction in
            let open = try ParkedUsageStore.lockOpen(.attempt, [row.id], in: transaction)
            guard open[row.id] != nil else { return }
            try ParkedUsageStore.update([record], at: pipeline.now, in: transaction)
            var counts = OutcomeCounts()
            counts.add(.held, of: row)
            try counts.write(in: transaction)
        }
    }

    private func settle(
        _ rows: [RawRow], of kind: RawKind, overdue: Set<UsageID>, note: @escaping SettlementNote
    ) async throws {
        let tables = try await pipeline.reference.tables()
        let outcomes = try await pipeline.outcomes(of: rows, kind, tables: tables, overdue: overdue)
        let committed = try await commit(outcomes, tables: tables, note: note)
        pipeline.publish(committed.spans)
    }

    /// One transaction: rated rows in, their parked rows closed; the others brought up to date; counts moved by −1 and +1.
    private func commit(
        _ outcomes: BatchOutcomes, tables: RatingTables, note: @escaping SettlementNote
    ) async throws -> CommittedBatch {
        let kind = outcomes.kind
        let now = pipeline.now
        let rateAttempt = pipeline.rateAttempt(tables)
        try await store.ensurePartitions(for: outcomes)
        return try await store.pool.withTransaction { transaction in
            let open = try ParkedUsageStore.lockOpen(kind, outcomes.rows.map(\.id), in: transaction)
            // A row that was corrected since it was read stays as it is: whoever corrected it releases it.
            let fresh = outcomes.of(
                Set(outcomes.rows.filter { open[$0.id]?.corrections == $0.corrections }.map(\.id)))
            var committed = CommittedBatch(repeats: outcomes.rows.count - fresh.rows.count)
            for row in fresh.rows {
                guard let before = open[row.id]?.status.counted else { continue }
                committed.counts.add(before, by: -1, of: row)
            }
            for usage in fresh.usage { committed.counts.add(usage) }
            for record in fresh.parked { committed.counts.add(record) }
            let resolved = fresh.usage.map(\.row.id) + fresh.attempts.map(\.row.id)
            try ParkedUsageStore.resolve(
                kind, resolved, resolution: "rated with version \(tables.version)", at: now, in: transaction)
            try ParkedUsageStore.update(fresh.parked, at: now, in: transaction)
            var attempts = fresh.attempts
            if kind == .call {
                attempts += try WaitingAttempts.take(for: fresh, in: transaction, rateAttempt: rateAttempt)
            }
            for attempt in attempts { committed.counts.add(.rated, of: attempt.row) }
            try RatedUsageStore.insert(attempts, at: now, in: transaction)
            committed.spans = try RatedUsageStore.insert(fresh.usage, at: now, in: transaction)
            try committed.counts.write(in: transaction)
            for row in fresh.rows { try note(row, transaction) }
            return committed
        }
    }
}

/// What is written beside a parked row that is settled.
typealias SettlementNote = @Sendable (_ row: RawRow, _ transaction: PostgresTransaction) throws -> Void

extension ParkedUsage.Status {
    /// The column in which a parked record counts; nil while it waits.
    fileprivate var counted: OutcomeCounts.Outcome? {
        switch self {
        case .held: .held
        case .unrated: .unrated
        case .waiting: nil
        }
    }
}
