import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Loads rated usage and attempts into BigQuery, batch after batch, each exactly once.
///
/// A table has one batch under way at a time, and its batches follow one another without a gap. A pass goes on where the last one ended,
/// here or in another process: what is known stands in `bigquery_loads`, and what isn't the service says. An advisory lock keeps pollers
/// from doing the same work; without it they would be refused by the job id.
actor BigQueryLoader {
    private let pool: PostgresPool
    private let client: BigQueryClient
    private let dataset: String
    private let store: LoadStore
    private let cut: BatchCut
    private let upload: BatchUpload
    private let comparison: DayComparison
    private let readiness: Readiness.Dependency?
    private let loop: Loop
    private let progress: @Sendable (String) -> Void
    private var hasTables = false
    /// Tables whose batch waits for its next attempt, and why.
    private var stuck: [ExportTable: String] = [:]
    private var pausedUntil: ContinuousClock.Instant?
    private var backoff = Backoff(first: .seconds(1), most: .seconds(300))

    /// How long nothing is sent once an allowance is used up.
    private static let quotaPause: Duration = .seconds(600)
    /// How long nothing is sent once the service said no: a person has to do something.
    private static let refusalPause: Duration = .seconds(60)

    /// The bounds of its work.
    struct Limits: Sendable {
        var bounds = BatchBounds()
        var chunkBytes = 8 << 20
    }

    /// - Parameter progress: told of each step, for a person who watches.
    init(
        pool: PostgresPool, client: BigQueryClient, dataset: String, limits: Limits,
        readiness: Readiness.Dependency? = nil, loop: Loop, progress: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.pool = pool
        self.client = client
        self.dataset = dataset
        self.readiness = readiness
        self.loop = loop
        self.progress = progress
        let store = LoadStore(pool: pool)
        self.store = store
        cut = BatchCut(pool: pool, bounds: limits.bounds)
        comparison = DayComparison(pool: pool, client: client, dataset: dataset)
        let clock = loop.clock
        upload = BatchUpload(
            pool: pool, store: store, client: client, dataset: dataset, chunkBytes: limits.chunkBytes,
            now: { Instant(milliseconds: clock.now()) },
            progress: { done, total in progress("\(done >> 10) of \(total >> 10) KiB") })
    }

    private var now: Instant { Instant(milliseconds: loop.clock.now()) }

    /// What an instance does every few seconds: goes on with what is under way, and begins what is due.
    func pass() async throws {
        if let pausedUntil, .now < pausedUntil { return }
        do {
            guard try await load(everything: false, comparing: nil) != nil else { return }
            readiness?.set(stuck.isEmpty ? .up : .away(stuck.values.sorted().joined(separator: ", ")))
            backoff.reset()
            pausedUntil = nil
        } catch {
            if isStopping { return }
            pause(after: error)
            throw error
        }
    }

    /// Loads all that waits, whether it is due or not, and compares the days that it touched and those that are asked for; nil where
    /// another process is at it.
    func load(everything: Bool, comparing days: ClosedRange<UsageDay>?) async throws -> [DayCounts]? {
        try await pool.withAdvisoryLock(Singleton.key(of: "poller-bigquery")) {
            try await self.loadAlone(everything: everything, comparing: days)
        }
    }

    private func loadAlone(everything: Bool, comparing days: ClosedRange<UsageDay>?) async throws -> [DayCounts] {
        if !hasTables {
            try await client.ensureDataset(dataset)
            for table in ExportTable.allCases { try await client.ensureTable(table.definition(dataset: dataset)) }
            hasTables = true
        }
        var failure: (any Error)?
        var compared: [DayCounts] = []
        for table in ExportTable.allCases {
            do {
                try await load(table, everything: everything)
            } catch let error as LoadFault {
                // That one waits for a person; the other tables don't.
                failure = error
            }
            compared += try await comparison.compareLoaded(table, at: now)
            if let days {
                let asked = Set(
                    (days.lowerBound.number...days.upperBound.number).map { UsageDay(daysSince1970: Int32($0)) })
                let known = Set(compared.filter { $0.table == table }.map { $0.day })
                compared += try await comparison.compare(table, asked.subtracting(known), at: now)
            }
            try await show(table)
        }
        for day in compared where !day.isEqual { tell(of: day) }
        if let failure { throw failure }
        return compared
    }

    // MARK: One table

    private func load(_ table: ExportTable, everything: Bool) async throws {
        stuck[table] = nil
        if let batch = try await store.open(table) {
            guard try await settle(batch, everything: everything) else { return }
        }
        let horizon = try await table.horizon.through(pool)
        var mark = try await table.progress.through(pool)
        guard try await isDue(table, above: mark, horizon: horizon, everything: everything) else { return }
        while mark < horizon, !isStopping {
            switch try await cut.next(table, after: mark, horizon: horizon) {
            case .nothing(let through):
                try await store.pass(table, from: mark, to: through, at: now)
                mark = through
            case .batch(let batch):
                guard try await store.assign(batch, at: now) else { return }
                mark = batch.through
                guard try await settle(batch, everything: everything) else { return }
            }
        }
    }

    /// Whether what waits is old enough, or much enough.
    private func isDue(_ table: ExportTable, above mark: Int64, horizon: Int64, everything: Bool) async throws -> Bool {
        guard mark < horizon else { return false }
        let waiting = try await cut.waiting(table, above: mark, horizon: horizon)
        guard waiting > 0 else { return false }
        guard !everything, let latest = try await store.latest(table) else { return true }
        let age = Duration.milliseconds(now.milliseconds - latest.assignedAt.milliseconds)
        return age >= cut.bounds.age || waiting >= cut.bounds.rows || waiting * latest.bytesPerRow >= cut.bounds.bytes
    }

    /// Brings a batch to its end; false when it needs more time.
    private func settle(_ open: LoadBatch, everything: Bool) async throws -> Bool {
        var batch = open
        if case .failed(let retryAt) = batch.state {
            guard everything || retryAt <= now else {
                let why = batch.failure ?? "its job failed"
                stuck[batch.table] = "\(batch.table.rawValue) waits for another try: \(why)"
                return false
            }
            batch = try await store.assignAgain(batch, at: now)
        }
        progress("\(batch.table.rawValue): \(batch.rows) rows, job \(batch.jobID)")
        switch try await upload.bring(batch) {
        case .send, .wait: return false
        case .record(let rows):
            try await store.finish(batch, outputRows: rows, at: now)
            loop.metrics.increment(.pollerBigQueryLoads, batch.table.rawValue, "loaded")
            loop.logger.info(
                "Batch loaded into BigQuery",
                metadata: [
                    "table.name": "\(batch.table.rawValue)", "usage.count": "\(batch.rows)", "job.id": "\(batch.jobID)",
                ])
            if let rows, rows != Int64(batch.rows) {
                throw LoadFault.otherCount(batch.jobID, expected: batch.rows, got: rows)
            }
            return true
        case .giveUp(let reason, let message, let pause):
            try await store.fail(
                batch, because: "\(reason): \(message)", retryAt: now.advanced(seconds: pause))
            loop.metrics.increment(.pollerBigQueryLoads, batch.table.rawValue, "failed")
            throw LoadFault.jobFailed(batch.jobID, reason: "\(reason): \(message)")
        }
    }

    // MARK: What people see

    private func show(_ table: ExportTable) async throws {
        let loaded = try await store.loadedThrough(table)
        let horizon = try await table.horizon.through(pool)
        let waiting = try await cut.waiting(table, above: loaded, horizon: horizon)
        let difference = try await comparison.differences(table)
        loop.metrics.set(.pollerBigQueryLag, to: waiting, table.rawValue)
        loop.metrics.set(.pollerBigQueryDifferentDays, to: difference.days, table.rawValue)
        loop.metrics.set(.pollerBigQueryDifferentRows, to: difference.rows, table.rawValue)
    }

    private func tell(of day: DayCounts) {
        loop.logger.error(
            "BigQuery and PostgreSQL differ",
            metadata: [
                "table.name": "\(day.table.rawValue)", "usage.day": "\(day.day.text)", "usage.count": "\(day.rows)",
                "bigquery.count": "\(day.bigQueryRows)", "usage.amount": "\(day.amount.text(.charge))",
                "bigquery.amount": "\(day.bigQueryAmount.text(.full))",
            ])
    }

    /// How long to leave the service alone, and whether a person should know.
    private func pause(after error: any Error) {
        readiness?.set(.away("\(error)"))
        var pause = backoff.next()
        var needsPerson = false
        switch error {
        case BigQueryError.quotaExceeded:
            pause = Self.quotaPause
            needsPerson = true
        case let error as BigQueryError where !error.isTransient:
            // Perhaps the tables were taken away.
            hasTables = false
            pause = max(pause, Self.refusalPause)
            needsPerson = true
        case is LoadFault:
            needsPerson = true
        default: break
        }
        // So that pollers that were refused together don't come back together.
        pausedUntil = .now + pause * Double.random(in: 1...1.25)
        guard needsPerson else { return }
        loop.logger.error(
            "Loading into BigQuery needs a person",
            metadata: ["failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)"])
    }
}
