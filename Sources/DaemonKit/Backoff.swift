/// Growing pauses between attempts.
struct Backoff {
    private let first: Duration
    private let most: Duration
    private var current: Duration

    /// Starts at `first` and doubles up to `most`.
    init(first: Duration = .milliseconds(200), most: Duration = .seconds(5)) {
        self.first = first
        self.most = most
        current = first
    }

    /// The pause before the next attempt.
    mutating func next() -> Duration {
        defer { current = min(current * 2, most) }
        return current
    }

    /// An attempt succeeded.
    mutating func reset() { current = first }
}
