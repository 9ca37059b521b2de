import DaemonKit
import Synchronization

/// How fast each source may push: its records per second, by this instance's count. A second's worth may come at once; a batch above
/// that is taken whole, and the source waits until it is paid for.
final class SourceRates: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// To be asked before a body is read.
    /// - Throws: 429 with the seconds until the source may push again.
    func admit(_ source: Source, at now: ContinuousClock.Instant = .now) throws(APIError) {
        guard let rate = source.recordsPerSecond.map(Double.init) else { return }
        let tokens = tokens(of: source.name, rate: rate, taking: 0, at: now)
        guard tokens < 1 else { return }
        throw APIError(
            .tooManyRequests, reason: "rate-limited", detail: "\(source.name) may push \(Int(rate)) records a second",
            retryAfterSeconds: max(1, Int(((1 - tokens) / rate).rounded(.up))))
    }

    /// Counts records that a source has pushed.
    func count(_ records: Int, of source: Source, at now: ContinuousClock.Instant = .now) {
        guard let rate = source.recordsPerSecond.map(Double.init) else { return }
        _ = tokens(of: source.name, rate: rate, taking: Double(records), at: now)
    }

    private func tokens(
        of name: String, rate: Double, taking taken: Double, at now: ContinuousClock.Instant
    ) -> Double {
        buckets.withLock { buckets in
            var bucket = buckets[name] ?? Bucket(tokens: rate, filledAt: now)
            let seconds = bucket.filledAt.duration(to: now) / .seconds(1)
            bucket.tokens = min(rate, bucket.tokens + seconds * rate) - taken
            bucket.filledAt = now
            buckets[name] = bucket
            return bucket.tokens
        }
    }
}
