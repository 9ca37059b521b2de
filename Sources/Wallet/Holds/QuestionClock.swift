import Synchronization

/// When a switch asked last. Usage is posted in short transactions while switches ask, so that no caller waits long for a wallet's lock (M16).
final class QuestionClock: Sendable {
    /// Nanoseconds since an instant of this process.
    private let last = Atomic<Int64>(.min / 2)
    private let start = ContinuousClock.now

    private var elapsed: Int64 {
        let duration = (ContinuousClock.now - start).components
        return duration.seconds * 1_000_000_000 + duration.attoseconds / 1_000_000_000
    }

    /// A switch asks.
    func note() { last.store(elapsed, ordering: .relaxed) }

    /// Whether one asked within the last second.
    var isBusy: Bool { elapsed - last.load(ordering: .relaxed) < 1_000_000_000 }
}
