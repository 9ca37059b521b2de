public import Drivers
public import Foundation

/// Something that customers, operators or their systems are told of (M28): what happened, to whom, and the facts.
public struct Notice: Sendable, Hashable {
    /// Who hears of a notice, as far as they have asked for its kind.
    public enum Audience: Sendable {
        /// The customer whom it is about, and operators.
        case everybody
        /// Operators alone.
        case operators
    }

    /// What happened, in lower case with dots: `balance.low`.
    public let kind: String
    /// Whom it is about; nil for nobody in particular.
    public let customer: UUID?
    /// The facts: a JSON object.
    public let data: String
    /// The event's natural key: the same event, noticed twice, is told once.
    public let eventKey: String
    /// Who hears of it.
    public let audience: Audience

    /// A notice.
    /// - Parameters:
    ///   - data: a JSON object.
    ///   - key: which event of this kind it is, such as the id of the row that caused it; at most 150 bytes.
    public init(kind: String, customer: UUID?, data: String, key: String, audience: Audience = .everybody) {
        precondition(Notice.isKind(kind), "a kind is words of lower-case letters with dots between them")
        precondition(!key.isEmpty && key.utf8.count <= 150, "the key of an event has 1 to 150 bytes")
        self.kind = kind
        self.customer = customer
        self.data = data
        eventKey = "\(kind):\(key)"
        self.audience = audience
    }

    /// Whether a text could be a kind: `hold.uncaptured`, `auto_recharge.disabled`.
    public static func isKind(_ text: String) -> Bool {
        text.utf8.count <= 49 && text.wholeMatch(of: /[a-z_]+(\.[a-z_]+)*/) != nil
    }
}

/// A row on its way to one receiver.
public struct OutgoingNotification: Sendable {
    /// The same at each attempt, so that the receiver can tell a repeat.
    public let id: UUID
    /// What happened.
    public let kind: String
    /// Whom it is about.
    public let customer: UUID?
    /// The facts: a JSON object.
    public let data: String
    /// When it happened, in milliseconds since 1970 by the daemons' clock.
    public let at: Int64
    /// For whom.
    public let subscription: NotificationSubscription
    /// This attempt's number, from 1.
    let attempt: Int
    /// Since when it has been tried, in milliseconds since 1970 by the daemons' clock.
    let pendingSince: Int64
}

/// Who wants to be told what, and where.
public struct NotificationSubscription: Sendable {
    /// How a notice travels.
    public enum Channel: String, Sendable, CaseIterable {
        case webhook, email
    }

    /// Its row.
    public let id: UUID
    /// Whose it is: they are told what is about them. Nil is operators: they are told of everybody.
    public let customer: UUID?
    /// How.
    public let channel: Channel
    /// A URL, or an address.
    public let target: String
    /// What webhooks are signed with.
    public let secret: Secret?
    /// The kinds it wants; none means all.
    public let kinds: [String]
    /// Whether anything is sent there.
    public let isEnabled: Bool
    /// Failures in a row.
    public let failures: Int
    /// Until when nothing is sent there because of them, in milliseconds since 1970 by the daemons' clock.
    public let pausedUntil: Int64?
}
