import Core
import DaemonKit
import Drivers
import Foundation
import HTTPTypes
import Hummingbird
import Reference

/// The cards and accounts that customers pay from. No card number is ever asked for: browsers get tokens from the processors, and those come here.
struct PaymentMethodRoutes: Sendable {
    let desk: PaymentDesk

    private var methods: PaymentMethods { desk.methods }
    private static let bodyBytes = 16_384

    /// The longest that a route asks processors for: a profile, a card, and what they say of each.
    static func leaseSeconds(_ config: Config) -> Int { 4 * config[PaymentConfig.timeout] }

    /// Adds those that change something behind the keys that repeats are known by; a token for Plaid Link is made anew each time.
    func add(to group: RouterGroup<DaemonRequestContext>, behind repeats: IdempotentRequests) {
        group.get("payment-methods", use: list)
        group.post("payment-methods/link-token", use: linkToken)
        let changes = group.group().add(middleware: repeats)
        changes.post("payment-methods", use: create)
        changes.put("payment-methods/:id", use: change)
        changes.delete("payment-methods/:id", use: remove)
    }

    /// `GET …/payment-methods`: the default first.
    @Sendable
    func list(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = CustomerID(Identifier128(try context.customerID(asked: request.customerAsked())))
        let all = try await methods.list(of: customer)
        var json = JSONWriter()
        json.object { json in
            json.key("payment_methods")
            json.array { json in for method in all { method.write(to: &json) } }
        }
        return .json(json.bytes)
    }

    /// `POST …/payment-methods`: `{"type":"card","data_descriptor","data_value"}` with what Accept.js gave the browser, or
    /// `{"type":"ach","public_token","account_id","holder"}` with what Plaid Link gave it.
    @Sendable
    func create(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let wish = try await request.json(PaymentMethodBody.self, upTo: Self.bodyBytes)
        let customer = try context.wallet(of: wish.customerID)
        let id = Identifier128.named(by: try context.idempotencyKey().name(of: "payment-method"))
        if let known = try await methods.read(id) { return Self.answer(known, .created) }
        let added = try await PaymentMethodSetup(desk: desk).make(id, wish, customer)
        try await methods.add(added, by: try context.knownCaller().actor, at: desk.now())
        guard let stored = try await methods.read(id) else { throw APIError.notFound() }
        return Self.answer(stored, .created)
    }

    /// `POST …/payment-methods/link-token`: what Plaid Link in the browser begins with.
    @Sendable
    func linkToken(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = CustomerID(Identifier128(try context.customerID(asked: request.customerAsked())))
        guard let banks = desk.banks else { throw APIError(.notImplemented, reason: "processor-not-configured") }
        let token = try await banks.linkToken(ban: customer.text)
        var json = JSONWriter()
        json.object { $0.field("link_token", token) }
        return .json(json.bytes)
    }

    /// `PUT …/payment-methods/{id} {"is_default"}`
    @Sendable
    func change(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let wish = try await request.json(DefaultBody.self, upTo: Self.bodyBytes)
        let customer = try context.wallet(of: wish.customerID)
        let changed = try await methods.change(
            try context.methodID(), of: customer, isDefault: wish.isDefault, by: try context.knownCaller().actor,
            at: desk.now())
        guard let changed else { throw APIError.notFound() }
        return Self.answer(changed, .ok)
    }

    /// `DELETE …/payment-methods/{id}`: also at the processor, as far as it can be reached; our token is gone in any case.
    @Sendable
    func remove(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = CustomerID(Identifier128(try context.customerID(asked: request.customerAsked())))
        let id = try context.methodID()
        guard let method = try await methods.read(id), method.customer == customer else { throw APIError.notFound() }
        if method.type == .card, let cards = desk.cards, let profile = method.account, let token = method.token {
            try await cards.removeCard(customerProfile: profile, paymentProfile: token)
        }
        _ = try await methods.remove(id, of: customer, by: try context.knownCaller().actor, at: desk.now())
        return Response(status: .noContent)
    }

    private static func answer(_ method: PaymentMethod, _ status: HTTPResponse.Status) -> Response {
        var json = JSONWriter()
        method.write(to: &json)
        return .json(json.bytes, status: status)
    }
}

/// `{"is_default","customer_id"?}`
private struct DefaultBody: Decodable {
    let isDefault: Bool
    let customerID: UUID?

    enum CodingKeys: String, CodingKey {
        case isDefault = "is_default"
        case customerID = "customer_id"
    }
}

extension DaemonRequestContext {
    fileprivate func methodID() throws(APIError) -> Identifier128 {
        try .sent(parameters.get("id") ?? "", at: "/id")
    }
}

extension PaymentMethod {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id.text)
            json.field("type", type.rawValue)
            json.field("is_default", isDefault)
            json.field("status", status)
            json.field("last_four", lastFour)
            json.field("expiry_date", expiry?.text)
            json.field("holder", holder)
            json.field("created_at", createdAt.text)
        }
    }
}
