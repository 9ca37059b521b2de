import Core
import Drivers
import Foundation
import Logging
import Reference
import Synchronization
import TestSupport

@testable import Sandbox
@testable import Wallet

/// A wallet world with both processors stood in, and a desk that asks them; its clock is moved by hand.
struct PaymentWorld: Sendable {
    let world: WalletWorld
    let server: SandboxServer
    let plaid: PlaidService
    let baseURL: String
    let clock: MovedTime

    /// An instant that a test moves on.
    final class MovedTime: Sendable {
        private let offset = Mutex<Int64>(0)

        func advance(seconds: Int64) { offset.withLock { $0 += seconds * 1_000 } }

        var now: Instant { Instant(milliseconds: 1_795_348_800_000 + offset.withLock(\.self)) }
    }

    static func with(_ body: @escaping @Sendable (PaymentWorld) async throws -> Void) async throws {
        try await WalletWorld.with { world in
            let plaid = PlaidService()
            let server = SandboxServer(plaid: plaid)
            try await server.withRunning { baseURL in
                try await world.store.makeWallets(
                    of: [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid], at: world.noon)
                try await body(
                    PaymentWorld(
                        world: world, server: server, plaid: plaid, baseURL: baseURL, clock: MovedTime()))
            }
        }
    }

    var store: PaymentStore { PaymentStore(pool: world.store.pool) }

    func desk(deadline: Duration = .seconds(5)) throws -> PaymentDesk {
        PaymentDesk(
            store: store, methods: PaymentMethods(pool: world.store.pool),
            cards: AuthorizeNet(account: CardWorld.account(baseURL, deadline: deadline)),
            banks: Plaid(account: PlaidWorld.account(baseURL)),
            vault: try TokenVault(keyFile: Secret("k1 " + String(repeating: "ab", count: 32))),
            now: { [clock] in clock.now }, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Stores a card of a customer; its last digits are the stand-in's magic.
    @discardableResult
    func addCard(_ customer: CustomerID = WalletWorld.prepaid, lastFour: String = "1111") async throws -> Identifier128
    {
        let body = """
            {"type":"card","data_descriptor":"COMMON.ACCEPT.INAPP.PAYMENT","data_value":"\(UUID().uuidString)-\(lastFour)"}
            """
        return try await add(customer, body)
    }

    /// Links a bank account of a customer.
    @discardableResult
    func addBank(
        _ customer: CustomerID = WalletWorld.prepaid, account: PlaidBankAccount = .good
    ) async throws -> Identifier128 {
        let token = await plaid.ledger.newPublicToken()
        let body = """
            {"type":"ach","public_token":"\(token)","account_id":"\(account.rawValue)","holder":"Acme Inc"}
            """
        return try await add(customer, body)
    }

    private func add(_ customer: CustomerID, _ body: String) async throws -> Identifier128 {
        let desk = try desk()
        let wish = try JSONDecoder().decode(PaymentMethodBody.self, from: Data(body.utf8))
        let method = try await PaymentMethodSetup(desk: desk).make(.random(), wish, customer)
        try await desk.methods.add(method, by: "test", at: clock.now)
        return method.id
    }

    func order(
        _ amount: String = "25.00", _ customer: CustomerID = WalletWorld.prepaid,
        purpose: Payment.Purpose = .recharge, id: Identifier128 = .random()
    ) throws -> ChargeOrder {
        ChargeOrder(
            id: id, customer: customer, amount: try Money(parsing: amount), purpose: purpose, requestedBy: "test")
    }

    /// Lets a fault hit the next requests of a processor whose body holds a text.
    func fault(
        _ kind: FaultOrder.Kind, at service: String = "authorize-net", body: String? = "createTransactionRequest",
        path: String? = nil, count: Int = 1, milliseconds: Int? = nil
    ) {
        server.traffic.order(
            FaultOrder(
                service: service, kind: kind, count: count, path: path, body: body, milliseconds: milliseconds))
    }

    /// The charges that Authorize.Net has taken.
    func taken() async throws -> Int {
        let answer = try await HTTPClient().send(
            HTTPClientRequest(
                .get, "\(baseURL)/_control/authorize-net/transactions", connectTimeout: .seconds(5),
                totalTimeout: .seconds(5)))
        return try Core.JSONValue(parsing: answer.body).elements?.count ?? -1
    }

    /// The balance of a customer's wallet.
    func balance(_ customer: CustomerID = WalletWorld.prepaid) async throws -> String? {
        try await world.text("SELECT balance::text FROM billing.wallets WHERE customer_id = \(customer)")
    }
}
