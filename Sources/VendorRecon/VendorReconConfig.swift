import DaemonKit

/// vendor-recon's own keys.
enum VendorReconConfig {
    /// Where the column maps of vendors' statements are.
    static let formatsDirectory = ConfigKey.text(
        "formats.directory", default: "/usr/share/warp-billing/vendors",
        help: "The directory of the statement formats, one YAML file a vendor.")
    /// Where statements are dropped.
    static let statementsDirectory = ConfigKey.optionalText(
        "statements.directory",
        help: "A watched directory: files named <vendor>-….csv are imported once they stop growing.")
    /// How often it is looked at.
    static let statementsInterval = ConfigKey.integer(
        "statements.intervalSeconds", default: 30, in: 1...3_600,
        help: "Seconds between looks at the watched directory; a file is taken when its size is the same at two looks.")
    /// When the day's reconciliation runs.
    static let schedule = ConfigKey.parsed(
        "reconciliation.schedule", kind: "schedule", default: "daily 06:00 America/New_York",
        help: "When statements are reconciled and scorecards made: 'daily HH:MM Zone' or 'every N s'."
    ) { Schedule(parsing: $0) }

    static let keys = ConfigKeys(formatsDirectory, statementsDirectory, statementsInterval, schedule)
}
