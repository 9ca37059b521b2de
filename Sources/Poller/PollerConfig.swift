import DaemonKit

/// The poller's own keys.
enum PollerConfig {
    /// Rows of one transaction.
    static let batchRows = ConfigKey.integer(
        "rating.batchRows", default: 2_000, in: 1...20_000, help: "How many raw records one transaction rates at most.")
    /// How often to ask whether reference data, customers or vendors changed.
    static let referencePoll = ConfigKey.integer(
        "reference.pollSeconds", default: 3, in: 1...600,
        help: "Seconds between looks for a new reference version, changed customers or vendors.")
    /// Where the mapped files of ported numbers are.
    static let portedDirectory = ConfigKey.optionalText(
        "reference.portedDirectory",
        help: "Where ported numbers are kept as a mapped file (14 bytes a number); without it they are in memory.")
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

    static let keys = ConfigKeys(
        batchRows, referencePoll, portedDirectory, attemptRetry, attemptAlone, partitionDaysBack,
        rerateApproval)

    /// The bounds of the pipeline.
    static func limits(_ config: Config) -> PipelineLimits {
        PipelineLimits(
            batchRows: config[batchRows], attemptRetrySeconds: config[attemptRetry],
            attemptAloneSeconds: config[attemptAlone])
    }
}
