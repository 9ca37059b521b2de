/// An error that can reach a stream loop or an HTTP answer (M32). It says what it is and whether to try again; who throws it
/// knows, only `StreamConsumer`, `ScheduledWork` and `APIErrors` decide what follows.
public protocol Failure: Error {
    /// A stable code: a rule's code as the rules spell it (`NO_RATE`), or kebab-case for an infrastructure fault
    /// (`lrn-timeout`). The same in the log, the metric label, the database and the documentation.
    var reason: String { get }
    /// Whether the same work may succeed later without anything being changed.
    var isTransient: Bool { get }
}

/// What is known of any error: the view that loops and answers take of it.
public struct FailureFacts: Sendable, Hashable {
    /// The stable code; `unexpected` for an error that is no `Failure`.
    public let reason: String
    /// Whether to try again.
    public let isTransient: Bool

    /// The facts of a given error.
    public init(_ error: any Error) {
        switch error {
        case let failure as any Failure:
            reason = failure.reason
            isTransient = failure.isTransient
        case is CancellationError:
            reason = "cancelled"
            isTransient = true
        default:
            reason = "unexpected"
            isTransient = false
        }
    }
}
