import Core
import DaemonKit
import LiveReference
import Reference

/// The way of a batch: raw rows → records → rating → one commit → the doorbell. All of the control flow is here.
struct UsagePipeline: Sendable {
    /// Stores the outcomes of a batch in one transaction.
    typealias Commit =
        @Sendable (_ outcomes: BatchOutcomes, _ now: Instant, _ rateAttempt: @escaping AttemptRating) async throws
        -> CommittedBatch

    let reader: RawUsageReader
    let enricher: Enricher
    let reference: CurrentReference
    let calls: CallLookup
    let commit: Commit
    /// Rings for rated usage; never fails.
    let publish: @Sendable ([UsageSpan]) -> Void
    let loop: Loop
    let limits: PipelineLimits

    /// Handles the spans of doorbells: reads their rows and brings each to its outcome. A repeat changes nothing.
    func handle(_ spans: [UsageSpan]) async throws {
        for kind in RawKind.allCases {
            let own = spans.filter { $0.kind == kind.fact }
            guard !own.isEmpty else { continue }
            try await inLanes(limits.lanes, Self.parts(of: own, rows: limits.batchRows)) { part in
                try await handle(try await reader.rows(of: kind, in: part), of: kind)
            }
        }
    }

    /// Brings raw rows of one kind to their outcomes. A row that cannot be stored is found by halving and parked (M5).
    func handle(_ rows: [RawRow], of kind: RawKind) async throws {
        try await isolating(rows) { rows in
            try await process(rows, of: kind)
        } alone: { row, error in
            try await park(row, FailureFacts(error).reason, detail: "\(error)")
        }
    }

    /// Handles a span that broke the process before.
    func handleWarily(_ span: UsageSpan, retry: ParkedRetry) async throws {
        guard let kind = RawKind(span.kind) else { return }
        try await handleWarily(try await reader.rows(of: kind, in: [span]), of: kind, retry: retry)
    }

    /// Parks rows before they are tried one by one: if the process breaks again, they stay parked and the next ones go on (M5).
    func handleWarily(_ rows: [RawRow], of kind: RawKind, retry: ParkedRetry) async throws {
        guard !rows.isEmpty else { return }
        Watchdog.progressed()
        let tables = try await reference.tables()
        let retryAt = now.advanced(seconds: limits.suspectRetrySeconds)
        var outcomes = BatchOutcomes(kind: kind)
        outcomes.parked = rows.map { ParkedUsage(suspect: $0, until: retryAt, refVersion: tables.version) }
        count(try await commit(outcomes, now, rateAttempt(tables)), kind)
        try await retry.trySuspects(rows)
    }

    // MARK: One batch

    private func process(_ rows: [RawRow], of kind: RawKind) async throws {
        guard !rows.isEmpty else { return }
        Watchdog.progressed()
        let start = ContinuousClock.now
        var tables = try await reference.tables()
        var outcomes = try await outcomes(of: rows, kind, tables: tables)
        if outcomes.lacksReference, try await reference.refresh() {
            tables = try await reference.tables()
            outcomes = try await self.outcomes(of: rows, kind, tables: tables)
        }
        loop.metrics.observe(.pollerRatingSeconds, ContinuousClock.now - start, kind.countedAs)
        let stored = ContinuousClock.now
        let committed = try await commit(outcomes, now, rateAttempt(tables))
        publish(committed.spans)
        loop.metrics.observe(.pollerCommitSeconds, ContinuousClock.now - stored, kind.countedAs)
        loop.metrics.observe(.pollerBatchSize, Double(rows.count), kind.countedAs)
        count(committed, kind)
    }

    /// What each row comes to, by these tables. Calls that are `overdue` wait no longer for a portability service.
    func outcomes(
        of rows: [RawRow], _ kind: RawKind, tables: RatingTables, overdue: Set<UsageID> = []
    ) async throws -> BatchOutcomes {
        let dips = try await enricher.dips(of: rows, kind, overdue: overdue, tables: tables)
        let dipAgainAt = now.advanced(seconds: limits.dipRetrySeconds)
        var outcomes = BatchOutcomes(kind: kind)
        var attempts: [(row: RawRow, attempt: VendorAttempt)] = []
        for row in rows {
            if row.isConflict {
                outcomes.parked.append(ParkedUsage(conflict: row, refVersion: tables.version))
                continue
            }
            if dips.waiting.contains(row.id) {
                outcomes.parked.append(
                    ParkedUsage(waitingForDip: row, until: dipAgainAt, refVersion: tables.version))
                continue
            }
            switch enrichedOrBroken(row, tables.version) {
            case .broken(let parked): outcomes.parked.append(parked)
            case .enriched(let enriched):
                switch enriched.record {
                case .call(let call):
                    outcomes.add(
                        tables.rate(call, dip: dips.answers[row.id], received: row.receivedAt), call, in: row)
                case .message(let message):
                    outcomes.add(tables.rate(message, received: row.receivedAt), message, in: row)
                case .query(let query): outcomes.add(tables.rate(query, received: row.receivedAt), query, in: row)
                case .attempt(let attempt): attempts.append((row, attempt))
                case .receipt: preconditionFailure("the poller reads no receipts")
                }
            }
        }
        try await add(attempts, to: &outcomes, tables: tables)
        return outcomes
    }

