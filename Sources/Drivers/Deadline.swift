/// The instant by which a wait must have ended, on the monotonic clock.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// So long from now.
    init(after duration: Duration) {
        end = ContinuousClock.now.advanced(by: duration)
    }

    /// Milliseconds left, rounded up; 0 when it has passed.
    var remainingMilliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return 0 }
        return Int32(clamping: left.wholeMilliseconds + 1)
    }
}

extension Duration {
    /// Whole milliseconds, cut off.
    var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
