import Core
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

    /// What a customer is promised while PostgreSQL is away.
    static let exposure = ConfigKey<Money>.parsed(
        "holds.exposure", kind: "amount of USD such as 5.00, at most 10000", default: "0.00",
        help: "What each customer's calls may come to, by this instance, while PostgreSQL is away; 0.00 refuses them."
    ) { text in
        do {
            let amount = try Money(parsing: text)
            return amount.isWhole(at: .cents) && (.zero...mostExposure).contains(amount) ? amount : nil
        } catch {
            return nil
        }
    }
    private static let mostExposure = Money(units: 10_000 * 10_000_000)
    /// Where promises wait.
    static let journalDirectory = ConfigKey.optionalText(
        "holds.journalDirectory",
        help:
            "Where grants wait that were given while PostgreSQL was away, on a disk of this host; all instances share it."
    )
    /// How long PostgreSQL may take before the exposure counts.
    static let holdPatience = ConfigKey.integer(
        "holds.patienceMilliseconds", default: 500, in: 50...60_000,
        help: "How long PostgreSQL may take to answer a switch before the exposure counts, where there is one.")

    /// How often all balances are written to Redis.
    static let cacheRefresh = ConfigKey.integer(
        "cache.refreshSeconds", default: 60, in: 1...3_600,
        help: "Seconds between walks through all wallets that write their balances to Redis.")
    /// How long a balance stays in Redis that nobody writes.
    static let cacheExpiry = ConfigKey.integer(
        "cache.expirySeconds", default: 180, in: 2...86_400,
        help: "Seconds after which a balance in Redis is gone that was not written again.")

    /// Where the daily seals of the ledger go.
    static let sealDirectory = ConfigKey.optionalText(
        "ledger.sealDirectory", help: "Where the daily seals of the ledger are written; none are without it.")

    static let keys =
        ConfigKeys(
            postingBatchSize, openWalletsInterval, holdBatchSize, holdLanes, holdExpiryInterval, holdKeptDays, exposure,
            journalDirectory, holdPatience, cacheRefresh, cacheExpiry, sealDirectory, checking: faults)
        + ReferenceConfig.keys + NotificationConfig.keys + PaymentConfig.keys + IdempotencyConfig.keys

    private static func faults(_ config: Config) -> [ConfigFault] {
        var faults: [ConfigFault] = []
        if config[exposure] > .zero, config[journalDirectory] == nil {
            faults.append(
                ConfigFault(key: journalDirectory.declaration.name, problem: "is required where holds.exposure is set"))
        }
        if config[cacheExpiry] < 2 * config[cacheRefresh] {
            faults.append(
                ConfigFault(
                    key: cacheExpiry.declaration.name,
                    problem: "is less than twice cache.refreshSeconds: balances would flicker"
                ))
        }
        return faults
    }
}
