import Drivers
import Foundation

/// Why a notification did not reach its receiver.
enum NotificationFault: Failure {
    /// No connection, no answer in time, or a broken one.
    case notReached(String)
    /// The receiver's answer to a webhook was no 2xx.
    case refused(status: Int, retryAfterSeconds: Int?)
    /// The mail server takes it neither now nor later (5xx).
    case mailRefused(String)
    /// The mail server does not take it now, or not from us.
    case mailNotTaken(String)
    /// No mail server is configured.
    case noMailServer
    /// What cannot be sent at all: a URL or a text.
    case notSendable(String)
    /// The subscription was removed.
    case subscriptionRemoved

    var reason: String {
        switch self {
        case .notReached: "notification-not-reached"
        case .refused: "notification-refused"
        case .mailRefused: "notification-mail-refused"
        case .mailNotTaken: "notification-mail-not-taken"
        case .noMailServer: "notification-no-mail-server"
        case .notSendable: "notification-not-sendable"
        case .subscriptionRemoved: "notification-subscription-removed"
        }
    }

    /// A receiver that refuses may be repaired, so a refusal of any kind is tried again until it is given up.
    var isTransient: Bool {
        switch self {
        case .notReached, .refused, .mailNotTaken, .noMailServer: true
        case .mailRefused, .notSendable, .subscriptionRemoved: false
        }
    }

    /// Whether the receiver as a whole is in trouble, so that nothing else is sent there meanwhile.
    var isReceivers: Bool {
        switch self {
        case .notReached, .mailNotTaken, .noMailServer: true
        case .refused(let status, let retryAfterSeconds): status == 429 || status >= 500 || retryAfterSeconds != nil
        case .mailRefused, .notSendable, .subscriptionRemoved: false
        }
    }

    /// How long the receiver has asked to be left alone.
    var retryAfterSeconds: Int? {
        guard case .refused(_, let seconds) = self else { return nil }
        return seconds
    }

    /// For the row and for people.
    var detail: String {
        switch self {
        case .notReached(let text), .mailRefused(let text), .mailNotTaken(let text), .notSendable(let text): text
        case .refused(let status, _): "answered \(status)"
        case .noMailServer: "notifications.smtpUrl is not set"
        case .subscriptionRemoved: "the subscription was removed"
        }
    }

    init(_ error: HTTPClientError) {
        switch error {
        case .invalidRequest: self = .notSendable("\(error)")
        case .notResolved, .notConnected, .tls, .timedOut, .connectionLost, .bodyTooLarge, .cancelled:
            self = .notReached("\(error)")
        }
    }

    init(_ error: SMTPError) {
        switch error {
        case .invalidMessage: self = .notSendable("\(error)")
        case .refused(let code): self = code >= 500 ? .mailRefused("\(error)") : .mailNotTaken("\(error)")
        case .loginRefused: self = .mailNotTaken("\(error)")
        case .notConnected, .tls, .timedOut, .connectionLost, .cancelled: self = .notReached("\(error)")
        }
    }
}

/// The header Retry-After: seconds, or a date (RFC 9110).
enum RetryAfter {
    /// A receiver is left alone for a day at most, whatever it asks for.
    static let mostSeconds = 86_400

    /// Seconds from an instant on, which is in milliseconds since 1970 by the real clock; nil for what is neither form.
    static func seconds(_ text: String, from now: Int64) -> Int? {
        if let seconds = Int(text) { return seconds < 0 ? nil : min(seconds, mostSeconds) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = formatter.date(from: text) else { return nil }
        return min(max(0, Int(date.timeIntervalSince1970) - Int(now / 1_000)), mostSeconds)
    }
}
