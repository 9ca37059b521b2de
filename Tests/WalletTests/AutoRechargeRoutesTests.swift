import Core
import Drivers
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Setting automatic recharge", .needsServices)
struct AutoRechargeRoutesTests {
    @Test("an order takes a method that can be charged; it is audited once, and a repeat changes nothing")
    func set() async throws {
        try await CustomerDaemon.with { world, wallet in
            let body = #"{"enabled":true,"threshold":"20.00","amount":"50.00"}"#
            let refused = try await wallet.setRecharge(body, key: "k1")
            #expect(refused.status == 409)
            #expect(refused.text.contains(#""reason":"NO_PAYMENT_METHOD""#))
            try await world.addMethod(of: WalletWorld.prepaid)
            #expect(try await wallet.setRecharge(body, key: "k1").body == refused.body)
            let set = try await wallet.setRecharge(body, key: "k2")
            #expect(set.status == 200)
            #expect(
                set.text == """
                    {"customer_id":"\(WalletWorld.prepaid.text)","enabled":true,"threshold":"20.00","amount":"50.00",\
                    "currency":"USD","pending":false}
                    """)
            let again = try await wallet.setRecharge(body, key: "k2")
            #expect(again.body == set.body)
            #expect(again.header("Idempotent-Replayed") == "true")
            #expect(try await wallet.setRecharge(body, key: "k3").body == set.body)
            #expect(try await world.recharge() == "t 20.00 50.00 0")
            let audit = try await world.text(
                """
                SELECT string_agg(concat_ws(' ', actor, action, subject, detail->'before', detail->'after'->>'amount'), ',')
                FROM billing.wallet_audit
                """)
            let customer = WalletWorld.prepaid.text
            #expect(audit == "customer:\(customer) auto-recharge.set \(customer) null 50.00")
        }
    }

    @Test("what is left out stays; switching on forgets failures, and what is under way goes on")
    func change() async throws {
        try await CustomerDaemon.with { world, wallet in
            try await world.addMethod(of: WalletWorld.prepaid)
            try await world.admin.execute(
                """
                UPDATE billing.wallets SET auto_recharge_threshold = 20, auto_recharge_amount = 50, auto_recharge_failures = 3,
                    recharge_pending = true, last_recharge_at = \(world.noon)
                WHERE customer_id = \(WalletWorld.prepaid)
                """)
            let on = try await wallet.setRecharge(#"{"enabled":true,"amount":"75.50"}"#, key: "k1")
            #expect(
                on.text.contains(
                    #""enabled":true,"threshold":"20.00","amount":"75.50","currency":"USD","pending":true"#))
            #expect(try await world.recharge() == "t 20.00 75.50 0")
            #expect(try await wallet.setRecharge(#"{"enabled":false}"#, key: "k2").status == 200)
            #expect(try await world.recharge() == "f 20.00 75.50 0")
            let last = try await world.text(
                """
                SELECT (last_recharge_at = \(world.noon)::timestamptz)::text
                FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)
                """)
            #expect(last == "true")
        }
    }

    @Test("without an order it is switched off without a trace")
    func off() async throws {
        try await CustomerDaemon.with { world, wallet in
            let off = try await wallet.setRecharge(#"{"enabled":false}"#, key: "k1")
            #expect(off.text.contains(#""enabled":false,"threshold":null,"amount":null"#))
            #expect(try await world.text("SELECT count(*) FROM billing.wallet_audit") == "0")
        }
    }

    @Test("a customer changes their own, an operator whose they name; a postpaid balance is not filled up")
    func whose() async throws {
        try await CustomerDaemon.with { world, wallet in
            try await world.addMethod(of: WalletWorld.hybrid)
            try await world.addMethod(of: WalletWorld.postpaid)
            func body(_ customer: String) -> String {
                #"{"enabled":true,"threshold":"5.00","amount":"5.00","customer_id":"\#(customer)"}"#
            }
            let hybrid = WalletWorld.hybrid.text
            let ada = CustomerDaemon.operatorToken
            #expect(try await wallet.setRecharge(body(hybrid), key: "k1").status == 403)
            #expect(try await wallet.setRecharge(#"{"enabled":false}"#, key: "k1", token: ada).status == 422)
            #expect(try await wallet.setRecharge(body(hybrid), key: "k2", token: ada).status == 200)
            #expect(try await world.recharge(WalletWorld.hybrid) == "t 5.00 5.00 0")
            #expect(try await world.text("SELECT actor FROM billing.wallet_audit") == "operator:ada")
            let nobody = CustomerID(Identifier128(high: 9, low: 9)).text
            #expect(try await wallet.setRecharge(body(nobody), key: "k3", token: ada).status == 404)
            let postpaid = try await wallet.setRecharge(body(WalletWorld.postpaid.text), key: "k4", token: ada)
            #expect(postpaid.status == 409)
            #expect(postpaid.text.contains(#""reason":"POSTPAID_WALLET""#))
        }
    }

    @Test("amounts are texts of two decimals within their bounds, and a key is required")
    func validation() async throws {
        try await CustomerDaemon.with { world, wallet in
            try await world.addMethod(of: WalletWorld.prepaid)
            let cases: [(body: String, pointer: String, reason: String)] = [
                (#"{"threshold":"5.00","amount":"5.00"}"#, "/enabled", "MISSING_FIELD"),
                (#"{"enabled":true,"amount":"5.00"}"#, "/threshold", "MISSING_FIELD"),
                (#"{"enabled":true,"threshold":"5.00"}"#, "/amount", "MISSING_FIELD"),
                (#"{"enabled":true,"threshold":"5.00","amount":5}"#, "/amount", "BAD_TYPE"),
                (#"{"enabled":true,"threshold":"five","amount":"5.00"}"#, "/threshold", "BAD_AMOUNT"),
                (#"{"enabled":true,"threshold":"0.00","amount":"5.00"}"#, "/threshold", "OUT_OF_RANGE"),
                (#"{"enabled":true,"threshold":"5.001","amount":"5.00"}"#, "/threshold", "OUT_OF_RANGE"),
                (#"{"enabled":true,"threshold":"5.00","amount":"0.99"}"#, "/amount", "OUT_OF_RANGE"),
                (#"{"enabled":true,"threshold":"5.00","amount":"-5.00"}"#, "/amount", "OUT_OF_RANGE"),
                (#"{"enabled":true,"threshold":"5.00","amount":"10000.01"}"#, "/amount", "OUT_OF_RANGE"),
            ]
            for (number, wrong) in cases.enumerated() {
                let answer = try await wallet.setRecharge(wrong.body, key: "k\(number)")
                #expect(answer.status == 422, "\(wrong.body)")
                #expect(
                    answer.text.contains(#""pointer":"\#(wrong.pointer)","reason":"\#(wrong.reason)""#), "\(wrong.body)"
                )
            }
            let body = #"{"enabled":true,"threshold":"0.01","amount":"10000.00"}"#
            let keyless = try await wallet.post(
                "/api/v1/billing/set-auto-recharge", body, token: CustomerDaemon.token)
            #expect(keyless.status == 400)
            #expect(try await world.recharge() == "f 0")
            #expect(try await wallet.setRecharge(body, key: "last").status == 200)
            let card = #"{"enabled":false,"note":"4111 1111 1111 1111"}"#
            let refused = try await wallet.setRecharge(card, key: "card")
            #expect(refused.status == 422)
            #expect(refused.text.contains(#""reason":"CARD_NUMBER_REFUSED""#))
            #expect(try await world.text("SELECT count(*) FROM billing.wallet_idempotency WHERE key = 'card'") == "0")
        }
    }
}

extension RunningDaemon {
    fileprivate func setRecharge(
        _ body: String, key: String, token: String = CustomerDaemon.token
    ) async throws -> HTTPClientResponse {
        try await send(
            .post, "/api/v1/billing/set-auto-recharge", body: body, token: token,
            headers: [HTTPField("Idempotency-Key", key)])
    }
}

extension WalletWorld {
    /// A card that can be charged.
    fileprivate func addMethod(of customer: CustomerID) async throws {
        try await admin.execute(
            """
            INSERT INTO billing.payment_methods (id, customer_id, type, is_default, processor, processor_token, status, created_at)
            VALUES (\(Identifier128.random()), \(customer), 'card', true, 'authorize_net', 't', 'active', \(noon))
            """)
    }

    /// Enabled, threshold, amount and failures of a standing order.
    fileprivate func recharge(_ customer: CustomerID = prepaid) async throws -> String? {
        try await text(
            """
            SELECT concat_ws(' ', auto_recharge_enabled, auto_recharge_threshold, auto_recharge_amount, auto_recharge_failures)
            FROM billing.wallets WHERE customer_id = \(customer)
            """)
    }
}
