import Core
import DaemonKit
import Drivers
import Foundation
import HTTPTypes
import Hummingbird
import Reference

/// How customers fill their balance up, and see what became of it.
struct RechargeRoutes: Sendable {
    let desk: PaymentDesk
    let reads: CustomerReads

    /// How long a repeat waits for an instance that may have been killed. A repeat that comes while the processor is still being asked is told so, and asks
    /// nobody: a payment is one instance's at a time.
    static let leaseSeconds = 15
    private static let bodyBytes = 16_384

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.post("recharge", use: recharge)
        group.get("payments/:id", use: payment)
    }

    /// `POST /api/v1/billing/recharge {"amount","payment_method_id"?,"customer_id"?}`: charges a stored card or account. 201 where the money is there, 202
    /// where it is not known yet (`payments/{id}` tells later), 402 where the processor said no.
    @Sendable
    func recharge(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let wish = try await request.json(RechargeBody.self, upTo: Self.bodyBytes)
        let customer = try context.wallet(of: wish.customerID)
        let method = try wish.paymentMethodID.map { try Identifier128.sent($0, at: "/payment_method_id") }
        let payment = try await charge(
            ChargeOrder(
                id: .named(by: try context.idempotencyKey().name(of: "recharge")), customer: customer,
                amount: try wish.cents(), purpose: .recharge, paymentMethod: method,
                requestedBy: try context.knownCaller().actor))
        let status: HTTPResponse.Status =
            switch payment.state {
            case .paid: .created
            case .failed: HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
            default: .accepted
            }
        return .json(CustomerPayment(payment).json, status: status)
    }

    private func charge(_ order: ChargeOrder) async throws -> Payment {
        do {
            return try await desk.carryOut(order)
        } catch PaymentRefusal.noPaymentMethod {
            throw APIError.conflict(
                reason: PaymentRefusal.noPaymentMethod.reason,
                detail: order.paymentMethod == nil
                    ? "store a card or an account first, and make it the default"
                    : "the customer has no card or account of this id that works")
        } catch PaymentRefusal.unknownCustomer {
            throw APIError.notFound()
        }
    }

    /// `GET /api/v1/billing/payments/{id}`: a payment as it stands now.
    @Sendable
    func payment(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let id = try Identifier128.sent(context.parameters.get("id") ?? "", at: "/id")
        guard let payment = try await reads.payment(id, of: customer) else { throw APIError.notFound() }
        return .json(payment.json)
    }
}

/// A payment as its customer sees it.
struct CustomerPayment: Sendable {
    let id: Identifier128
    let method: Payment.Method
    let purpose: Payment.Purpose
    let amount: Money
    let state: Payment.State
    /// Why it brought nothing, or is not known yet.
    let outcome: String?
    let createdAt: Instant

    init(_ payment: Payment) {
        id = payment.id
        method = payment.method
        purpose = payment.purpose
        amount = payment.amount
        state = payment.state
        outcome = payment.outcome
        createdAt = payment.createdAt
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("payment_id", id.text)
            json.field("state", state.rawValue)
            json.field("method", method.rawValue)
            json.field("purpose", purpose.rawValue)
            json.field("amount", amount.text(.cents))
            json.field("currency", "USD")
            json.field("reason", state == .paid ? nil : outcome)
            json.field("created_at", createdAt.text)
        }
        return json.bytes
    }
}

extension CustomerPayment {
    init(_ row: PostgresRow) throws {
        id = try row.value("id")
        method = try row.name("method")
        purpose = try row.name("purpose")
        amount = try row.value("amount")
        state = try row.name("state")
        outcome = try row.value("outcome")
        createdAt = try row.value("created_at")
    }
}

extension CustomerReads {
    /// One of the customer's payments; nil where it is nobody's or somebody else's.
    func payment(_ id: Identifier128, of customer: UUID) async throws -> CustomerPayment? {
        try await pool.asCustomer(customer) { transaction in
            try transaction.query(
                """
                SELECT id, method, purpose, amount, state, outcome, created_at FROM billing.payments WHERE id = \(id)
                """
            ).first.map(CustomerPayment.init)
        }
    }
}

/// `{"amount","payment_method_id"?,"customer_id"?}`
private struct RechargeBody: Decodable {
    let amount: String
    let paymentMethodID: String?
    let customerID: UUID?

    enum CodingKeys: String, CodingKey {
        case amount
        case paymentMethodID = "payment_method_id"
        case customerID = "customer_id"
    }

    func cents() throws(APIError) -> Money {
        try RechargeAmount.parse(amount, in: RechargeAmount.charged, at: "/amount")
    }
}

extension DaemonRequestContext {
    /// Whose wallet it is about.
    func wallet(of asked: UUID?) throws(APIError) -> CustomerID {
        CustomerID(Identifier128(try customerID(asked: asked)))
    }
}

extension Identifier128 {
    /// An id that a caller sent.
    /// - Throws: 422 with the pointer where it is no UUID.
    static func sent(_ text: String, at pointer: String) throws(APIError) -> Identifier128 {
        guard let id = Identifier128(parsing: text) else {
            throw .invalid(pointer: pointer, reason: "BAD_ID", detail: "it is a UUID")
        }
        return id
    }
}
