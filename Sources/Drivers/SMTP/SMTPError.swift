/// Why a message was not handed over.
public enum SMTPError: Error, Sendable, Equatable {
    /// Not a message or a server's address that can be used.
    case invalidMessage(String)
    /// The host has no address, or nobody listens there.
    case notConnected(String)
    /// The server's certificate or its TLS was refused, or TLS is required and it has none; nothing was sent.
    case tls(String)
    /// The server refuses user and password, or every way to log in.
    case loginRefused
    /// The server's answer: 4xx for now, 5xx for good.
    case refused(code: Int)
    /// The deadline passed.
    case timedOut
    /// The connection broke, or the peer did not speak SMTP. The message may have been taken.
    case connectionLost(String)
    /// The task was cancelled before the message began.
    case cancelled

    /// Whether the same message may be taken later, unchanged.
    public var isTransient: Bool {
        switch self {
        case .notConnected, .timedOut, .connectionLost, .cancelled, .loginRefused, .tls: true
        case .refused(let code): code < 500
        case .invalidMessage: false
        }
    }
}

extension SMTPError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidMessage(let message): "can't be sent: \(message)"
        case .notConnected(let message): "no connection: \(message)"
        case .tls(let message): "TLS: \(message)"
        case .loginRefused: "the mail server refuses the login"
        case .refused(let code): "the mail server answered \(code)"
        case .timedOut: "no answer within the deadline"
        case .connectionLost(let message): "connection lost: \(message)"
        case .cancelled: "cancelled"
        }
    }
}
