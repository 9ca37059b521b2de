import Synchronization

/// The work was given up: it may still come to its end, and nobody hears of it.
public struct GivenUp: Failure {
    /// How long it had.
    public let limit: Duration

    public var reason: String { "given-up" }
    public var isTransient: Bool { true }
}

/// The work's result, or `GivenUp` once the limit has passed. The work is cancelled then but not waited for: a COMMIT that hangs ends
/// when it ends.
public func within<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let race = Race<Value>()
    let task = Task {
        do {
            race.finish(.success(try await work()))
        } catch {
            race.finish(.failure(error))
        }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        race.finish(.failure(GivenUp(limit: limit)))
        task.cancel()
    }
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
        try await race.result()
    } onCancel: {
        task.cancel()
    }
}

/// One result, whoever brings it first.
private final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open(CheckedContinuation<Value, any Error>?)
        case ended(Result<Value, any Error>)
    }

    private let state = Mutex(State.open(nil))

    func finish(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            guard case .open(let waiting) = state else { return nil }
            state = .ended(result)
            return waiting
        }
        waiting?.resume(with: result)
    }

    func result() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let ended: Result<Value, any Error>? = state.withLock { state in
                if case .ended(let result) = state { return result }
                state = .open(continuation)
                return nil
            }
            if let ended { continuation.resume(with: ended) }
        }
    }
}
