import Core
import DaemonKit
import Foundation
import Hummingbird
import Reference

/// The standing order to fill a balance up, as customers set it.
struct AutoRechargeRoutes: Sendable {
    let orders: StandingOrders
    let now: @Sendable () -> Instant

    private static let bodyBytes = 4_096

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.post("set-auto-recharge", use: set)
    }

    /// `POST /api/v1/billing/set-auto-recharge {"enabled","threshold"?,"amount"?,"customer_id"?}`: what is left out stays as it is. Sets, and adds
    /// nothing, so that a repeat is the same as one.
    @Sendable
    func set(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let wish = try await request.json(AutoRechargeBody.self, upTo: Self.bodyBytes)
        let customer = CustomerID(Identifier128(try context.customerID(asked: wish.customerID)))
        let wallet = try await orders.set(
            try wish.parsed(), of: customer, by: try context.knownCaller().actor, at: now())
        guard let wallet else { throw APIError.notFound() }
        let order = wallet.state.autoRecharge
        var json = JSONWriter()
        json.object { json in
            json.field("customer_id", wallet.customer.text)
            json.field("enabled", order?.isEnabled ?? false)
            json.field("threshold", order?.threshold.text(.cents))
            json.field("amount", order?.amount.text(.cents))
            json.field("currency", "USD")
            json.field("pending", order?.isPending ?? false)
        }
        return .json(json.bytes)
    }
}

/// `{"enabled","threshold"?,"amount"?,"customer_id"?}`
private struct AutoRechargeBody: Decodable {
    let enabled: Bool
    let threshold: String?
    let amount: String?
    let customerID: UUID?

    enum CodingKeys: String, CodingKey {
        case enabled
        case threshold
        case amount
        case customerID = "customer_id"
    }

    func parsed() throws(APIError) -> AutoRechargeWish {
        var wanted: (threshold: Money?, amount: Money?)
        if let threshold {
            wanted.threshold = try RechargeAmount.parse(threshold, in: RechargeAmount.thresholds, at: "/threshold")
        }
        if let amount { wanted.amount = try RechargeAmount.parse(amount, in: RechargeAmount.charged, at: "/amount") }
        return AutoRechargeWish(isEnabled: enabled, threshold: wanted.threshold, amount: wanted.amount)
    }
}

extension AutoRecharge {
    /// As the balance shows it.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("enabled", isEnabled)
            json.field("threshold", threshold.text(.cents))
            json.field("amount", amount.text(.cents))
            json.field("pending", isPending)
        }
    }
}
