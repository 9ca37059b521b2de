/// The keys of a daemon that answers repeats of requests.
public enum IdempotencyConfig {
    /// How long an answer is known.
    public static let keptHours = ConfigKey.integer(
        "idempotency.keptHours", default: 48, in: 1...720,
        help: "Hours that the answer to a request with an Idempotency-Key is known; a repeat gets it again.")

    /// All of them.
    public static let keys = ConfigKeys(keptHours)
}

extension DaemonContext {
    /// The middleware that answers repeats, over the daemon's own table; old answers are forgotten as long as the daemon runs.
    /// - Parameter leaseSeconds: more than the longest that a handler takes; a request whose instance was killed can be repeated after that.
    public func idempotentRequests(table: String, leaseSeconds: Int = 60) -> IdempotentRequests {
        let answers = KeptAnswers(table: table, pool: pool, clock: clock, leaseSeconds: leaseSeconds)
        let kept = Int64(config[IdempotencyConfig.keptHours]) * 3_600_000
        schedule("forget-answers", .every(seconds: 300)) { [clock] in
            while try await answers.forget(before: clock.now() - kept, limit: 5_000) == 5_000 {
                Watchdog.progressed()
            }
        }
        return IdempotentRequests(answers: answers, patience: .seconds(2), bodyBytes: 1 << 16)
    }
}
