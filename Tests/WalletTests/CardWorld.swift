import Core
import Drivers
import Foundation
import Testing

@testable import Sandbox
@testable import Wallet

/// The stood-in Authorize.Net, a client of it, and a customer there.
struct CardWorld: Sendable {
    let server: SandboxServer
    let baseURL: String
    let processor: AuthorizeNet
    let customer: String

    static func with(_ body: @escaping @Sendable (CardWorld) async throws -> Void) async throws {
        let server = SandboxServer()
        try await server.withRunning { baseURL in
            let processor = AuthorizeNet(account: account(baseURL))
            let customer = try await processor.makeCustomerProfile(merchantCustomerID: "BAN001", email: nil)
            try await body(CardWorld(server: server, baseURL: baseURL, processor: processor, customer: customer))
        }
    }

    static func account(
        _ baseURL: String, key: String = "sandbox-anet-key", deadline: Duration = .seconds(10)
    ) -> AuthorizeNetAccount {
        AuthorizeNetAccount(
            url: "\(baseURL)\(AuthorizeNetStandIn.path)", login: "sandbox-login", transactionKey: Secret(key),
            deadline: deadline)
    }

    /// A card of the customer that ends in these digits.
    func card(_ lastFour: String = "1111") async throws -> StoredCard {
        try await processor.addCard(
            customerProfile: customer, dataDescriptor: "COMMON.ACCEPT.INAPP.PAYMENT",
            dataValue: "\(UUID().uuidString)-\(lastFour)")
    }

    func charge(_ reference: String, _ amount: String, _ card: StoredCard) throws -> CardCharge {
        CardCharge(
            reference: reference, amount: try Money(parsing: amount), customerProfile: customer,
            paymentProfile: card.paymentProfile, description: "WARP invoice")
    }

    /// The transaction of a charge that was taken.
    func details(of answer: ChargeAnswer) async throws -> TransactionDetails {
        let id = try #require(answer.payment?.id)
        return try #require(try await processor.details(id))
    }

    /// Asks the stand-in itself.
    @discardableResult
    func control(
        _ method: HTTPClientRequest.Method, _ path: String, _ body: String = ""
    ) async throws -> HTTPClientResponse {
        let answer = try await HTTPClient().send(
            HTTPClientRequest(
                method, "\(baseURL)/_control/authorize-net/\(path)", body: Array(body.utf8),
                connectTimeout: .seconds(5), totalTimeout: .seconds(5)))
        try #require((200..<300).contains(answer.status), "\(path): \(answer.text)")
        return answer
    }

    /// What the account has: amount and status by reference, in the order submitted.
    func held() async throws -> [String] {
        let answer = try await control(.get, "transactions")
        return (try Core.JSONValue(parsing: answer.body).elements ?? []).map { transaction in
            ["invoiceNumber", "amount", "status"].map { transaction[$0]?.string ?? "-" }.joined(separator: " ")
        }
    }

    func order(_ kind: FaultOrder.Kind, count: Int = 1, request: String = "createTransactionRequest") {
        server.traffic.order(FaultOrder(service: "authorize-net", kind: kind, count: count, body: request))
    }

    /// How many requests of that name came.
    func requests(_ name: String) -> Int {
        server.traffic.requests(of: "authorize-net").count { $0.body.contains(name) }
    }
}

extension ChargeAnswer {
    /// The payment of one that was taken, at once or later.
    var payment: ProcessorPayment? {
        switch self {
        case .paid(let payment), .pending(let payment): payment
        case .declined, .unknown, .notSent: nil
        }
    }

    var isPaid: Bool {
        if case .paid = self { return true }
        return false
    }

    /// The error's code that an answer's reason begins with.
    var reasonCode: String? {
        switch self {
        case .unknown(let reason), .notSent(let reason): reason.split(separator: ":").first.map(String.init)
        case .paid, .pending, .declined: nil
        }
    }

    var isUnknown: Bool {
        if case .unknown = self { return true }
        return false
    }

    var isNotSent: Bool {
        if case .notSent = self { return true }
        return false
    }
}
