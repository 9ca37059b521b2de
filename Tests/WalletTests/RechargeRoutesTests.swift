import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

/// The wallet's own door, with Authorize.Net stood in: recharges, payments and payment methods.
@Suite("Recharging", .needsServices)
struct RechargeRoutesTests {
    private static let recharge = "/api/v1/billing/recharge"
    private static let methods = "/api/v1/billing/payment-methods"

    @Test("a recharge charges the card once: a repeat gets the same bytes, another body under its key 409")
    func once() async throws {
        try await Self.with { world, wallet in
            try await world.addCard()
            let first = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(first.status == 201)
            #expect(first.text.contains(#""state":"paid","method":"card","purpose":"recharge","amount":"25.00""#))
            let again = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(again.status == 201)
            #expect(again.body == first.body)
            #expect(again.header("Idempotent-Replayed") == "true")
            let other = try await wallet.send(#"{"amount":"26.00"}"#, to: Self.recharge, key: "one")
            #expect(other.status == 409)
            #expect(other.text.contains("IDEMPOTENCY_KEY_REUSED"))
            let keyless = try await wallet.post(Self.recharge, #"{"amount":"25.00"}"#, token: CustomerDaemon.token)
            #expect(keyless.status == 400)
            #expect(try await world.taken() == 1)
            let balance = try await wallet.get("/api/v1/billing/balance", token: CustomerDaemon.token)
            #expect(balance.text.contains(#""balance":"26.0000""#))
        }
    }

    @Test("what is not known yet is 202, and told later by the payment, to its customer alone")
    func later() async throws {
        try await Self.with { world, wallet in
            try await world.addCard()
            world.fault(.loseAnswer)
            let asked = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(asked.status == 202)
            #expect(asked.text.contains(#""state":"unknown""#))
            let id = try #require(try Core.JSONValue(parsing: asked.body)["payment_id"]?.string)
            let path = "/api/v1/billing/payments/\(id)"
            let told = try await wallet.get(path, token: CustomerDaemon.token)
            #expect(told.status == 200)
            #expect(told.body == asked.body)
            #expect(try await wallet.get(path, token: Self.otherToken).status == 404)
            #expect(try await wallet.get("/api/v1/billing/payments/x", token: CustomerDaemon.token).status == 422)
            let unnamed = try await wallet.get(path, token: CustomerDaemon.operatorToken)
            #expect(unnamed.status == 422)
            let named = try await wallet.get(
                "\(path)?customer_id=\(WalletWorld.prepaid.text)", token: CustomerDaemon.operatorToken)
            #expect(named.body == asked.body)
            try await world.world.admin.execute(
                "UPDATE billing.payments SET due_at = created_at WHERE id = \(Identifier128(parsing: id))")
            try await eventually("the charge that was taken is found") {
                try await wallet.get(path, token: CustomerDaemon.token).text.contains(#""state":"paid""#)
            }
            let again = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(again.body == asked.body)
            #expect(try await world.taken() == 1)
        }
    }

    @Test("a card that is declined is 402, no card is 409, and an amount out of bounds 422")
    func refusals() async throws {
        try await Self.with { world, wallet in
            let cardless = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(cardless.status == 409)
            #expect(cardless.text.contains("NO_PAYMENT_METHOD"))
            try await world.addCard(lastFour: "0002")
            let declined = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "two")
            #expect(declined.status == 402)
            #expect(declined.text.contains(#""state":"failed""#))
            for (key, amount) in ["0.99", "10000.01", "1.001", "x"].enumerated() {
                let wrong = try await wallet.send(#"{"amount":"\#(amount)"}"#, to: Self.recharge, key: "k\(key)")
                #expect(wrong.status == 422, "\(amount)")
                #expect(wrong.text.contains(#""pointer":"/amount""#), "\(amount)")
            }
            let payments = try await world.world.text(
                "SELECT count(*) FROM billing.payments WHERE purpose = 'recharge'")
            #expect(payments == "1")
        }
    }

    @Test("a repeat that finds its first request killed in the middle says how the payment stands, and charges nothing")
    func killed() async throws {
        try await Self.with { world, wallet in
            try await world.addCard()
            world.fault(.delay, milliseconds: 800)
            async let slow = wallet.sendBeside(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            try await eventually("the processor is asked") {
                try await world.world.text("SELECT count(*) FROM billing.payments WHERE state = 'sent'") == "1"
            }
            try await world.world.admin.execute("UPDATE billing.wallet_idempotency SET leased_until = created_at")
            let second = try await wallet.send(#"{"amount":"25.00"}"#, to: Self.recharge, key: "one")
            #expect(second.status == 202)
            #expect(second.text.contains(#""state":"sent""#))
            let first = try await slow
            #expect(first.body == second.body)
            #expect(try await world.taken() == 1)
            #expect(try await world.balance() == "26.0000")
        }
    }

    @Test("methods are stored, shown, made the default and removed, each once for its key; no card number comes in")
    func paymentMethods() async throws {
        try await Self.with { world, wallet in
            let card = #"{"type":"card","data_descriptor":"COMMON.ACCEPT.INAPP.PAYMENT","data_value":"nonce-1111"}"#
            let stored = try await wallet.send(card, to: Self.methods, key: "one")
            #expect(stored.status == 201)
            #expect(stored.text.contains(#""type":"card","is_default":true,"status":"active","last_four":"1111""#))
            let repeated = try await wallet.send(card, to: Self.methods, key: "one")
            #expect(repeated.body == stored.body)
            let second = try await wallet.send(card.replacing("1111", with: "2222"), to: Self.methods, key: "two")
            let id = try #require(try Core.JSONValue(parsing: second.body)["id"]?.string)
            #expect(second.text.contains(#""is_default":false"#))
            let path = "\(Self.methods)/\(id)"
            let changed = try await wallet.send(#"{"is_default":true}"#, to: path, .put, key: "three")
            #expect(changed.text.contains(#""is_default":true"#))
            let others = try await wallet.send(
                #"{"is_default":true}"#, to: path, .put, key: "three", token: Self.otherToken)
            #expect(others.status == 404)
            let removed = try await wallet.send("", to: path, .delete, key: "four")
            #expect(removed.status == 204)
            let gone = try await wallet.send("", to: path, .delete, key: "four")
            #expect(gone.status == 204)
            #expect(gone.header("Idempotent-Replayed") == "true")
            let left = try await wallet.get(Self.methods, token: CustomerDaemon.token)
            #expect(left.text.contains("1111") && !left.text.contains("2222"))
            let number = card.replacing("nonce-1111", with: "4111 1111 1111 1111")
            let refused = try await wallet.send(number, to: Self.methods, key: "five")
            #expect(refused.status == 422)
            #expect(refused.text.contains("CARD_NUMBER_REFUSED"))
            #expect(try await wallet.post(Self.methods, card, token: CustomerDaemon.token).status == 400)
        }
    }

    private static let otherToken = "key-of-the-hybrid"

    private static func with(_ body: @escaping @Sendable (PaymentWorld, RunningDaemon) async throws -> Void)
        async throws
    {
        try await PaymentWorld.with { world in
            try await world.world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256(CustomerDaemon.token)), 'test', 'customer', \(WalletWorld.prepaid), \(world.world.noon)),
                    (\(Digest.sha256(otherToken)), 'test', 'customer', \(WalletWorld.hybrid), \(world.world.noon)),
                    (\(Digest.sha256(CustomerDaemon.operatorToken)), 'ada', 'operator', NULL, \(world.world.noon))
                """)
            let values = world.world.database.settings().merging([
                "postgres.user": "warp_wallet", "payments.cardUrl": "\(world.baseURL)\(AuthorizeNetStandIn.path)",
                "payments.cardLogin": "sandbox-login", "payments.cardTransactionKey": "sandbox-anet-key",
                "payments.intervalSeconds": "1", "payments.timeoutSeconds": "2",
            ]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await body(world, wallet)
            }
        }
    }
}

extension RunningDaemon {
    /// Sends something that changes something, under a key.
    fileprivate func send(
        _ body: String, to path: String, _ method: HTTPClientRequest.Method = .post, key: String,
        token: String = CustomerDaemon.token
    ) async throws -> HTTPClientResponse {
        try await send(method, path, body: body, token: token, headers: [HTTPField("Idempotency-Key", key)])
    }

    /// The same over a connection of its own: one client sends one request at a time.
    fileprivate func sendBeside(_ body: String, to path: String, key: String) async throws -> HTTPClientResponse {
        try await HTTPClient().send(
            HTTPClientRequest(
                .post, "http://127.0.0.1:\(port)\(path)",
                headers: [
                    HTTPField("Authorization", "Bearer \(CustomerDaemon.token)"), HTTPField("Idempotency-Key", key),
                    HTTPField("Content-Type", "application/json"),
                ], body: Array(body.utf8), connectTimeout: .seconds(5), totalTimeout: .seconds(20)))
    }
}
