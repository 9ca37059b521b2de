import Core
import DaemonKit
import LiveReference

/// Answers what switches ask (M15), whoever brings the question: a call is priced, its money is held, and the answer is given after the commit.
package struct CallDesk: Sendable {
    let reference: CurrentReference
    let clock: Clock
    /// Answers after the commit that holds the money.
    let settle: @Sendable (HoldOrder) async throws -> HoldAnswer

    /// Whether a call may be made, and for how long. A repeat of a question gets the same answer. Emergency calls are free and never refused; they
    /// hold nothing.
    package func authorize(_ question: CallQuestion) async throws -> CallAnswer {
        let call = try question.call()
        let (offer, margin) = try await reference.tables().offer(call, at: Instant(milliseconds: clock.now()))
        switch offer {
        case .free: return CallAnswer(answer: .granted(CallPrice.defaultCap), margin: margin)
        case .refused(let reason): return CallAnswer(answer: .refused(reason), margin: margin)
        case .priced(let price, let customer):
            let wish = HoldOrder.Wish.authorize(customer: customer, price: price, question: question.identity)
            let answer = try await settle(HoldOrder(call: call.sipUUID, wish: wish, account: call.customerBAN))
            return CallAnswer(answer: answer, call: call.sipUUID, margin: margin)
        }
    }
}

/// What a switch is told of a call that is about to begin.
package struct CallAnswer: Sendable {
    let answer: HoldAnswer
    /// The call, where money was asked for it.
    var call: String?
    let margin: MarginVerdict?

    /// Whether the call may be made and its money is held.
    package var isHeld: Bool { answer.isAllowed && call != nil }
    /// `ok`, or a code of the rules.
    package var reason: String { answer.reason }
}
