import Core
import DaemonKit
import Drivers
import Reference

/// What runs once a minute on one instance: the sweep of raw rows without an outcome (M3), and what waits (M6, M35).
struct MinuteTick: Sendable {
    let pipeline: UsagePipeline
    let retry: ParkedRetry
    let pool: PostgresPool
    /// The first number that the consumers of a kind's stream have still to handle; nil where there is none, or nobody knows.
    var consumersAreAt: @Sendable (RawKind) async -> Int64? = { _ in nil }

    /// How far one step of a sweep goes, so that its progress is kept on the way.
    static let stepNumbers: Int64 = 100_000
    /// The tries after which a sweep handles its rows one by one, each parked before it is tried (M5).
    static let triesTogether = 3

    /// How often a sweep looks, half a second apart, whether the consumers have come past the horizon.
    static let looksForConsumers = 60

    /// Handles raw rows of a kind above the progress mark and up to the horizon, and advances the mark. What the consumers of the stream
    /// have still to do is left to them: both would rate the same rows, and one of them for nothing.
    func sweep(_ kind: RawKind, through horizon: Int64) async throws {
        let began = pipeline.now
        var from = try await progress(kind).through(pool)
        var looks = 0
        while from < horizon && !isStopping {
            let border = await consumersAreAt(kind).map { $0 - 1 } ?? horizon
            let through = min(horizon, from + Self.stepNumbers, border)
            guard from < through else {
                looks += 1
                guard looks < Self.looksForConsumers else { return }
                Watchdog.progressed()
                await pauseUnlessStopping(.milliseconds(500))
                continue
            }
            try await counted(kind) { try await sweepStep(kind, from: from, through: through, warily: $0) }
            try await advance(kind, from: from, to: through)
            from = try await progress(kind).through(pool)
        }
        guard from >= horizon else { return }
        try await mark(kind, "complete").set(pool, to: horizon, now: began)
    }

    /// Rates what is unrated again if a reference version came since, and looks after waiting calls and attempts.
    func retryParked() async throws {
        let version = try await pipeline.reference.tables().version
        for kind in [RawKind.call, .message, .query] { try await retry.retryUnrated(kind) }
        pipeline.loop.logger.debug("Unrated usage retried", metadata: ["reference.version": "\(version)"])
        try await retry.retryDueSuspects()
        try await retry.retryDueDips()
        try await retry.retryDueAttempts(callsCompleteAt: try await completeAt(.call))
    }

    // MARK: One step

    private func sweepStep(_ kind: RawKind, from: Int64, through: Int64, warily: Bool) async throws {
        let spans = try await pipeline.reader.spans(of: kind, from: from, through: through)
        let parts = UsagePipeline.parts(of: spans, rows: pipeline.limits.batchRows)
        try await inLanes(warily ? 1 : pipeline.limits.lanes, parts) { part in
            let rows = try await pipeline.reader.withoutOutcome(kind, in: part)
            Watchdog.progressed()
            if warily {
                try await pipeline.handleWarily(rows, of: kind, retry: retry)
            } else {
                try await pipeline.handle(rows, of: kind)
            }
        }
    }

    /// Counts a step as begun until it ends, whichever way: a count that only grows tells of a process that breaks on it (M5).
    private func counted(_ kind: RawKind, _ step: (_ warily: Bool) async throws -> Void) async throws {
        let tries = mark(kind, "tries")
        let earlier = try await tries.through(pool)
        try await tries.set(pool, to: earlier + 1, now: pipeline.now)
        do {
            try await step(earlier >= Self.triesTogether)
        } catch {
            // The failure is the news; that the count stays where PostgreSQL is away costs a slower next step.
            do { try await tries.set(pool, to: earlier, now: pipeline.now) } catch {}
            throw error
        }
        try await tries.set(pool, to: 0, now: pipeline.now)
    }

    /// The usage days of what was written between two numbers.
    private func days(_ kind: RawKind, from: Int64, through: Int64) async throws -> [UsageDay] {
        let rows = try await pool.query(
            """
            SELECT DISTINCT usage_day
            FROM billing.raw_spans
            WHERE kind = \(kind.fact.rawValue) AND last_seq > \(from) AND first_seq <= \(through)
            ORDER BY usage_day
            """)
        return try rows.map { try $0.value("usage_day") }
    }

    /// Moves the mark, unless another instance has, and counts the evidence it moves over: messages of which another answer
    /// will come (M9) have no outcome, so they are counted where they are passed once.
    private func advance(_ kind: RawKind, from: Int64, to through: Int64) async throws {
        let days = kind == .message ? try await days(kind, from: from, through: through) : []
        let progress = progress(kind)
        let now = pipeline.now
        try await pool.withTransaction { transaction in
            guard try progress.lockedThrough(in: transaction, now: now.milliseconds) == from else { return }
            if !days.isEmpty {
                try transaction.execute(
                    """
                    INSERT INTO billing.rating_counts
                        (hour, source, kind, rated, not_billable, unrated, held, evidence)
                    SELECT date_trunc('hour', raw.received_at, 'UTC'), raw.source, 'mdr', 0, 0, 0, 0, count(*)
                    FROM billing.raw_mdr AS raw
                    WHERE raw.usage_day = ANY (\(days)) AND raw.raw_seq > \(from) AND raw.raw_seq <= \(through)
                        AND NOT raw.is_final AND NOT raw.is_conflict
                    GROUP BY 1, 2
                    """)
            }
            progress.advance(in: transaction, to: through, now: now.milliseconds)
        }
    }

    private func progress(_ kind: RawKind) -> Progress {
        Progress(table: "billing.poller_progress", source: kind.fact.rawValue)
    }

    /// A number beside the progress of a kind: `tries` of the present step, `complete` with the time of the last whole sweep.
    private func mark(_ kind: RawKind, _ name: String) -> Progress {
        Progress(table: "billing.poller_progress", source: "\(kind.fact.rawValue):\(name)")
    }

    /// Until when every record of a kind that was received has its outcome.
    private func completeAt(_ kind: RawKind) async throws -> Instant? {
        let complete = mark(kind, "complete")
        let rows = try await pool.query(
            "SELECT updated_at FROM \(identifier: complete.table) WHERE source = \(complete.source)")
        return try rows.first?.value("updated_at")
    }
}

extension Progress {
    /// The mark, asked in a transaction of its own.
    func through(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.withTransaction(readOnly: true) { try through(in: $0) }
    }

    /// Sets a mark that may go back, which is no mark of progress but a counter.
    func set(_ pool: PostgresPool, to value: Int64, now: Instant) async throws {
        try await pool.execute(
            """
            INSERT INTO \(identifier: table) (source, through_seq, updated_at)
            VALUES (\(source), \(value), \(now))
            ON CONFLICT (source) DO UPDATE SET through_seq = excluded.through_seq, updated_at = excluded.updated_at
            """)
    }
}
