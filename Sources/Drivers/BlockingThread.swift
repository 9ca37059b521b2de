import Foundation

/// A serial executor that owns one thread, so that a blocking C call never takes a thread of the concurrency pool.
///
/// An actor runs on it when its `unownedExecutor` is this object's. The thread ends when the last reference is gone
/// and the last job has run.
public final class BlockingThread: SerialExecutor {
    private let inbox: Inbox

    /// Starts the thread; `name` shows in debuggers and `top -H` (15 bytes are kept).
    public init(name: String) {
        let inbox = Inbox()
        self.inbox = inbox
        let thread = Thread { inbox.run() }
        thread.name = name
        thread.start()
    }

    deinit {
        inbox.close()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        inbox.put(Work(job: UnownedJob(job), executor: self))
    }

    public func checkIsolated() {
        precondition(inbox.isCurrentThread, "runs only on its own blocking thread")
    }
}

/// A job and its executor: the reference keeps the executor alive until the job has run.
private struct Work: Sendable {
    let job: UnownedJob
    let executor: BlockingThread

    func run() {
        job.runSynchronously(on: executor.asUnownedSerialExecutor())
    }
}

/// Jobs on their way to the thread.
private final class Inbox: @unchecked Sendable {
    private let condition = NSCondition()
    private var work: [Work] = []
    private var isClosed = false
    private var thread: pthread_t?

    var isCurrentThread: Bool {
        condition.lock()
        defer { condition.unlock() }
        guard let thread else { return false }
        return pthread_equal(thread, pthread_self()) != 0
    }

    func put(_ item: Work) {
        condition.lock()
        work.append(item)
        condition.signal()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }

    func run() {
        condition.lock()
        thread = pthread_self()
        condition.unlock()
        while let batch = take() {
            for item in batch { item.run() }
        }
    }

    /// What waits, in order of arrival; nil when the executor is gone and nothing waits.
    private func take() -> [Work]? {
        condition.lock()
        defer { condition.unlock() }
        while work.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        let batch = work
        work = []
        return batch
    }
}
