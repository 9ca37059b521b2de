import Core
import DaemonKit
import Foundation
import Hummingbird
import LiveReference
import Reference

/// What a customer is charged by: the plans in force, and what a call would cost.
struct RatePlanRoutes: Sendable {
    let plans: RatePlanStore
    let reference: CurrentReference
    let clock: Clock

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("rate-plans", use: list)
        group.get("rate-plans/{id}", use: one)
        group.post("rate-plans/calculate", use: calculate)
    }

    private var today: UsageDay { Instant(milliseconds: clock.now()).usageDay }

    /// `GET /api/v1/billing/rate-plans`: the customer's own plans and the default ones that are in force, without their rates.
    @Sendable
    func list(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let found = try await plans.plans(of: customer, on: today)
        var json = JSONWriter()
        json.object { json in
            json.key("rate_plans")
            json.array { json in
                for plan in found {
                    json.object { plan.writeHead(to: &$0) }
                }
            }
        }
        return .json(json.bytes)
    }

    /// `GET /api/v1/billing/rate-plans/{id}`: one plan in force with its rates.
    @Sendable
    func one(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let id = try context.parameters.require("id")
        guard let plan = try await plans.plans(of: customer, on: today, id: id).first else { throw APIError.notFound() }
        var json = JSONWriter()
        json.object { json in
            plan.writeHead(to: &json)
            json.key("rates")
            json.raw(plan.rates.utf8)
        }
        return .json(json.bytes)
    }

    /// `POST /api/v1/billing/rate-plans/calculate`: `{"from","to","seconds","at"?,"direction"?}` → the charge, and why.
    @Sendable
    func calculate(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let question = try await request.json(PriceQuestion.self, upTo: 16_384)
        guard let ban = try await plans.ban(of: customer) else { throw APIError.notFound("no such customer") }
        let call = try question.call(of: ban, now: Instant(milliseconds: clock.now()))
        let explanation = try await reference.tables().explain(call)
        guard let usage = explanation.usage else { preconditionFailure("what is no document is not refused") }
        var json = JSONWriter()
        json.object { json in
            usage.writePrice(to: &json)
            json.key("explanation")
            explanation.stepsForCustomer.write(to: &json)
        }
        return .json(json.bytes)
    }
}

/// A call that somebody asks the price of.
private struct PriceQuestion: Decodable {
    let from: String
    let to: String
    let seconds: Int
    let at: String?
    let direction: String?

    /// The longest call that is priced: what rule D3 believes.
    private static let longestSeconds = 86_400

    /// The call as its record would be.
    func call(of ban: BAN, now: Instant) throws(APIError) -> RawCDR {
        guard (0...Self.longestSeconds).contains(seconds) else {
            throw .invalid(
                pointer: "/seconds", reason: "OUT_OF_RANGE", detail: "seconds are 0 to \(Self.longestSeconds)")
        }
        var start = now
        if let at {
            guard let instant = Instant(parsing: at) else {
                throw .invalid(pointer: "/at", reason: "BAD_TIMESTAMP", detail: "at is an ISO 8601 instant")
            }
            start = instant
        }
        var call = RawCDR(id: UsageID(Identifier128(high: 0, low: 0)), sipUUID: "calculate")
        call.customerBAN = ban
        call.rawANI = from
        call.dni = to
        call.direction = direction ?? "outbound"
        call.start = .at(start)
        call.answer = .at(start)
        call.end = .at(start.advanced(seconds: seconds))
        return call
    }
}

extension PublishedPlan {
    fileprivate func writeHead(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("name", name)
        json.field("type", type)
        json.field("default", customer == nil)
        json.field("effective_date", effective.text)
        json.field("expiry_date", expiry?.text)
    }
}

extension RatedUsage {
    /// What the customer pays and by which rate; nothing of what it costs us.
    fileprivate func writePrice(to json: inout JSONWriter) {
        let ours: Flags = [.noVendorRate, .marginAlert, .negativeMargin, .skuUnmapped]
        json.field("status", status.rawValue)
        json.field("charge", charge?.text(.charge))
        json.field("currency", "USD")
        json.field("rate_plan_id", ratePlanID)
        json.field("rate_prefix", call?.ratePrefix)
        json.field("rate_per_minute", rate?.text)
        json.field("billed_seconds", call?.billedSeconds)
        json.field("jurisdiction", call?.jurisdiction.rawValue)
        json.field("class_key", classKey?.text)
        json.field("from", call?.ani?.text)
        json.field("to", call?.dnis?.text)
        json.field("to_lrn", call?.dnisParty.lrn?.text)
        json.field("at", ratingInstant?.text)
        json.field("flags", flags.sorted.filter { !ours.contains($0) }.map(\.name))
        json.field("ref_version", refVersion)
    }
}
