/// Why an HTTP request got no answer. An answer of any status is no error.
public enum HTTPClientError: Error, Sendable, Equatable {
    /// Not a URL, header or option that can be sent.
    case invalidRequest(String)
    /// The host's name has no address (now).
    case notResolved(String)
    /// Nobody listens, or the connect deadline passed.
    case notConnected(String)
    /// The peer's certificate or its TLS was refused; nothing was sent.
    case tls(String)
    /// The total deadline passed.
    case timedOut(wasSent: Bool)
    /// The connection broke, or the peer did not speak HTTP.
    case connectionLost(String, wasSent: Bool)
    /// The answer is longer than the request allows. It had been sent.
    case bodyTooLarge(limit: Int)
    /// The task was cancelled before the request began.
    case cancelled

    /// Whether the same request may succeed later, unchanged.
    public var isTransient: Bool {
        switch self {
        case .notResolved, .notConnected, .timedOut, .connectionLost, .cancelled: true
        case .invalidRequest, .tls, .bodyTooLarge: false
        }
    }

    /// Whether the peer may have carried the request out. False means that it certainly has not.
    public var outcomeUnknown: Bool {
        switch self {
        case .timedOut(let wasSent), .connectionLost(_, let wasSent): wasSent
        case .bodyTooLarge: true
        case .invalidRequest, .notResolved, .notConnected, .tls, .cancelled: false
        }
    }
}

extension HTTPClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidRequest(let message): "request can't be sent: \(message)"
        case .notResolved(let message): "host not found: \(message)"
        case .notConnected(let message): "no connection: \(message)"
        case .tls(let message): "TLS: \(message)"
        case .timedOut(let wasSent): "no answer within the deadline" + (wasSent ? ", request sent" : "")
        case .connectionLost(let message, _): "connection lost: \(message)"
        case .bodyTooLarge(let limit): "answer longer than \(limit) bytes"
        case .cancelled: "cancelled"
        }
    }
}
