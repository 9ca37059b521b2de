import Core
import Reference

/// What a switch asks about one call (M15).
struct HoldOrder: Sendable {
    enum Wish: Sendable {
        /// The call begins. `question` tells a repeat from another call of the same name.
        case authorize(customer: CustomerID, price: CallPrice, question: Identifier128)
        /// It goes on.
        case extend
        /// It is over, after so many seconds; 0 where it was never answered.
        case end(seconds: Int)
    }

    /// The call's `sip_uuid`.
    let call: String
    let wish: Wish
    /// The account that was named, under which Redis has the balance.
    var account: BAN?

    /// Which of so many lanes it goes to: those of one customer, and those of one call, share one.
    func share(of lanes: Int) -> Int {
        guard case .authorize(let customer, _, _) = wish else { return Int(id.value.low % UInt64(lanes)) }
        return Int(customer.value.low % UInt64(lanes))
    }

    /// The id of the usage record that the call will have.
    var id: UsageID { UsageID(RecordReader.id(.cdr, naturalKey: call)) }
}

/// What a switch is told.
struct HoldAnswer: Sendable, Equatable {
    let isAllowed: Bool
    /// The call ends so many seconds after its answer: one less than what is held, since a switch cuts late (rule W12).
    var seconds: Int?
    /// `ok`, or a code of the rules.
    let reason: String

    /// Yes, for so many seconds where they count.
    static func granted(_ seconds: Int?) -> HoldAnswer { HoldAnswer(isAllowed: true, seconds: seconds, reason: "ok") }

    /// No.
    static func refused(_ reason: String) -> HoldAnswer { HoldAnswer(isAllowed: false, reason: reason) }
}
