public import Drivers

extension PostgresError: Failure {
    /// `postgres-` and what happened; the SQLSTATE where the server gave one.
    public var reason: String {
        switch self {
        case .server(let fault): "postgres-\(fault.sqlState.lowercased())"
        case .notConnected: "postgres-not-connected"
        case .connectionLost: "postgres-connection-lost"
        case .timedOut: "postgres-timed-out"
        case .cancelled: "postgres-cancelled"
        case .poolExhausted: "postgres-pool-exhausted"
        case .poolClosed: "postgres-pool-closed"
        case .lockLost: "postgres-lock-lost"
        case .decoding: "postgres-decoding"
        case .misuse: "postgres-misuse"
        }
    }

    /// Whether the data of a record can be to blame: a data exception or a broken constraint. Everything else that is permanent,
    /// such as a missing grant or a schema that is older than the code, would hit every other record as well.
    var blamesRecord: Bool {
        switch self {
        case .server(let fault):
            !isTransient && (fault.sqlState.hasPrefix("22") || fault.sqlState.hasPrefix("23"))
        case .decoding: true
        case .notConnected, .connectionLost, .timedOut, .cancelled, .poolExhausted, .poolClosed, .lockLost, .misuse:
            false
        }
    }
}

extension RedisError: Failure {
    /// `redis-` and what happened; the code of a refusal.
    public var reason: String {
        switch self {
        case .command: "redis-\(code?.lowercased() ?? "refused")"
        case .notConnected: "redis-not-connected"
        case .connectionLost: "redis-connection-lost"
        case .timedOut: "redis-timed-out"
        case .unexpectedReply: "redis-unexpected-reply"
        }
    }
}

extension BigQueryError: Failure {
    /// `bigquery-` and what happened; the status of a refusal.
    public var reason: String {
        switch self {
        case .notReached: "bigquery-not-reached"
        case .notSent: "bigquery-not-sent"
        case .slow: "bigquery-slow"
        case .busy: "bigquery-busy"
        case .quotaExceeded: "bigquery-quota-exceeded"
        case .loginRefused: "bigquery-login-refused"
        case .refused(let status, _, _): "bigquery-refused-\(status)"
        case .unreadable: "bigquery-unreadable"
        }
    }
}

/// Whether splitting a batch may find the record that is to blame. A transient failure, and one of the machinery, is tried again.
public func blamesRecord(_ error: any Error) -> Bool {
    if let error = error as? PostgresError { return error.blamesRecord }
    if error is RedisError { return false }
    return !FailureFacts(error).isTransient
}
