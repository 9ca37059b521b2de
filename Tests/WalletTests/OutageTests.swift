import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

@Suite("The wallet through outages", .needsServices, .serialized)
struct OutageTests {
    @Test("every rated call is paid for once", arguments: Outage.allCases)
    func endures(_ outage: Outage) async throws {
        try await WalletWorld.with { world in
            try await world.loadReference()
            let prefix = Services.redisKeyPrefix()
            try await withClockFile(at: world.noon.text) { clock in
                let values = world.database.settings().merging([
                    "postgres.user": "warp_wallet", "redis.keyPrefix": prefix, "clock.file": clock,
                    "sweep.intervalSeconds": "1", "wallets.openIntervalSeconds": "1",
                ]) { $1 }
                let stream = StreamName.ratedUsage
                try await WorkingDaemon(
                    WalletCommand.daemon, values: values, build: WalletCommand.build,
                    streams: [(stream.rawValue, StreamGroup.wallet.rawValue)],
                    offer: { _ in
                        try await world.addCall(WalletWorld.prepaid, charge: "0.01003")
                        try await world.addCall(WalletWorld.postpaid, charge: "0.02000")
                        try await ring(prefix + stream.rawValue, type: stream.entryType, [Array("{}".utf8)])
                    },
                    outcome: { try await world.outcomeOfOffers() }, expected: { Self.expected($0) }
                ).endure(outage)
            }
        }
    }

    /// 1.0000 less 0.01003 a piece, its fifth decimal in the residue; 0.02 a piece accrued.
    private static func expected(_ pieces: Int) -> String {
        let charges = Money(units: 100_300 * Int64(pieces))
        let debits = Money(units: charges.units / 1_000 * 1_000)
        let (balance, residue) = (Money(units: 10_000_000 - debits.units), Money(units: charges.units - debits.units))
        let accrued = Money(units: 200_000 * Int64(pieces))
        return """
            \(balance.text(.ledger)) 0.0000 \(residue.text(.charge)) 0.00; 0.0000 \(accrued.text(.ledger)) 0.00000 0.00; \
            \(2 * pieces) postings, \(pieces) debits
            """
    }
}

extension WalletWorld {
    fileprivate func outcomeOfOffers() async throws -> String {
        let sums = try await text(
            """
            SELECT concat(
                (SELECT count(*) FROM billing.usage_postings), ' postings, ',
                (SELECT count(*) FROM billing.transactions WHERE type = 'charge'), ' debits')
            """)
        let prepaid = try await amounts(WalletWorld.prepaid) ?? "no wallet"
        let postpaid = try await amounts(WalletWorld.postpaid) ?? "no wallet"
        return "\(prepaid); \(postpaid); \(sums ?? "")"
    }
}
