/// One call or message, as one side reports it: our `vendor_cdr`, or a line of a vendor's statement.
public struct StatementRecord<ID: Hashable & Comparable & Sendable>: Hashable, Sendable {
    /// Our id, or their line.
    public let id: ID
    /// The call id, or the gateway's message id, trimmed; empty where there is none.
    public let callID: String
    /// By e164; nil where the number has none (rule C1).
    public let ani: PhoneNumber?
    public let dnis: PhoneNumber?
    public let start: Instant
    /// Billed seconds, or billed units of a message.
    public let billed: Int
    public let rate: Rate?
    public let cost: Money

    public init(
        id: ID, callID: String, ani: PhoneNumber?, dnis: PhoneNumber?, start: Instant, billed: Int, rate: Rate?,
        cost: Money
    ) {
        self.id = id
        self.callID = ASCII.trimmed(callID)
        self.ani = ani
        self.dnis = dnis
        self.start = start
        self.billed = billed
        self.rate = rate
        self.cost = cost
    }

    /// Nothing was billed: left out of everything but a count (rule C1).
    var isIgnored: Bool { billed == 0 && cost == .zero }

    /// What makes two records of a side the same (rule C1).
    var duplicateKey: DuplicateKey {
        callID.isEmpty ? .call(ani, dnis, start, billed) : .id(callID, dnis)
    }

    enum DuplicateKey: Hashable {
        case id(String, PhoneNumber?)
        case call(PhoneNumber?, PhoneNumber?, Instant, Int)
    }
}

/// What kind of usage a statement is about: how records are paired and compared (rules C2, C3, C7).
public enum StatementKind: Hashable, Sendable {
    case calls
    case messages

    /// How far two records' billed seconds may differ and still agree; messages are counted exactly.
    var billedTolerance: Int {
        switch self {
        case .calls: 2
        case .messages: 0
        }
    }

    /// Seconds or units that a rate is for.
    var unitsPerRate: Int128 {
        switch self {
        case .calls: 60
        case .messages: 1
        }
    }
}
