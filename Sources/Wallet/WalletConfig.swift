import DaemonKit
import LiveReference

/// The wallet's own keys.
enum WalletConfig {
    /// How many rated records one transaction posts.
    static let postingBatchSize = ConfigKey.integer(
        "posting.batchSize", default: 20_000, in: 1...50_000, help: "How many rated records one transaction posts.")
    /// How often new customers get their wallet.
    static let openWalletsInterval = ConfigKey.integer(
        "wallets.openIntervalSeconds", default: 15, in: 1...3_600,
        help: "Seconds between looks for customers that have no wallet yet.")

    /// How many questions of switches one transaction answers.
    static let holdBatchSize = ConfigKey.integer(
        "holds.batchSize", default: 500, in: 1...5_000,
        help: "How many questions of switches one transaction answers at most.")
    /// How many of these transactions run at once.
    static let holdLanes = ConfigKey.integer(
        "holds.lanes", default: 2, in: 1...16,
        help: "How many such transactions run at once; a customer's questions share one.")
    /// How often holds whose time is over are released.
    static let holdExpiryInterval = ConfigKey.integer(
        "holds.expirySeconds", default: 10, in: 1...600,
        help: "Seconds between looks for holds whose time is over.")
    /// How long closed holds are known.
    static let holdKeptDays = ConfigKey.integer(
        "holds.keptDays", default: 30, in: 1...400,
        help: "Days that closed holds are known, for a look and so that a late question does not open them again.")

    /// Where the daily seals of the ledger go.
    static let sealDirectory = ConfigKey.optionalText(
        "ledger.sealDirectory", help: "Where the daily seals of the ledger are written; none are without it.")

    static let keys =
        ConfigKeys(
            postingBatchSize, openWalletsInterval, holdBatchSize, holdLanes, holdExpiryInterval, holdKeptDays,
            sealDirectory)
        + ReferenceConfig.keys + NotificationConfig.keys + PaymentConfig.keys
}
