import DequeModule
public import ServiceLifecycle
import Synchronization

/// Why a submission was not taken.
public enum GroupCommitRefusal: Failure, Equatable {
    /// As much waits as may wait.
    case full
    /// The daemon is stopping.
    case stopping

    public var reason: String {
        switch self {
        case .full: "queue-full"
        case .stopping: "stopping"
        }
    }

    public var isTransient: Bool { true }
}

/// The bounds of a `GroupCommit`.
public struct GroupCommitLimits: Sendable {
    /// The most submissions in one commit.
    public var batchCount: Int
    /// The most bytes in one commit; a larger submission is a batch of its own.
    public var batchBytes: Int
    /// The most submissions that wait; the next one is refused.
    public var queuedCount: Int
    /// The most bytes that wait.
    public var queuedBytes: Int
    /// How many commits run at once.
    public var lanes: Int
    /// How long a free lane waits for a small batch to grow; usually not at all: batches grow while commits run.
    public var delay: Duration

    /// Bounds, with defaults for records of about a kilobyte.
    public init(
        batchCount: Int = 5_000, batchBytes: Int = 8 << 20, queuedCount: Int = 50_000, queuedBytes: Int = 64 << 20,
        lanes: Int = 2, delay: Duration = .zero
    ) {
        self.batchCount = batchCount
        self.batchBytes = batchBytes
        self.queuedCount = queuedCount
        self.queuedBytes = queuedBytes
        self.lanes = lanes
        self.delay = delay
    }
}

/// What became of a submission at the queue: taken, with the lane to wake, or refused.
private enum QueueVerdict {
    case taken(CheckedContinuation<Void, Never>?)
    case refused(any Error)
}

/// Turns concurrent submissions into batches with one commit each; every caller is answered after the commit that held its
/// submission, with its own answer, or with that commit's error.
///
/// It is a service: its lanes commit in `run()`, and a graceful shutdown commits what was taken before it returns. A caller that is
/// cancelled while it waits is taken out of the queue; once its commit runs it gets the answer.
public final class GroupCommit<Submission: Sendable, Answer: Sendable>: Service {
    private struct Waiting {
        let id: Int
        let submission: Submission
        let bytes: Int
        let caller: CheckedContinuation<Answer, any Error>
    }

    private struct State {
        var queue: Deque<Waiting> = []
        var queuedBytes = 0
        var nextID = 0
        var cancelled: Set<Int> = []
        var isStopping = false
        var idleLanes: [CheckedContinuation<Void, Never>] = []
    }

    private let name: String
    private let limits: GroupCommitLimits
    private let metrics: PrometheusRegistry
    private let watchdog: Watchdog
    private let bytes: @Sendable (Submission) -> Int
    private let commit: @Sendable ([Submission]) async throws -> [Answer]
    private let state = Mutex(State())

    /// A group commit.
    /// - Parameters:
    ///   - name: the label of its metrics.
    ///   - watchdog: watches every commit; one that takes longer than two minutes counts as stuck.
    ///   - bytes: roughly what a submission weighs, for the bounds on memory.
    ///   - commit: commits a batch and returns one answer for each submission, in order. Called by up to `limits.lanes` at once.
    public init(
        _ name: String, limits: GroupCommitLimits, metrics: PrometheusRegistry, watchdog: Watchdog = Watchdog(),
        bytes: @escaping @Sendable (Submission) -> Int = { _ in 0 },
        commit: @escaping @Sendable ([Submission]) async throws -> [Answer]
    ) {
        precondition(limits.lanes > 0 && limits.batchCount > 0, "a group commit needs a lane and a batch")
        self.name = name
        self.limits = limits
        self.metrics = metrics
        self.watchdog = watchdog
        self.bytes = bytes
        self.commit = commit
    }

