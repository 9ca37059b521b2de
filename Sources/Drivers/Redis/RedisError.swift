/// What can go wrong between us and Redis.
public enum RedisError: Error, Sendable, Equatable {
    /// The server refused the command: `NOGROUP No such key …`.
    case command(String)
    /// No connection could be made; nothing was sent.
    case notConnected(String)
    /// The connection broke after the command had been sent: it may have been carried out.
    case connectionLost(String)
    /// No answer within the deadline; the connection was closed. The command may have been carried out.
    case timedOut
    /// The reply has another shape than the command's.
    case unexpectedReply(String)

    /// The first word of the server's refusal: `NOGROUP`, `OOM`, `BUSYGROUP`.
    public var code: String? {
        guard case .command(let message) = self else { return nil }
        return message.split(separator: " ").first.map(String.init)
    }

    /// Whether the same command may succeed later, unchanged.
    public var isTransient: Bool {
        switch self {
        case .notConnected, .connectionLost, .timedOut: true
        case .command: ["LOADING", "BUSY", "OOM", "MASTERDOWN", "READONLY", "TRYAGAIN", "MISCONF"].contains(code)
        case .unexpectedReply: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .command(let message): "Redis: \(message)"
        case .notConnected(let message): "no connection to Redis: \(message)"
        case .connectionLost(let message): "connection to Redis lost: \(message)"
        case .timedOut: "no answer from Redis within the deadline"
        case .unexpectedReply(let command): "Redis answered \(command) in an unknown shape"
        }
    }
}
