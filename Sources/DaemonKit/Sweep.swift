public import Drivers
public import ServiceLifecycle

/// The sweep beside a stream (M3): once a minute, and whenever the doorbell rings, it handles the facts above the owner's progress
/// mark up to the commit horizon. Redis has no part in it.
public struct Sweep: Service {
    private let name: String
    private let horizon: Horizon
    private let interval: Duration
    private let limit: Duration
    private let pool: PostgresPool
    private let loop: Loop
    private let body: @Sendable (_ through: Int64) async throws -> Void
    private let bell = Bell()

    /// A sweep of one kind of facts.
    /// - Parameters:
    ///   - kind: whose horizon is asked: `raw_cdr`, `rated`.
    ///   - limit: how long a sweep may go without `Watchdog.progressed()` before it counts as stuck.
    ///   - body: handles (own mark, through] and moves the mark; it may run twice for the same facts, never twice at once.
    public init(
        _ name: String, kind: String, every interval: Duration, limit: Duration = .seconds(600), pool: PostgresPool,
        loop: Loop, body: @escaping @Sendable (_ through: Int64) async throws -> Void
    ) {
        self.name = name
        horizon = Horizon(kind)
        self.interval = interval
        self.limit = limit
        self.pool = pool
        self.loop = loop
        self.body = body
    }

    /// Asks for a sweep now, or, while one runs, for another one after it.
    public func ring() { bell.ring() }

    public func run() async throws {
        let worker = loop.watchdog.register("sweep \(name)")
        defer { worker.done() }
        var backoff = Backoff(first: .milliseconds(500), most: interval)
        while !isStopping {
            if await sweepOnce(worker) {
                backoff.reset()
                await worker.waiting(upTo: interval) { await bell.wait(upTo: interval) }
            } else {
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
    }

    private func sweepOnce(_ worker: Watchdog.Worker) async -> Bool {
        do {
            try await worker.running(upTo: limit) {
                let through = try await horizon.through(pool)
                try await body(through)
                loop.metrics.set(.sweepThrough, to: Int(through), name)
            }
            loop.metrics.increment(.sweeps, name, "done")
            return true
        } catch {
            if isStopping { return false }
            let facts = FailureFacts(error)
            loop.metrics.increment(.sweeps, name, "failed")
            loop.logger.log(
                level: facts.isTransient ? .warning : .error, "Sweep failed",
                metadata: [
                    "sweep.name": "\(name)", "failure.reason": "\(facts.reason)", "failure.detail": "\(error)",
                ])
            return false
        }
    }
}
