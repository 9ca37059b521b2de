public import Drivers
import Foundation

/// The text of a notification as a person reads it.
public struct NoticeText: Sendable, Hashable {
    /// One line.
    public let subject: String
    /// The lines below it.
    public let body: String

    /// A text.
    public init(subject: String, body: String) {
        self.subject = subject
        self.body = body
    }
}

/// Mail, where it is configured: by which server, from whom, and what a notification says to a person.
public struct NotificationMail: Sendable {
    let server: SMTPServer
    let from: MailAddress
    let text: @Sendable (OutgoingNotification) throws -> NoticeText

    /// Mail from an address by a server.
    public init(
        server: SMTPServer, from: MailAddress, text: @escaping @Sendable (OutgoingNotification) throws -> NoticeText
    ) {
        self.server = server
        self.from = from
        self.text = text
    }
}

/// The way out of one notification at a time, with clients on threads of their own.
struct NotificationLane: Sendable {
    private let http = HTTPClient()
    private let mail: (settings: NotificationMail, client: SMTPClient)?

    /// A send ends within this, as a daemon that stops waits for it.
    private static let deadline = Duration.seconds(10)
    private static let longestAnswer = 1_024 * 1_024

    init(mail: NotificationMail?) {
        self.mail = mail.map { ($0, SMTPClient(server: $0.server)) }
    }

    /// Returns once the receiver has taken it.
    func deliver(_ notification: OutgoingNotification) async throws(NotificationFault) {
        guard notification.subscription.isEnabled else { throw .subscriptionRemoved }
        switch notification.subscription.channel {
        case .webhook: try await post(notification)
        case .email: try await write(notification)
        }
    }

    private func post(_ notification: OutgoingNotification) async throws(NotificationFault) {
        // A signature's time is the real one, whatever the daemons' clock says (M30).
        let now = Clock.system.now()
        let webhook = Webhook(notification)
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await http.send(
                HTTPClientRequest(
                    .post, notification.subscription.target, headers: webhook.headers(atSeconds: now / 1_000),
                    body: webhook.body, connectTimeout: Self.deadline, totalTimeout: Self.deadline,
                    maxResponseBytes: Self.longestAnswer))
        } catch {
            throw NotificationFault(error)
        }
        guard (200..<300).contains(answer.status) else {
            throw .refused(
                status: answer.status,
                retryAfterSeconds: answer.header("Retry-After").flatMap { RetryAfter.seconds($0, from: now) })
        }
    }

    private func write(_ notification: OutgoingNotification) async throws(NotificationFault) {
        guard let mail else { throw .noMailServer }
        guard let to = MailAddress(parsing: notification.subscription.target) else { throw .notSendable("no address") }
        let text: NoticeText
        do {
            text = try mail.settings.text(notification)
        } catch {
            throw .notSendable("\(error)")
        }
        do throws(SMTPError) {
            try await mail.client.send(
                MailMessage(
                    from: mail.settings.from, to: to, subject: text.subject, text: text.body,
                    id: notification.id.uuidString.lowercased(), date: Clock.system.now()))
        } catch {
            throw NotificationFault(error)
        }
    }
}

/// A notification as its receiver's server gets it.
struct Webhook {
    /// The same bytes at each attempt.
    let body: [UInt8]
    private let id: String
    private let secret: Secret?

    init(_ notification: OutgoingNotification) {
        id = notification.id.uuidString.lowercased()
        secret = notification.subscription.secret
        let customer = notification.customer.map { "\"\($0.uuidString.lowercased())\"" } ?? "null"
        // Nothing here needs an escape: kinds are words, and the facts are JSON as PostgreSQL writes it.
        body = Array(
            """
            {"id":"\(id)","kind":"\(notification.kind)","at":"\(InstantText.text(notification.at))","customer_id":\(customer),\
            "data":\(notification.data)}
            """.utf8)
    }

    /// What goes with the body at an instant, in seconds since 1970.
    func headers(atSeconds now: Int64) -> [HTTPField] {
        let key = Array((secret?.revealed ?? "").utf8)
        let signature = Digest.hex(Digest.hmacSHA256(key: key, Array("\(now).".utf8) + body))
        return [
            HTTPField("Content-Type", "application/json"), HTTPField("User-Agent", "warp-billing"),
            HTTPField("Warp-Notification-Id", id), HTTPField("Warp-Timestamp", "\(now)"),
            HTTPField("Warp-Signature", "v1=\(signature)"),
        ]
    }
}
