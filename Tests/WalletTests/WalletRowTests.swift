import Core
import Drivers
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("A wallet's row", .needsPostgres)
struct WalletRowTests {
    private func wallet(_ customer: CustomerID, in world: WalletWorld) async throws -> WalletRow {
        let rows = try await world.store.pool.withTransaction { try WalletRow.lock([customer], in: $0) }
        return try #require(rows[customer])
    }

    /// A customer's auto-recharge as the biller keeps it: below 20.00, 50.00 are asked for.
    private func order(_ customer: CustomerID, isEnabled: Bool, in world: WalletWorld) async throws {
        try await world.admin.execute(
            """
            UPDATE billing.customers
            SET auto_recharge_enabled = \(isEnabled), auto_recharge_threshold = 20, auto_recharge_amount = 50
            WHERE customer_id = \(customer)
            """)
    }

    @Test("a block by hand and a standing order come back as they were stored")
    func roundTrip() async throws {
        try await WalletWorld.with { world in
            try await world.store.makeWallets(of: [WalletWorld.prepaid, WalletWorld.hybrid], at: world.noon)
            var blocked = try await wallet(WalletWorld.prepaid, in: world)
            blocked.state.isBlocked = true
            blocked.state.autoRecharge = AutoRecharge(
                isEnabled: false, threshold: try Money(parsing: "20"), amount: try Money(parsing: "50"), failures: 3,
                isPending: true, lastRequestAt: world.noon)
            let (stored, now) = (blocked, world.noon)
            _ = try await world.store.pool.withTransaction { try WalletRow.store([stored], at: now, in: $0) }
            #expect(try await wallet(WalletWorld.prepaid, in: world).state == stored.state)
            let other = try await wallet(WalletWorld.hybrid, in: world).state
            #expect(!other.isBlocked)
            #expect(other.autoRecharge == nil)
        }
    }

    @Test("a wallet is made with its customer's standing order, switched on or off", arguments: [true, false])
    func made(isEnabled: Bool) async throws {
        try await WalletWorld.with { world in
            try await order(WalletWorld.prepaid, isEnabled: isEnabled, in: world)
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            #expect(
                try await wallet(WalletWorld.prepaid, in: world).state.autoRecharge
                    == AutoRecharge(
                        isEnabled: isEnabled, threshold: try Money(parsing: "20"), amount: try Money(parsing: "50")))
        }
    }

    @Test("usage neither lifts a block nor leaves a recharge pending that nobody was asked for")
    func usage() async throws {
        try await WalletWorld.with { world in
            try await order(WalletWorld.prepaid, isEnabled: true, in: world)
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            try await world.admin.execute("UPDATE billing.wallets SET blocked = true")
            try await world.addCall(WalletWorld.prepaid, charge: "0.10000")
            try await world.post()
            let state = try await wallet(WalletWorld.prepaid, in: world).state
            #expect(state.balance == (try Money(parsing: "0.9")))
            #expect(state.isBlocked)
            #expect(state.autoRecharge?.isPending == false)
            #expect(state.autoRecharge?.lastRequestAt == nil)
        }
    }
}
