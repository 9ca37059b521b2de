import Drivers
import Logging
import ServiceLifecycle
import Synchronization

/// Tells systemd that the daemon lives, but only while every registered worker keeps progressing; a wait within its deadline counts
/// as progress (M31), so a database that is away does not get the daemon killed, and a stuck worker does.
public final class Watchdog: Sendable {
    private struct Entry {
        let name: String
        let deadline: Duration
        var due: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var nextID = 0
    }

    /// What the surrounding task works at: a worker, and the time it may take to the next sign of progress.
    private struct Run: Sendable {
        let worker: Worker
        let limit: Duration
    }

    private let state = Mutex(State())
    @TaskLocal private static var run: Run?

    /// A watchdog without workers.
    public init() {}

    /// Registers a worker, which from now on must progress at least once within each deadline.
    public func register(_ name: String, deadline: Duration = .seconds(60)) -> Worker {
        let id = state.withLock { state in
            state.nextID += 1
            state.entries[state.nextID] = Entry(name: name, deadline: deadline, due: .now + deadline)
            return state.nextID
        }
        return Worker(watchdog: self, id: id)
    }

    /// To be called by work that goes through many documents, batches or customers, at each of them: the scheduled run or the sweep
    /// that does this work has its limit again from now on (M31). Nothing outside of such work.
    public static func progressed() {
        guard let run else { return }
        run.worker.extend(by: run.limit)
    }

    /// The workers whose deadline has passed, by name.
    public func stuckWorkers(at now: ContinuousClock.Instant = .now) -> [String] {
        state.withLock { state in
            state.entries.values.filter { $0.due < now }.map(\.name).sorted()
        }
    }

    /// One worker's hand on the watchdog.
    public struct Worker: Sendable {
        fileprivate let watchdog: Watchdog
        fileprivate let id: Int

        /// Says that something was done.
        public func progress() { extend(by: .zero) }

        /// Declares a wait that ends within a limit; it counts as progress until then, and its end too.
        public func waiting<Value>(
            upTo limit: Duration, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
        ) async rethrows -> Value {
            extend(by: limit)
            defer { progress() }
            return try await body()
        }

        /// Runs work that may take the limit at once, and again after each `Watchdog.progressed()` in it.
        public func running(upTo limit: Duration, _ work: @Sendable () async throws -> Void) async throws {
            extend(by: limit)
            defer { progress() }
            try await Watchdog.$run.withValue(Run(worker: self, limit: limit)) { try await work() }
        }

        /// Says that the worker has ended and need not progress any more.
        public func done() {
            watchdog.state.withLock { state in _ = state.entries.removeValue(forKey: id) }
        }

        fileprivate func extend(by limit: Duration) {
            watchdog.state.withLock { state in
                guard let deadline = state.entries[id]?.deadline else { return }
                state.entries[id]?.due = .now + deadline + limit
            }
        }
    }
}

/// Sends `WATCHDOG=1` at half of systemd's interval while no worker is stuck.
struct WatchdogPing: Service {
    let watchdog: Watchdog
    let logger: Logger
    /// What systemd asks for (`WATCHDOG_USEC`); nil where it does not watch.
    var interval: Duration? = SystemdNotify.watchdogInterval
    let ping: @Sendable () -> Void

    func run() async throws {
        let pause = interval.map { $0 / 2 } ?? .seconds(10)
        await cancelWhenGracefulShutdown {
            var stuckBefore: [String] = []
            while !Task.isCancelled {
                let stuck = watchdog.stuckWorkers()
                if stuck.isEmpty && interval != nil { ping() }
                if !stuck.isEmpty && stuck != stuckBefore {
                    logger.error("Workers are stuck", metadata: ["worker.names": "\(stuck.joined(separator: ","))"])
                }
                stuckBefore = stuck
                await pauseUnlessCancelled(pause)
            }
        }
    }
}

/// Sleeps; a cancellation ends it early, which the caller's loop sees for itself.
func pauseUnlessCancelled(_ duration: Duration) async {
    do {
        try await Task.sleep(for: duration)
    } catch {
        // Only cancellation ends a sleep early.
    }
}
