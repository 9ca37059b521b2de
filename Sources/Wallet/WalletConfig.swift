import DaemonKit

/// The wallet's own keys.
enum WalletConfig {
    /// How many rated records one transaction posts.
    static let postingBatchSize = ConfigKey.integer(
        "posting.batchSize", default: 5_000, in: 1...50_000, help: "How many rated records one transaction posts.")
    /// How often new customers get their wallet.
    static let openWalletsInterval = ConfigKey.integer(
        "wallets.openIntervalSeconds", default: 15, in: 1...3_600,
        help: "Seconds between looks for customers that have no wallet yet.")

    static let keys = ConfigKeys(postingBatchSize, openWalletsInterval)
}
