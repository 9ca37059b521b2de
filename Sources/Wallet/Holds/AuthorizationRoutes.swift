import Core
import DaemonKit
import Foundation
import Hummingbird

/// What a switch asks while a caller waits (M15): whether a call may be made and for how long, more time for one that goes on, and that one is over.
/// Every answer is one line with status 200, a no as well as a yes; `max_seconds` counts from the answer of the call.
struct AuthorizationRoutes: Sendable {
    let desk: CallDesk

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.post("authorizations", use: authorize)
        group.post("authorizations/extend", use: extend)
        group.post("authorizations/end", use: end)
    }

    /// `POST /internal/v1/authorizations`: `{"sip_uuid","customer_ban","ani","dni","direction","vendor"?}`.
    @Sendable
    func authorize(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let said = try await desk.authorize(try await request.json(CallQuestion.self, upTo: Self.bodyBytes))
        return Self.answer(said.answer, holding: said.call, margin: said.margin)
    }

    /// `POST …/extend`: `{"sip_uuid"}`; five more minutes, or what the money lasts.
    @Sendable
    func extend(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let call = try await request.json(CallName.self, upTo: Self.bodyBytes)
        let answer = try await desk.settle(HoldOrder(call: try call.checked(), wish: .extend))
        return Self.answer(answer, holding: call.sipUUID)
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
        let answer = try await desk.settle(HoldOrder(call: name, wish: .end(seconds: call.seconds)))
        return Self.answer(answer, holding: name)
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
