public import Drivers
public import Logging
public import ServiceLifecycle

/// What every loop of a daemon needs beside its own work.
public struct Loop: Sendable {
    /// The daemon's logger.
    public let logger: Logger
    /// Its metrics.
    public let metrics: PrometheusRegistry
    /// Its watchdog.
    public let watchdog: Watchdog
    /// Its clock.
    public let clock: Clock

    /// Bundles them.
    public init(logger: Logger, metrics: PrometheusRegistry, watchdog: Watchdog, clock: Clock) {
        self.logger = logger
        self.metrics = metrics
        self.watchdog = watchdog
        self.clock = clock
    }
}

/// Whether the surrounding service must come to an end.
public var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

/// Sleeps until the time is over or the daemon stops.
public func pauseUnlessStopping(_ duration: Duration) async {
    await cancelWhenGracefulShutdown {
        await pauseUnlessCancelled(duration)
    }
}

/// Runs services side by side: all hear of a shutdown at once, the first failure ends all.
struct Together: Service {
    let services: [any Service]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask { try await service.run() }
            }
            try await group.waitForAll()
        }
        // A group in which everything has ended still counts as running until the daemon stops.
        if !isStopping { try await gracefulShutdown() }
    }
}

/// Runs services on one instance at a time, the one that holds an advisory lock; the others stand by. When the lock is lost the
/// services are cancelled, and run again once it is held again.
public struct Singleton: Service {
    private let name: String
    private let pool: PostgresPool
    private let services: [any Service]
    private let loop: Loop

    /// Services that run where the lock of this name is held.
    public init(_ name: String, pool: PostgresPool, services: [any Service], loop: Loop) {
        self.name = name
        self.pool = pool
        self.services = services
        self.loop = loop
    }

    public func run() async throws {
        var wasStandingBy = false
        while !isStopping {
            do {
                let held: Bool? = try await pool.withAdvisoryLock(Self.key(of: name)) {
                    loop.logger.info("Lock held", metadata: ["lock.name": "\(name)"])
                    try await Together(services: services).run()
                    return true
                }
                if held != nil { return }
                if !wasStandingBy { loop.logger.info("Standing by", metadata: ["lock.name": "\(name)"]) }
                wasStandingBy = true
            } catch let error as PostgresError where error.isTransient {
                if isStopping { return }
                loop.logger.warning(
                    "Lock not to be had", metadata: ["lock.name": "\(name)", "failure.reason": "\(error.reason)"])
            }
            await pauseUnlessStopping(.seconds(2))
        }
    }

    /// A lock's number from its name (FNV-1a).
    public static func key(of name: String) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "warp:\(name)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return Int64(bitPattern: hash)
    }
}

/// When scheduled work runs for the first time after a start.
public enum FirstRun: Sendable {
    /// Now: the work itself knows what is due, also after downtime.
    case now
    /// At the first scheduled time after an instant in milliseconds since 1970, which is asked for at the start: the last run's. Where
    /// that time passed while the daemon was down, now.
    case due(after: @Sendable () async throws -> Int64)
}

/// Runs some work whenever a schedule says so. A failure is logged and counted here, and tried again: an interval's work at its
/// next turn, a daily one after a pause that grows to ten minutes.
public struct ScheduledWork: Service {
    private let name: String
    private let schedule: Schedule
    private let first: FirstRun
    private let limit: Duration
    private let loop: Loop
    private let work: @Sendable () async throws -> Void

    /// Work on a schedule.
    /// - Parameters:
    ///   - first: when it runs first.
    ///   - limit: how long a run may go without `Watchdog.progressed()` before it counts as stuck.
    public init(
        _ name: String, _ schedule: Schedule, first: FirstRun = .now, limit: Duration = .seconds(600), loop: Loop,
        work: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.schedule = schedule
        self.first = first
        self.limit = limit
        self.loop = loop
        self.work = work
    }

    public func run() async throws {
        let worker = loop.watchdog.register("schedule \(name)")
        defer { worker.done() }
        var retry = Backoff(first: .seconds(5), most: .seconds(600))
        await untilFirst(worker)
        while !isStopping {
            let began = loop.clock.now()
            let succeeded = await runOnce(worker)
            if succeeded { retry.reset() }
            switch schedule {
            case .every:
                await untilDue(after: began, worker)
            case .daily where succeeded:
                await untilDue(after: began, worker)
            case .daily:
                await pausing(retry.next(), worker)
            }
        }
    }

    private func runOnce(_ worker: Watchdog.Worker) async -> Bool {
        let start = ContinuousClock.now
        do {
            try await worker.running(upTo: limit, work)
            loop.metrics.increment(.runs, name, "done")
            return true
        } catch {
            if isStopping { return false }
            loop.metrics.increment(.runs, name, "failed")
            log(error, "Run failed", ["duration.ms": "\((ContinuousClock.now - start) / .milliseconds(1))"])
            return false
        }
    }

    private func log(_ error: any Error, _ message: Logger.Message, _ more: Logger.Metadata = [:]) {
        let facts = FailureFacts(error)
        let metadata: Logger.Metadata = [
            "run.name": "\(name)", "failure.reason": "\(facts.reason)", "failure.detail": "\(error)",
        ]
        loop.logger.log(
            level: facts.isTransient ? .warning : .error, message, metadata: metadata.merging(more) { $1 })
    }

    /// Waits for the first run; while nobody can say when the last one was, asks again.
    private func untilFirst(_ worker: Watchdog.Worker) async {
        guard case .due(let lastRun) = first else { return }
        var retry = Backoff(first: .milliseconds(500), most: .seconds(30))
        while !isStopping {
            do {
                let last = try await worker.waiting(upTo: limit) { try await lastRun() }
                let now = loop.clock.now()
                if schedule.next(after: last) > now { await untilDue(after: min(last, now), worker) }
                return
            } catch {
                if isStopping { return }
                log(error, "Last run not known")
                await pausing(retry.next(), worker)
            }
        }
    }

    /// Waits for the schedule. An interval is measured monotonically; a time of day by the daemons' clock, which may be moved.
    private func untilDue(after began: Int64, _ worker: Watchdog.Worker) async {
        switch schedule {
        case .every(let seconds):
            await pausing(.seconds(seconds), worker)
        case .daily:
            let due = schedule.next(after: began)
            while !isStopping && loop.clock.now() < due {
                await pausing(.milliseconds(500), worker)
                // Moved back before the run: the wait begins anew from there.
                if loop.clock.now() < began - 60_000 { return await untilDue(after: loop.clock.now(), worker) }
            }
        }
    }

    private func pausing(_ duration: Duration, _ worker: Watchdog.Worker) async {
        await worker.waiting(upTo: duration) { await pauseUnlessStopping(duration) }
    }
}
