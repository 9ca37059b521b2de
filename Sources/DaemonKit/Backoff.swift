/// Growing pauses between attempts.
public struct Backoff {
    private let first: Duration
    private let most: Duration
    private var current: Duration

    /// Starts at `first` and doubles up to `most`.
    public init(first: Duration = .milliseconds(200), most: Duration = .seconds(5)) {
        self.first = first
        self.most = most
        current = first
    }

    /// The pause before the next attempt.
    public mutating func next() -> Duration {
        defer { current = min(current * 2, most) }
        return current
    }

    /// An attempt succeeded.
    public mutating func reset() { current = first }
}
