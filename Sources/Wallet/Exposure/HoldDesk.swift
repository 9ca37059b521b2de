import Core
import DaemonKit
import Drivers
import Logging

/// Where switches are answered: by PostgreSQL, or, while that is away and as long as promises wait for it, by the book of promises.
struct HoldDesk: Sendable {
    let book: HoldBook
    let promises: PromiseBook
    /// How long PostgreSQL may take before the promises are quicker: a caller waits, and the switch waits for a second at most.
    let patience: Duration
    let logger: Logger

    /// Answers questions, in their order.
    func settle(_ orders: [HoldOrder], at now: Instant) async throws -> [HoldAnswer] {
        if promises.answers, try await !promises.waitForLast() { return try await promises.settle(orders, at: now) }
        do {
            // What PostgreSQL does after it was given up is found when the promises are posted: the same call holds once.
            return try await within(patience) { try await book.settle(orders, at: now) }
        } catch  where HoldDesk.isPostgresAway(error) && promises.isArmed {
            promises.noteSilence()
            logger.warning(
                "PostgreSQL is away: calls are granted up to the exposure",
                metadata: ["failure.reason": "\(FailureFacts(error).reason)"])
            return try await promises.settle(orders, at: now)
        }
    }

    /// Whether a failure says that PostgreSQL is not there, and not that a transaction lost against another one.
    static func isPostgresAway(_ error: any Error) -> Bool {
        if error is GivenUp { return true }
        guard let error = error as? PostgresError, error.isTransient else { return false }
        switch error {
        case .notConnected, .connectionLost, .timedOut, .poolExhausted: return true
        case .server:
            // Connections, resources, an operator's hand, a time-out: the classes of a server that cannot.
            return ["08", "53", "57"].contains { error.sqlState?.hasPrefix($0) ?? false }
        case .cancelled, .poolClosed, .lockLost, .decoding, .misuse: return false
        }
    }
}
