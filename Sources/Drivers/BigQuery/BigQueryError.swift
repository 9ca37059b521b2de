/// Why BigQuery did not do what it was asked for.
public enum BigQueryError: Error, Sendable, Equatable {
    /// No answer: the network, or a service that is down.
    case notReached(String)
    /// Not even asked: a URL that is none, a certificate that isn't trusted.
    case notSent(String)
    /// The query ran longer than it may.
    case slow(afterSeconds: Int)
    /// It asks for patience, or had a fault of its own: a minute later it may do it.
    case busy(String)
    /// An allowance is used up: it takes minutes to hours, and a person should know.
    case quotaExceeded(String)
    /// No access token, or one that is not taken.
    case loginRefused(String)
    /// It says no to what was asked: access denied, no such table, a column that isn't there.
    case refused(status: Int, reason: String, message: String)
    /// An answer that is not as documented.
    case unreadable(String)

    /// Whether the same request may succeed later, unchanged.
    public var isTransient: Bool {
        switch self {
        case .notReached, .slow, .busy, .quotaExceeded: true
        case .notSent, .loginRefused, .refused, .unreadable: false
        }
    }
}

extension BigQueryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notReached(let detail): "BigQuery is not reached: \(detail)"
        case .notSent(let detail): "BigQuery cannot be asked: \(detail)"
        case .slow(let seconds): "the query ran longer than \(seconds) s"
        case .busy(let detail): "BigQuery is busy: \(detail)"
        case .quotaExceeded(let detail): "BigQuery's quota is used up: \(detail)"
        case .loginRefused(let detail): "BigQuery does not let us in: \(detail)"
        case .refused(let status, let reason, let message): "BigQuery refused (\(status) \(reason)): \(message)"
        case .unreadable(let detail): "BigQuery's answer cannot be read: \(detail.prefix(300))"
        }
    }
}

extension BigQueryError {
    /// What a request without an answer means.
    init(_ error: HTTPClientError) {
        switch error {
        case .notResolved, .notConnected, .timedOut, .connectionLost, .cancelled: self = .notReached("\(error)")
        case .invalidRequest, .tls: self = .notSent("\(error)")
        case .bodyTooLarge: self = .unreadable("\(error); fewer rows a page may help")
        }
    }

    /// What an answer means that is no success.
    init(_ answer: HTTPClientResponse) {
        self.init(status: answer.status, body: answer.body)
    }

    /// What an answer means that is no success. The reason tells more than the status: 403 is a short-term limit, a quota or a missing
    /// right.
    init(status: Int, body: [UInt8]) {
        let problem = Problem(body)
        let detail = "\(status) \(problem.reason): \(problem.message)"
        switch problem.reason {
        case "quotaExceeded": self = .quotaExceeded(detail)
        case "rateLimitExceeded", "jobRateLimitExceeded", "backendError", "jobBackendError", "internalError",
            "jobInternalError", "tableUnavailable", "timeout":
            self = .busy(detail)
        default:
            switch status {
            case 401: self = .loginRefused(detail)
            case 408, 429, 500...: self = .busy(detail)
            default: self = .refused(status: status, reason: problem.reason, message: problem.message)
            }
        }
    }

    /// `{"error": {"message": …, "errors": [{"reason": …}]}}`, or whatever a proxy says.
    private struct Problem {
        let reason: String
        let message: String

        private struct Envelope: Decodable {
            struct Content: Decodable {
                struct Item: Decodable { let reason: String? }
                let message: String?
                let status: String?
                let errors: [Item]?
            }
            let error: Content
        }

        init(_ body: [UInt8]) {
            do throws(BigQueryError) {
                let envelope: Envelope = try BigQueryJSON.decode(body)
                reason = envelope.error.errors?.first?.reason ?? envelope.error.status ?? "unknown"
                message = String((envelope.error.message ?? "").prefix(500))
            } catch {
                reason = "unknown"
                message = String(decoding: body.prefix(200), as: UTF8.self)
            }
        }
    }
}