    /// Attempts whose call has an outcome are rated by it; the others wait (M10).
    private func add(
        _ attempts: [(row: RawRow, attempt: VendorAttempt)], to outcomes: inout BatchOutcomes, tables: RatingTables
    ) async throws {
        guard !attempts.isEmpty else { return }
        let ids = Set(attempts.map { RatedCall.id(sipUUID: $0.attempt.sipUUID) })
        let found = try await calls.calls(ids, around: attempts.map(\.row.day))
        let retryAt = now.advanced(seconds: limits.attemptRetrySeconds)
        for (row, attempt) in attempts {
            let id = RatedCall.id(sipUUID: attempt.sipUUID)
            if let call = found[id] {
                outcomes.attempts.append(StoredAttempt(attempt, in: row, of: call, tables: tables))
            } else {
                outcomes.parked.append(
                    ParkedUsage(waiting: attempt, in: row, for: id, until: retryAt, refVersion: tables.version))
            }
        }
    }

    private enum Reading {
        case enriched(EnrichedRecord)
        case broken(ParkedUsage)
    }

    private func enrichedOrBroken(_ row: RawRow, _ refVersion: String) -> Reading {
        do throws(RejectReason) {
            return .enriched(try enricher.enriched(row))
        } catch {
            return .broken(
                ParkedUsage(
                    broken: row, reason: "unreadable-document", detail: "\(error.code.rawValue) at \(error.field)",
                    refVersion: refVersion))
        }
    }

    /// Rates an attempt that waited, inside the transaction that stores its call.
    func rateAttempt(_ tables: RatingTables) -> AttemptRating {
        { [enricher] row, call in
            guard case .attempt(let attempt) = try enricher.enriched(row).record else {
                preconditionFailure("an attempt's document holds an attempt")
            }
            return StoredAttempt(attempt, in: row, of: call, tables: tables)
        }
    }

    /// Parks a row that cannot be handled.
    private func park(_ row: RawRow, _ reason: String, detail: String) async throws {
        let tables = try await reference.tables()
        var outcomes = BatchOutcomes(kind: row.kind)
        outcomes.parked = [ParkedUsage(broken: row, reason: reason, detail: detail, refVersion: tables.version)]
        let committed = try await commit(outcomes, now, rateAttempt(tables))
        loop.logger.error(
            "Record parked: it cannot be handled",
            metadata: [
                "usage.id": "\(row.id)", "usage.kind": "\(row.kind.countedAs)", "failure.reason": "\(reason)",
                "failure.detail": "\(detail)",
            ])
        count(committed, row.kind)
    }

    private func count(_ committed: CommittedBatch, _ kind: RawKind) {
        for outcome in OutcomeCounts.Outcome.allCases {
            let total = committed.counts.total(outcome)
            if total > 0 { loop.metrics.increment(.pollerRecords, by: total, kind.countedAs, outcome.rawValue) }
        }
        if committed.repeats > 0 {
            loop.metrics.increment(.pollerRecords, by: committed.repeats, kind.countedAs, "repeat")
        }
    }

    var now: Instant { Instant(milliseconds: loop.clock.now()) }

    /// Spans in groups of about so many rows; a longer span is cut, at the border of a bucket where there is one: two groups that
    /// share a bucket could not be stored at the same time.
    static func parts(of spans: [UsageSpan], rows: Int) -> [[UsageSpan]] {
        var parts: [[UsageSpan]] = [[]]
        var room = rows
        for span in spans {
            var rest = span
            while rest.count > room {
                if room > 0 {
                    var piece = rest
                    let border = (rest.first + Int64(room)) / OutcomeBuckets.size * OutcomeBuckets.size
                    piece.last = (border > rest.first ? border : rest.first + Int64(room)) - 1
                    parts[parts.count - 1].append(piece)
                    rest.first = piece.last + 1
                }
                parts.append([])
                room = rows
            }
            parts[parts.count - 1].append(rest)
            room -= rest.count
        }
        return parts.filter { !$0.isEmpty }
    }
}

/// The bounds of the pipeline.
struct PipelineLimits: Sendable {
    /// The most rows of one transaction.
    var batchRows = 8_192
    /// How many batches are under way at once: one is rated while another is being stored.
    var lanes = 3
    /// After how many seconds an attempt without its call is looked at again.
    var attemptRetrySeconds = 60
    /// After how many seconds alone an attempt is stored without its call (M10).
    var attemptAloneSeconds = 900
    /// After how many seconds a record that may have broken the process is tried again.
    var suspectRetrySeconds = 60
    /// After how many seconds a call whose number could not be dipped is tried again.
    var dipRetrySeconds = 60
    /// After how many seconds without an answer such a call goes on with the number itself (M11).
    var dipWaitSeconds = 900
}

/// Runs some work on items together; after a failure for which one of them may be to blame, on halves, until it stands alone (M5).
func isolating<Item: Sendable>(
    _ items: [Item], work: ([Item]) async throws -> Void, alone: (Item, any Error) async throws -> Void
) async throws {
    do {
        try await work(items)
    } catch  where blamesRecord(error) {
        guard items.count > 1 else {
            if let item = items.first { try await alone(item, error) }
            return
        }
        let middle = items.count / 2
        try await isolating(Array(items[..<middle]), work: work, alone: alone)
        try await isolating(Array(items[middle...]), work: work, alone: alone)
    }
}