    /// Waits until the submission is committed, and returns its answer.
    /// - Throws: `GroupCommitRefusal` when it was not taken, `CancellationError` when the caller was cancelled before its commit
    ///   began, otherwise what the commit threw.
    public func submit(_ submission: Submission) async throws -> Answer {
        let weight = bytes(submission)
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { caller in
                enqueue(Waiting(id: id, submission: submission, bytes: weight, caller: caller))
            }
        } onCancel: {
            withdraw(id)
        }
    }

    /// Commits until the daemon stops, then what was taken.
    public func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { lanes in
                for _ in 0..<limits.lanes {
                    lanes.addTask { await self.lane() }
                }
            }
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    private func lane() async {
        while let batch = await nextBatch() {
            let start = ContinuousClock.now
            let worker = watchdog.register("commit \(name)", deadline: .seconds(120))
            defer { worker.done() }
            do {
                let answers = try await commit(batch.map(\.submission))
                precondition(answers.count == batch.count, "a commit answers every submission")
                for (waiting, answer) in zip(batch, answers) { waiting.caller.resume(returning: answer) }
            } catch {
                for waiting in batch { waiting.caller.resume(throwing: error) }
            }
            metrics.observe(.commitSize, Double(batch.count), name)
            metrics.observe(.commitSeconds, ContinuousClock.now - start, name)
        }
    }

    /// The next batch, nil when the daemon stops and nothing waits any more.
    private func nextBatch() async -> [Waiting]? {
        while true {
            let isEmpty = state.withLock { $0.queue.isEmpty }
            if !isEmpty && limits.delay > .zero { await growing() }
            let (batch, isOver) = state.withLock { state in (take(&state), state.isStopping && state.queue.isEmpty) }
            if !batch.isEmpty { return batch }
            if isOver { return nil }
            await withCheckedContinuation { lane in
                let goesOn = state.withLock { state in
                    if !state.queue.isEmpty || state.isStopping { return true }
                    state.idleLanes.append(lane)
                    return false
                }
                if goesOn { lane.resume() }
            }
        }
    }

    /// Waits the delay unless the batch is full or the daemon stops.
    private func growing() async {
        let isFull = state.withLock { state in
            state.isStopping || state.queue.count >= limits.batchCount || state.queuedBytes >= limits.batchBytes
        }
        guard !isFull else { return }
        do {
            try await Task.sleep(for: limits.delay)
        } catch {
            // Cancelled: the lanes drain at once.
        }
    }

    private func take(_ state: inout State) -> [Waiting] {
        var batch: [Waiting] = []
        var weight = 0
        while let next = state.queue.first, batch.count < limits.batchCount {
            guard batch.isEmpty || weight + next.bytes <= limits.batchBytes else { break }
            state.queue.removeFirst()
            weight += next.bytes
            batch.append(next)
        }
        state.queuedBytes -= weight
        metrics.set(.commitQueued, to: state.queue.count, name)
        return batch
    }

    private func enqueue(_ waiting: Waiting) {
        let verdict: QueueVerdict = state.withLock { state in
            if state.cancelled.remove(waiting.id) != nil { return .refused(CancellationError()) }
            guard !state.isStopping else { return .refused(GroupCommitRefusal.stopping) }
            guard state.queue.count < limits.queuedCount,
                state.queue.isEmpty || state.queuedBytes + waiting.bytes <= limits.queuedBytes
            else { return .refused(GroupCommitRefusal.full) }
            state.queue.append(waiting)
            state.queuedBytes += waiting.bytes
            return .taken(state.idleLanes.popLast())
        }
        switch verdict {
        case .taken(let lane): lane?.resume()
        case .refused(let error):
            if error is GroupCommitRefusal { metrics.increment(.commitRefused, name) }
            waiting.caller.resume(throwing: error)
        }
    }

    private func withdraw(_ id: Int) {
        let withdrawn: Waiting? = state.withLock { state in
            guard let index = state.queue.firstIndex(where: { $0.id == id }) else {
                // Either its commit runs already, or it has not been queued yet: then it must not be.
                state.cancelled.insert(id)
                return nil
            }
            let waiting = state.queue.remove(at: index)
            state.queuedBytes -= waiting.bytes
            return waiting
        }
        withdrawn?.caller.resume(throwing: CancellationError())
    }

    private func stop() {
        let lanes = state.withLock { state in
            state.isStopping = true
            defer { state.idleLanes = [] }
            return state.idleLanes
        }
        for lane in lanes { lane.resume() }
    }
}
