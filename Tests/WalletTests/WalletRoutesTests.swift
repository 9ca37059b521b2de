import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Wallet routes", .needsServices)
struct WalletRoutesTests {
    @Test("a customer's key shows that customer's balance and ledger, and nobody else's")
    func ownBalance() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.00712")
            try await world.post()
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256("key-of-the-prepaid")), 'test', 'customer', \(WalletWorld.prepaid), \(world.noon))
                """)
            let values = world.database.settings().merging(["postgres.user": "warp_wallet"]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                let token = "key-of-the-prepaid"
                let balance = try await wallet.get("/api/v1/billing/balance", token: token)
                #expect(balance.status == 200)
                #expect(
                    balance.text == """
                        {"customer_id":"\(WalletWorld.prepaid.text)","model":"PREPAID","currency":"USD","balance":"0.9929",\
                        "credit_limit":"0.00","accrued":"0.0000","receivable":"0.00","holds":"0.0000","available":"0.9929",\
                        "low_balance_alert":null,"suspended":false,"auto_recharge":null}
                        """)
                let ledger = try await wallet.get("/api/v1/billing/transactions?limit=1", token: token)
                #expect(ledger.text.contains(#""amount":"-0.0071""#))
                #expect(!ledger.text.contains(#""next":null"#))
                let others = "/api/v1/billing/balance?customer_id=\(WalletWorld.postpaid.text)"
                #expect(try await wallet.get(others, token: token).status == 403)
                #expect(try await wallet.get("/api/v1/billing/balance", token: "nobody").status == 401)
                let bad = try await wallet.get("/api/v1/billing/transactions?limit=0", token: token)
                #expect(bad.status == 422)
                #expect(bad.text.contains("/limit"))
            }
        }
    }

    @Test("without reference data wallet is not ready for switches and says why; customers are answered all the same")
    func awaitsReference() async throws {
        try await WalletWorld.with { world in
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256("key-of-the-prepaid")), 'test', 'customer', \(WalletWorld.prepaid), \(world.noon))
                """)
            let values = world.database.settings().merging([
                "postgres.user": "warp_wallet", "reference.pollSeconds": "1",
            ]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await eventually("a first look") { try await wallet.get("/readyz").text.contains("no reference") }
                let before = try await wallet.get("/readyz")
                #expect(before.status == 503)
                let balance = try await wallet.get("/api/v1/billing/balance", token: "key-of-the-prepaid")
                #expect(balance.status == 200)
                try await world.loadReference()
                try await eventually("ready") { try await wallet.get("/readyz").status == 200 }
            }
        }
    }
}
