import Core
import DaemonKit
import LiveReference

/// The poller's own keys.
enum PollerConfig {
    /// Rows of one transaction.
    static let batchRows = ConfigKey.integer(
        "rating.batchRows", default: 8_192, in: 1...20_000, help: "How many raw records one transaction rates at most.")
    /// Batches at once.
    static let lanes = ConfigKey.integer(
        "rating.lanes", default: 3, in: 1...32,
        help: "How many batches of a kind are under way at once: one is rated while another is being stored.")
    /// How often waiting attempts are looked at.
    static let attemptRetry = ConfigKey.integer(
        "attempts.retrySeconds", default: 60, in: 1...3_600,
        help: "Seconds after which a vendor attempt that came before its call is looked at again.")
    /// How long an attempt waits.
    static let attemptAlone = ConfigKey.integer(
        "attempts.aloneSeconds", default: 900, in: 1...86_400,
        help: "Seconds after which a vendor attempt whose call never came is stored without it (NO_CALL).")
    /// Past partitions made ahead of need.
    static let partitionDaysBack = ConfigKey.integer(
        "partitions.daysBack", default: 2, in: 0...400,
        help: "Day partitions of the past that are made at start; older ones are made when a record needs them.")

    /// What a re-rating may move without a second person.
    static let rerateApproval = ConfigKey.integer(
        "rerate.approvalAboveDollars", default: 100, in: 0...1_000_000_000,
        help: "A re-rating that moves charges by more dollars than this needs a second person's approval.")

    /// Where the portability service is.
    static let dipURL = ConfigKey.optionalText(
        "lrn.dipURL",
        help:
            "The portability service that is asked about numbers the ported table does not know; without it nobody is.")
    /// What it knows us by.
    static let dipToken = ConfigKey.secret("lrn.dipToken", help: "The bearer token of the portability service.")
    /// How long one dip may take.
    static let dipDeadline = ConfigKey.integer(
        "lrn.deadlineMilliseconds", default: 1_000, in: 10...30_000, help: "The most milliseconds one dip may take.")
    /// How many dips run at once.
    static let dipConcurrency = ConfigKey.integer(
        "lrn.concurrency", default: 8, in: 1...64, help: "How many dips run at once, each on a connection of its own.")
    /// How long an answer is good for other calls.
    static let dipCacheSeconds = ConfigKey.integer(
        "lrn.cacheSeconds", default: 3_600, in: 0...86_400,
        help: "For how many seconds the answer about a number is used for other calls too.")
    /// How many answers are kept.
    static let dipCacheNumbers = ConfigKey.integer(
        "lrn.cacheNumbers", default: 500_000, in: 2...10_000_000, help: "How many numbers' answers are kept at most.")
    /// What a dip costs.
    static let dipCost = ConfigKey<Money>.parsed(
        "lrn.costPerDip", kind: "decimal amount of USD", default: "0",
        help: "What one answered dip costs, in USD, such as 0.0004; recorded with each dip."
    ) { text in
        do throws(FixedPoint.ParsingError) {
            let cost = try Money(parsing: text)
            return (0..<10_000_000).contains(cost.units) ? cost : nil
        } catch {
            return nil
        }
    }
    /// When a call without an answer is tried again.
    static let dipRetry = ConfigKey.integer(
        "lrn.retrySeconds", default: 60, in: 1...3_600,
        help: "Seconds after which a call that waits for the portability service is tried again.")
    /// How long it waits.
    static let dipWait = ConfigKey.integer(
        "lrn.waitSeconds", default: 900, in: 1...86_400,
        help: "Seconds without an answer after which a call goes on with the number itself (LRN_TIMEOUT).")

    static let keys =
        ConfigKeys(
            batchRows, lanes, attemptRetry, attemptAlone, partitionDaysBack, dipURL,
            dipToken,
            dipDeadline, dipConcurrency, dipCacheSeconds, dipCacheNumbers, dipCost, dipRetry, dipWait, rerateApproval)
        + ReferenceConfig.keys + BigQueryLoadConfig.keys

    /// The bounds of the pipeline.
    static func limits(_ config: Config) -> PipelineLimits {
        PipelineLimits(
            batchRows: config[batchRows], lanes: config[lanes], attemptRetrySeconds: config[attemptRetry],
            attemptAloneSeconds: config[attemptAlone], dipRetrySeconds: config[dipRetry],
            dipWaitSeconds: config[dipWait])
    }
}
