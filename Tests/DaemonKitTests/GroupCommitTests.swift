import Synchronization
import Testing

@testable import DaemonKit

/// A store that remembers its batches and can be held up.
private actor Store {
    private(set) var batches: [[Int]] = []
    private(set) var mostAtOnce = 0
    private var atOnce = 0

    func commit(_ numbers: [Int], pause: Duration = .milliseconds(2)) async throws -> [String] {
        atOnce += 1
        mostAtOnce = max(mostAtOnce, atOnce)
        defer { atOnce -= 1 }
        batches.append(numbers)
        try await Task.sleep(for: pause)
        return numbers.map { "answer \($0)" }
    }
}

private struct BadBatch: Error, Equatable {}

@Suite("Group commit")
struct GroupCommitTests {
    /// Runs the body beside a group commit, which is stopped afterwards.
    private func with<Answer: Sendable>(
        _ group: GroupCommit<Int, Answer>, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            tasks.cancelAll()
        }
    }

    @Test("each of a thousand concurrent callers gets its own answer, in far fewer commits, within the lanes")
    func concurrent() async throws {
        let store = Store()
        let group = GroupCommit<Int, String>(
            "test", limits: GroupCommitLimits(batchCount: 100, lanes: 2), metrics: PrometheusRegistry()
        ) { try await store.commit($0) }
        try await with(group) {
            try await withThrowingTaskGroup(of: Bool.self) { callers in
                for number in 0..<1_000 {
                    callers.addTask { try await group.submit(number) == "answer \(number)" }
                }
                for try await isOwn in callers { #expect(isOwn) }
            }
        }
        let batches = await store.batches
        #expect(batches.flatMap { $0 }.sorted() == Array(0..<1_000))
        #expect(batches.count < 200)
        #expect(batches.allSatisfy { $0.count <= 100 })
        #expect(await store.mostAtOnce <= 2)
    }

    @Test("a failing batch fails its callers with its error, and the next batch works")
    func failure() async throws {
        let failures = Mutex(1)
        let group = GroupCommit<Int, Int>(
            "test", limits: GroupCommitLimits(lanes: 1), metrics: PrometheusRegistry()
        ) { batch in
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            if fails { throw BadBatch() }
            return batch
        }
        try await with(group) {
            await #expect(throws: BadBatch()) { try await group.submit(1) }
            let next = try await group.submit(2)
            #expect(next == 2)
        }
    }

    @Test("what exceeds the queue's bounds is refused at once")
    func full() async throws {
        let metrics = PrometheusRegistry()
        let group = GroupCommit<Int, Int>(
            "test", limits: GroupCommitLimits(queuedCount: 2), metrics: metrics
        ) { $0 }
        try await withThrowingTaskGroup(of: Int.self) { callers in
            callers.addTask { try await group.submit(1) }
            callers.addTask { try await group.submit(2) }
            while metrics.value(.commitRefused, "test") == 0 {
                do {
                    _ = try await withThrowingTaskGroup(of: Int.self) { probe in
                        probe.addTask { try await group.submit(3) }
                        probe.addTask {
                            try await Task.sleep(for: .milliseconds(20))
                            throw CancellationError()
                        }
                        defer { probe.cancelAll() }
                        return try await probe.next() ?? 0
                    }
                } catch is CancellationError {
                    continue
                } catch let refusal as GroupCommitRefusal {
                    #expect(refusal == .full)
                }
            }
            callers.addTask {
                try await group.run()
                return 0
            }
            let answers = Set([try await callers.next() ?? 0, try await callers.next() ?? 0])
            #expect(answers == [1, 2])
            callers.cancelAll()
        }
    }

    @Test("bytes bound a batch, and a submission that is larger goes alone")
    func bytes() async throws {
        let store = Store()
        let group = GroupCommit<Int, String>(
            "test", limits: GroupCommitLimits(batchBytes: 100, lanes: 1), metrics: PrometheusRegistry(), bytes: { $0 }
        ) { try await store.commit($0) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for weight in [40, 40, 40, 250] {
                tasks.addTask { _ = try await group.submit(weight) }
            }
            try await Task.sleep(for: .milliseconds(50))
            tasks.addTask { try await group.run() }
            for _ in 0..<4 { try await tasks.next() }
            tasks.cancelAll()
        }
        let batches = await store.batches
        #expect(batches.allSatisfy { $0.count == 1 || $0.reduce(0, +) <= 100 })
        #expect(batches.contains([250]))
    }

    @Test("a caller that is cancelled while it waits is taken out; the others are answered")
    func cancelled() async throws {
        let store = Store()
        let group = GroupCommit<Int, String>(
            "test", limits: GroupCommitLimits(lanes: 1), metrics: PrometheusRegistry()
        ) { try await store.commit($0) }
        let waiting = Task { try await group.submit(1) }
        let other = Task { try await group.submit(2) }
        try await Task.sleep(for: .milliseconds(50))
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try await with(group) {
            let answer = try await other.value
            #expect(answer == "answer 2")
        }
        #expect(await store.batches == [[2]])
    }

    @Test("the watchdog watches a commit while it runs, and an idle lane not at all")
    func watched() async throws {
        let watchdog = Watchdog()
        let seen = Mutex<[String]>([])
        let group = GroupCommit<Int, Int>(
            "test", limits: GroupCommitLimits(), metrics: PrometheusRegistry(), watchdog: watchdog
        ) { batch in
            seen.withLock { $0 = watchdog.stuckWorkers(at: .now + .seconds(121)) }
            return batch
        }
        try await with(group) { _ = try await group.submit(1) }
        #expect(seen.withLock { $0 } == ["commit test"])
        #expect(watchdog.stuckWorkers(at: .now + .seconds(121)) == [])
    }

    @Test("after a stop what was taken is committed and nothing more is taken")
    func stopped() async throws {
        let store = Store()
        let group = GroupCommit<Int, String>(
            "test", limits: GroupCommitLimits(batchCount: 1, lanes: 1), metrics: PrometheusRegistry()
        ) { try await store.commit($0, pause: .zero) }
        let callers = (0..<5).map { number in Task { try await group.submit(number) } }
        try await Task.sleep(for: .milliseconds(50))
        let running = Task { try await group.run() }
        running.cancel()
        try await running.value
        #expect(await store.batches.count == 5)
        for caller in callers { _ = await caller.result }
        await #expect(throws: GroupCommitRefusal.stopping) { try await group.submit(9) }
    }
}
