/// What can go wrong between us and PostgreSQL.
public enum PostgresError: Error, Sendable, Equatable {
    /// The server refused the statement.
    case server(PostgresFault)
    /// No connection could be made; nothing was sent.
    case notConnected(String)
    /// The connection broke in mid-statement. Behind a COMMIT or a single statement the outcome is unknown.
    case connectionLost(String)
    /// No answer within the deadline; the connection was closed. The outcome is unknown, as above.
    case timedOut
    /// The task was cancelled; the connection was closed. The outcome is unknown, as above.
    case cancelled
    /// Every connection of the pool stayed busy for so long; nothing was sent.
    case poolExhausted(after: Duration)
    /// The pool has been shut down.
    case poolClosed
    /// The advisory lock's connection died while its holder was at work.
    case lockLost(String)
    /// A column that is not there, is NULL or is not of the type asked for. A bug, or a schema that is too old.
    case decoding(column: String, reason: String)
    /// The caller broke a rule of this driver: a bad identifier, a row of the wrong width.
    case misuse(String)

    /// The five-character SQLSTATE, when the server gave one.
    public var sqlState: String? {
        if case .server(let fault) = self { return fault.sqlState }
        return nil
    }

    /// The violated constraint's name, when the server gave one.
    public var constraint: String? {
        if case .server(let fault) = self { return fault.constraint }
        return nil
    }

    /// Whether the same work may succeed later, unchanged.
    public var isTransient: Bool {
        switch self {
        case .server(let fault): fault.isTransient
        case .notConnected, .connectionLost, .timedOut, .cancelled, .poolExhausted, .lockLost: true
        case .poolClosed, .decoding, .misuse: false
        }
    }

    /// Whether the connection is gone with it.
    var endsConnection: Bool {
        switch self {
        case .notConnected, .connectionLost, .timedOut, .cancelled: true
        case .server, .poolExhausted, .poolClosed, .lockLost, .decoding, .misuse: false
        }
    }

    /// Whether the work may have been committed although it failed here.
    public var outcomeUnknown: Bool {
        switch self {
        case .connectionLost, .timedOut, .cancelled: true
        case .server, .notConnected, .poolExhausted, .poolClosed, .lockLost, .decoding, .misuse: false
        }
    }
}

/// The server's own words about a statement it refused.
public struct PostgresFault: Sendable, Equatable {
    /// Five characters, as in the appendix of PostgreSQL's manual: `23505` is a unique violation.
    public var sqlState: String
    public var message: String
    public var detail: String?
    public var hint: String?
    public var schema: String?
    public var table: String?
    public var column: String?
    public var constraint: String?
    /// The server's function that raised it.
    public var routine: String?
    /// The context line, for COPY with the number of the bad row.
    public var context: String?

    /// Detail and context, unless they may show a row: what a record holds does not belong in a log.
    fileprivate var printedDetail: String {
        if sqlState.hasPrefix("22") || sqlState.hasPrefix("23") { return "" }
        return (detail.map { " (\($0))" } ?? "") + (context.map { " [\($0)]" } ?? "")
    }

    /// Whether a row found no partition. Nobody writes a day whose partition was not made, but a session that listed the partitions while
    /// another one was being attached may not see that one for as long as it lives; another session does.
    var isWithoutPartition: Bool { sqlState == "23514" && routine == "ExecFindPartition" }

    /// Lost connections, serialisation failures, deadlocks, locks not had, cancelled statements, a server that
    /// starts, stops or is full, a prepared statement whose table has changed since, and a partition that is not seen.
    var isTransient: Bool {
        if isWithoutPartition { return true }
        return switch sqlState {
        case "40001", "40P01", "55P03", "25P03", "57014", "57P01", "57P02", "57P03", "57P05": true
        case "0A000": routine == "RevalidateCachedQuery"
        default: sqlState.hasPrefix("08") || sqlState.hasPrefix("53")
        }
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .server(let fault):
            "PostgreSQL \(fault.sqlState): \(fault.message)\(fault.printedDetail)"
        case .notConnected(let message): "no connection to PostgreSQL: \(message)"
        case .connectionLost(let message): "connection to PostgreSQL lost: \(message)"
        case .timedOut: "no answer from PostgreSQL within the deadline"
        case .cancelled: "cancelled while PostgreSQL was at work"
        case .poolExhausted(let duration): "no free PostgreSQL connection within \(duration)"
        case .poolClosed: "the PostgreSQL pool is closed"
        case .lockLost(let message): "advisory lock lost: \(message)"
        case .decoding(let column, let reason): "column \(column): \(reason)"
        case .misuse(let message): message
        }
    }
}
