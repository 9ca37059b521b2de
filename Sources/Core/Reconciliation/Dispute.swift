/// Where a claim against a vendor stands.
public enum DisputeState: Hashable, Sendable {
    /// Found and not sent yet.
    case open
    /// With the vendor since a day.
    case sent(on: UsageDay)
    /// Taken to the next level after no or no good answer.
    case escalated(on: UsageDay)
    /// The vendor gave this much back.
    case credited(Money)
    case rejected(reason: String)
    /// The window closed before it was sent.
    case lapsed
    /// We were wrong.
    case withdrawn(reason: String)

    /// The state as stored.
    public var name: String {
        switch self {
        case .open: "open"
        case .sent: "sent"
        case .escalated: "escalated"
        case .credited: "credited"
        case .rejected: "rejected"
        case .lapsed: "lapsed"
        case .withdrawn: "withdrawn"
        }
    }

    /// Whether the amount is still claimed, and so withheld from what we pay.
    public var isAlive: Bool {
        switch self {
        case .open, .sent, .escalated: true
        case .credited, .rejected, .lapsed, .withdrawn: false
        }
    }
}

/// A claim for one vendor's day (rule C5).
public struct Dispute: Hashable, Sendable {
    /// Greater than zero, five decimals.
    public let amount: Money
    public let vendorInvoiceDate: UsageDay
    public private(set) var state: DisputeState

    /// A claim can be sent up to so many days behind the vendor's invoice date.
    public static let windowDays = 30

    /// Why a step is not possible.
    public enum Fault: Error, Hashable, Sendable {
        /// The claim is not in a state from which this can be done.
        case notPossible(from: String)
        /// The last day to dispute has passed.
        case windowClosed(since: UsageDay)
        /// More than was claimed, or not more than zero.
        case badAmount
    }

    /// A claim in some state, as stored.
    public init(amount: Money, vendorInvoiceDate: UsageDay, state: DisputeState) {
        self.amount = amount
        self.vendorInvoiceDate = vendorInvoiceDate
        self.state = state
    }

    /// The claim that a reconciliation leads to on a day; nil where nothing can be disputed, or not any more.
    public init?(disputable: Money, vendorInvoiceDate: UsageDay, on day: UsageDay) {
        guard disputable > .zero, Dispute.isOpen(on: day, vendorInvoiceDate: vendorInvoiceDate) else { return nil }
        self.init(amount: disputable, vendorInvoiceDate: vendorInvoiceDate, state: .open)
    }

    /// The last day on which an invoice of a date can be disputed.
    public static func lastDay(vendorInvoiceDate: UsageDay) -> UsageDay {
        vendorInvoiceDate.advanced(days: windowDays)
    }

    /// Whether a day lies within the window.
    public static func isOpen(on day: UsageDay, vendorInvoiceDate: UsageDay) -> Bool {
        day <= lastDay(vendorInvoiceDate: vendorInvoiceDate)
    }

    /// The last day of this claim's window.
    public var lastDay: UsageDay { Dispute.lastDay(vendorInvoiceDate: vendorInvoiceDate) }

    /// The claim goes to the vendor, inside the window.
    public mutating func send(on day: UsageDay) throws(Fault) {
        guard case .open = state else { throw .notPossible(from: state.name) }
        guard day <= lastDay else { throw .windowClosed(since: lastDay) }
        state = .sent(on: day)
    }

    /// The vendor does not move: the claim goes one level up.
    public mutating func escalate(on day: UsageDay) throws(Fault) {
        guard case .sent = state else { throw .notPossible(from: state.name) }
        state = .escalated(on: day)
    }

    /// The vendor credits all of it or a part.
    public mutating func credit(_ credited: Money) throws(Fault) {
        guard state.isAlive else { throw .notPossible(from: state.name) }
        guard credited > .zero, credited <= amount else { throw .badAmount }
        state = .credited(credited)
    }

    /// The vendor says no, and we accept it.
    public mutating func reject(reason: String) throws(Fault) {
        guard state.isAlive else { throw .notPossible(from: state.name) }
        state = .rejected(reason: reason)
    }

    /// We take the claim back.
    public mutating func withdraw(reason: String) throws(Fault) {
        guard state.isAlive else { throw .notPossible(from: state.name) }
        state = .withdrawn(reason: reason)
    }

    /// The window has closed over a claim that was never sent. Returns whether it lapsed now.
    public mutating func lapse(on day: UsageDay) -> Bool {
        guard case .open = state, day > lastDay else { return false }
        state = .lapsed
        return true
    }
}
