import Core
import DaemonKit
import Logging

/// Gives every customer a wallet soon after the biller has made the customer (M27), so that a balance can be asked for before the
/// first usage. Usage that comes sooner opens its wallet itself.
struct WalletOpener: Sendable {
    let store: WalletStore
    let now: @Sendable () -> Instant
    let logger: Logger

    /// Wallets that one transaction makes.
    static let batchSize = 1_000

    /// Makes all missing wallets.
    func open() async throws {
        while true {
            let customers = try await store.customersWithoutWallet(limit: WalletOpener.batchSize)
            guard !customers.isEmpty else { return }
            try await store.makeWallets(of: customers, at: now())
            Watchdog.progressed()
            logger.info("Wallets opened", metadata: ["wallet.count": "\(customers.count)"])
        }
    }
}
