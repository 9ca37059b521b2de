/// What a metric measures over time.
public enum MetricKind: Sendable, Hashable {
    /// Only grows.
    case counter
    /// Goes up and down.
    case gauge
    /// How often values fell below each bound.
    case histogram(bounds: [Double])

    /// Bounds for durations in seconds, from half a millisecond to a minute.
    public static let seconds = MetricKind.histogram(
        bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])
    /// Bounds for sizes of batches.
    public static let sizes = MetricKind.histogram(bounds: [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
    ])
}

/// One metric of the catalogue.
public struct MetricName: Sendable, Hashable {
    /// `warp_<daemon>_<thing>_<unit>`, with `_total` for counters.
    public let name: String
    /// What it measures over time.
    public let kind: MetricKind
    /// Its labels, each with few values, never a customer.
    public let labels: [String]
    /// One sentence.
    public let help: String

    init(_ name: String, _ kind: MetricKind, _ labels: [String] = [], help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    /// The name tells metrics apart.
    public static func == (left: MetricName, right: MetricName) -> Bool { left.name == right.name }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Every metric that any daemon shows. A name that does not stand here is a bug.
public enum MetricNames {
    /// The whole catalogue; the documentation is checked against it.
    public static let all: [MetricName] = shared + ingest + poller + wallet + biller + recon

    static let shared: [MetricName] = [
        .httpRequests, .httpSeconds, .dependencyUp, .streamLag, .streamEntries, .streamFailures, .streamDead,
        .streamParked, .streamBatchSeconds, .streamPublished, .streamPublishFailures, .streamLength, .sweeps,
        .sweepThrough,
        .commitSize, .commitSeconds, .commitQueued, .commitRefused, .runs, .partitionsMade,
        .notificationsHandled, .notificationsPending,
    ]
    static let ingest: [MetricName] = [
        .ingestRecords, .ingestCommitRecords, .ingestSpooled, .ingestSpoolBytes, .ingestSpoolRefusals,
        .ingestSpoolAside,
        .ingestSpoolDamaged, .ingestLimited, .ingestRedisRecords,
    ]
    static let poller: [MetricName] = [
        .pollerRecords, .pollerRatingSeconds, .pollerCommitSeconds, .pollerBatchSize, .pollerParked,
        .pollerConservationDifference, .pollerLRNDips, .pollerLRNCacheHits, .pollerLRNSeconds, .pollerLRNCost,
        .pollerLRNRefused, .pollerBigQueryLoads, .pollerBigQueryLag, .pollerBigQueryDifferentDays,
        .pollerBigQueryDifferentRows,
    ]
    static let wallet: [MetricName] = [
        .walletPostings, .walletFraudAlerts, .walletCacheBalances, .walletPromises, .walletPromised,
        .walletPromisesPosted, .walletJournalBytes,
    ]
    static let biller: [MetricName] = [.billerInvoices, .billerExports]
    static let recon: [MetricName] = [.reconRecords, .reconDisputes]
}

extension MetricName {
    /// Requests answered.
    public static let httpRequests = MetricName(
        "warp_http_requests_total", .counter, ["route", "status"], help: "HTTP requests answered.")
    /// How long answers took.
    public static let httpSeconds = MetricName(
        "warp_http_request_seconds", .seconds, ["route"], help: "Time to an answer.")
    /// Whether PostgreSQL or Redis answers.
    public static let dependencyUp = MetricName(
        "warp_dependency_up", .gauge, ["dependency"], help: "1 while the dependency answers, 0 while it does not.")
    /// Entries of a stream that a group has not read yet.
    public static let streamLag = MetricName(
        "warp_stream_lag_entries", .gauge, ["stream", "group"], help: "Entries that the group has not read yet.")
    /// Entries handled and acknowledged.
    public static let streamEntries = MetricName(
        "warp_stream_entries_total", .counter, ["stream"], help: "Entries handled and acknowledged.")
    /// Batches that failed and were tried again or split.
    public static let streamFailures = MetricName(
        "warp_stream_failures_total", .counter, ["stream", "reason"], help: "Attempts to handle a batch that failed.")
    /// Entries that could not be decoded.
    public static let streamDead = MetricName(
        "warp_stream_dead_total", .counter, ["stream"], help: "Entries moved to the dead stream: undecodable.")
    /// Records that failed alone and were parked.
    public static let streamParked = MetricName(
        "warp_stream_parked_total", .counter, ["stream"], help: "Records parked because they failed alone.")
    /// Time to handle one read.
    public static let streamBatchSeconds = MetricName(
        "warp_stream_batch_seconds", .seconds, ["stream"], help: "Time from a read to its acknowledgement.")
    /// Entries published.
    public static let streamPublished = MetricName(
        "warp_stream_published_total", .counter, ["stream"], help: "Entries published.")
    /// Entries not published: the sweep heals these.
    public static let streamPublishFailures = MetricName(
        "warp_stream_publish_failures_total", .counter, ["stream", "reason"],
        help: "Entries that were not published; the consumer's sweep finds their facts.")
    /// How long a stream is.
    public static let streamLength = MetricName(
        "warp_stream_length_entries", .gauge, ["stream"], help: "Entries in the stream, as its publisher last saw it.")
    /// Sweeps by outcome.
    public static let sweeps = MetricName(
        "warp_sweeps_total", .counter, ["sweep", "outcome"], help: "Sweeps by outcome.")
    /// Through which number a sweep has come.
    public static let sweepThrough = MetricName(
        "warp_sweep_through_seq", .gauge, ["sweep"], help: "The sequence number through which the sweep has come.")
    /// Submissions in one commit.
    public static let commitSize = MetricName(
        "warp_group_commit_size", .sizes, ["commit"], help: "Submissions answered by one commit.")
    /// Time of one commit.
    public static let commitSeconds = MetricName(
        "warp_group_commit_seconds", .seconds, ["commit"], help: "Time of one commit.")
    /// Submissions waiting for a commit.
    public static let commitQueued = MetricName(
        "warp_group_commit_queued", .gauge, ["commit"], help: "Submissions that wait for a commit.")
    /// Submissions refused because the queue was full.
    public static let commitRefused = MetricName(
        "warp_group_commit_refused_total", .counter, ["commit"], help: "Submissions refused: the queue was full.")
    /// Scheduled runs by outcome.
    public static let runs = MetricName(
        "warp_runs_total", .counter, ["run", "outcome"], help: "Scheduled runs by outcome.")
    /// Day partitions made.
    public static let partitionsMade = MetricName(
        "warp_partitions_made_total", .counter, ["table"], help: "Day partitions made ahead of their day.")
    /// Attempts to send notifications.
    public static let notificationsHandled = MetricName(
        "warp_notifications_total", .counter, ["channel", "outcome"],
        help: "Attempts to send a notification: sent, retry, failed (given up).")
    /// Notifications that wait.
    public static let notificationsPending = MetricName(
        "warp_notifications_pending", .gauge, help: "Notifications that are not sent yet.")

    /// Records at the door.
    public static let ingestRecords = MetricName(
        "warp_ingest_records_total", .counter, ["kind", "outcome"],
        help: "Records by verdict: accepted, repeat, conflict, rejected.")
    /// Records in one commit.
    public static let ingestCommitRecords = MetricName(
        "warp_ingest_commit_records", .sizes, help: "Records that one commit made durable.")
    /// Records kept on disk.
    public static let ingestSpooled = MetricName(
        "warp_ingest_spooled_records_total", .counter, help: "Records kept in the spool, to be committed later.")
    /// What waits on disk.
    public static let ingestSpoolBytes = MetricName(
        "warp_ingest_spool_bytes", .gauge, help: "Bytes that wait in the instance's spool.")
    /// Batches that the spool refused.
    public static let ingestSpoolRefusals = MetricName(
        "warp_ingest_spool_refusals_total", .counter, ["reason"],
        help: "Batches that the spool did not take: their senders heard 503.")
    /// Entries that could not be stored.
    public static let ingestSpoolAside = MetricName(
        "warp_ingest_spool_aside_total", .counter,
        help: "Spooled submissions that PostgreSQL refused for good: set aside for a person.")
    /// Bytes of the spool that could not be read.
    public static let ingestSpoolDamaged = MetricName(
        "warp_ingest_spool_damaged_bytes_total", .counter,
        help: "Bytes of the spool that failed their checksum, kept in files of their own.")
    /// Requests over a source's rate.
    public static let ingestLimited = MetricName(
        "warp_ingest_limited_total", .counter, ["source"], help: "Requests answered 429: over the source's rate.")
    /// Records taken from Redis.
    public static let ingestRedisRecords = MetricName(
        "warp_ingest_redis_records_total", .counter, ["from"], help: "Records taken from Redis: from list or stream.")
    /// Usage by rating outcome.
    public static let pollerRecords = MetricName(
        "warp_poller_records_total", .counter, ["kind", "outcome"],
        help: "Records by outcome: rated, not_billable, unrated, held, repeat.")
    /// Time to rate a batch.
    public static let pollerRatingSeconds = MetricName(
        "warp_poller_rating_seconds", .seconds, ["kind"], help: "Time to gather facts for a batch and rate it.")
    /// Time to store a batch.
    public static let pollerCommitSeconds = MetricName(
        "warp_poller_commit_seconds", .seconds, ["kind"], help: "Time to store a rated batch.")
    /// Records of a batch.
    public static let pollerBatchSize = MetricName(
        "warp_poller_batch_records", .sizes, ["kind"], help: "Records of one transaction.")
    /// Parked usage by status.
    public static let pollerParked = MetricName(
        "warp_poller_parked_records", .gauge, ["status"], help: "Records that are parked: held, unrated, waiting.")
    /// Records without an outcome.
    public static let pollerConservationDifference = MetricName(
        "warp_poller_conservation_difference_records", .gauge,
        help: "Usage received in two days that has no outcome: what is on its way, and 0 when all is quiet.")
    /// Dips by outcome.
    public static let pollerLRNDips = MetricName(
        "warp_poller_lrn_dips_total", .counter, ["outcome"],
        help: "Dips of the portability service: ported, not_ported, or why there was no answer.")
    /// Answers without a dip.
    public static let pollerLRNCacheHits = MetricName(
        "warp_poller_lrn_cache_hits_total", .counter, help: "Calls answered by an earlier dip of the same number.")
    /// Time of a dip.
    public static let pollerLRNSeconds = MetricName(
        "warp_poller_lrn_dip_seconds", .seconds, help: "Time of a dip that was answered.")
    /// Cost of dips.
    public static let pollerLRNCost = MetricName(
        "warp_poller_lrn_cost_microdollars_total", .counter, help: "What answered dips cost, in millionths of a dollar."
    )
    /// Whether the service refuses us.
    public static let pollerLRNRefused = MetricName(
        "warp_poller_lrn_refused", .gauge,
        help: "1 while the portability service refuses us (4xx): its address or our token is wrong.")
    /// Batches for BigQuery by outcome.
    public static let pollerBigQueryLoads = MetricName(
        "warp_poller_bigquery_loads_total", .counter, ["table", "outcome"],
        help: "Batches that BigQuery loaded, or whose job failed as a whole.")
    /// What BigQuery lacks.
    public static let pollerBigQueryLag = MetricName(
        "warp_poller_bigquery_lag_rows", .gauge, ["table"], help: "Rows that are not in BigQuery yet.")
    /// Days on which the stores differ.
    public static let pollerBigQueryDifferentDays = MetricName(
        "warp_poller_bigquery_different_days", .gauge, ["table"],
        help: "Days whose count or sum in BigQuery is not PostgreSQL's: 0 unless something is wrong.")
    /// By how much.
    public static let pollerBigQueryDifferentRows = MetricName(
        "warp_poller_bigquery_different_rows", .gauge, ["table"],
        help: "Rows that BigQuery has too many or too few, of days that were compared.")
    /// Usage postings by outcome.
    public static let walletPostings = MetricName(
        "warp_wallet_postings_total", .counter, ["outcome"], help: "Rated records by posting: posted, repeat, parked.")
    /// Balances for routing by outcome.
    public static let walletCacheBalances = MetricName(
        "warp_wallet_cache_balances_total", .counter, ["outcome"],
        help: "Balances for Redis: written, stale (a later one was there), failed, dropped (the refresh brings them).")
    /// Answers without PostgreSQL.
    public static let walletPromises = MetricName(
        "warp_wallet_promises_total", .counter, ["answer"],
        help: "Questions of switches answered while PostgreSQL was away: granted, refused.")
    /// Money that was promised.
    public static let walletPromised = MetricName(
        "warp_wallet_promised_microdollars", .gauge,
        help: "What this instance has promised while PostgreSQL was away and not posted yet, in millionths of a dollar."
    )
    /// Promises on their way into wallets.
    public static let walletPromisesPosted = MetricName(
        "warp_wallet_promises_posted_total", .counter, ["outcome"],
        help: "Promises by posting: posted, repeat, taken (another call's name), aside (for a person).")
    /// What waits on disk.
    public static let walletJournalBytes = MetricName(
        "warp_wallet_journal_bytes", .gauge, help: "Bytes of promises that wait for PostgreSQL.")
    /// Fraud checks that fired.
    public static let walletFraudAlerts = MetricName(
        "warp_wallet_fraud_alerts_total", .counter, ["check"], help: "Fraud checks that fired, each a review.")
    /// Invoices by outcome.
    public static let billerInvoices = MetricName(
        "warp_biller_invoices_total", .counter, ["outcome"], help: "Invoices by outcome: issued, held.")
    /// Exports by outcome.
    public static let billerExports = MetricName(
        "warp_biller_exports_total", .counter, ["target", "outcome"], help: "Exports to NetSuite by outcome.")
    /// Statement records by match.
    public static let reconRecords = MetricName(
        "warp_recon_records_total", .counter, ["outcome"], help: "Statement records by match.")
    /// Disputes opened.
    public static let reconDisputes = MetricName(
        "warp_recon_disputes_total", .counter, ["vendor"], help: "Disputes opened.")
}
