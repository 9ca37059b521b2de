import Core
import DaemonKit
import Foundation
import Hummingbird
import LiveReference
import Reference

/// What a switch asks while a caller waits (M15): whether a call may be made and for how long, more time for one that goes on, and that one is over.
/// Every answer is one line with status 200, a no as well as a yes; `max_seconds` counts from the answer of the call.
struct AuthorizationRoutes: Sendable {
    let reference: CurrentReference
    let clock: Clock
    /// Answers after the commit that holds the money.
    let settle: @Sendable (HoldOrder) async throws -> HoldAnswer

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.post("authorizations", use: authorize)
        group.post("authorizations/extend", use: extend)
        group.post("authorizations/end", use: end)
    }

    /// `POST /internal/v1/authorizations`: `{"sip_uuid","customer_ban","ani","dni","direction","vendor"?}`. A repeat of a question gets the
    /// same answer. Emergency calls are free and never refused; they hold nothing.
    @Sendable
    func authorize(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let question = try await request.json(CallQuestion.self, upTo: Self.bodyBytes)
        let call = try question.call()
        let (offer, margin) = try await reference.tables().offer(call, at: Instant(milliseconds: clock.now()))
        switch offer {
        case .free: return Self.answer(.granted(CallPrice.defaultCap), margin: margin)
        case .refused(let reason): return Self.answer(.refused(reason), margin: margin)
        case .priced(let price, let customer):
            let wish = HoldOrder.Wish.authorize(customer: customer, price: price, question: question.identity)
            let answer = try await settle(HoldOrder(call: call.sipUUID, wish: wish, account: call.customerBAN))
            return Self.answer(answer, holding: call.sipUUID, margin: margin)
        }
    }

    /// `POST …/extend`: `{"sip_uuid"}`; five more minutes, or what the money lasts.
    @Sendable
    func extend(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let call = try await request.json(CallName.self, upTo: Self.bodyBytes)
        return Self.answer(try await settle(HoldOrder(call: try call.checked(), wish: .extend)), holding: call.sipUUID)
    }

    /// `POST …/end`: `{"sip_uuid","seconds"}`; the hold becomes the price of these seconds and waits for the usage record.
    @Sendable
    func end(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let call = try await request.json(CallEnd.self, upTo: Self.bodyBytes)
        guard (0...Self.longestSeconds).contains(call.seconds) else {
            throw APIError.invalid(
                pointer: "/seconds", reason: "OUT_OF_RANGE", detail: "seconds are 0 to \(Self.longestSeconds)")
        }
        let name = try CallName(sipUUID: call.sipUUID).checked()
        return Self.answer(try await settle(HoldOrder(call: name, wish: .end(seconds: call.seconds))), holding: name)
    }

    private static let bodyBytes = 16_384
    /// The longest call that anybody believes (rule D3).
    private static let longestSeconds = 86_400

    private static func answer(_ answer: HoldAnswer, holding call: String? = nil, margin: MarginVerdict? = nil)
        -> Response
    {
        var json = JSONWriter()
        json.object { json in
            json.key("allow")
            json.raw((answer.isAllowed ? "true" : "false").utf8)
            json.field("max_seconds", answer.seconds)
            json.field("reason", answer.reason)
            if answer.isAllowed, let call { json.field("hold_id", call) }
            if let margin { json.field("margin", margin.rawValue) }
        }
        return .json(json.bytes)
    }
}
