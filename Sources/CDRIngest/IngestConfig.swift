import DaemonKit

/// The keys of cdr-ingest beside those of every daemon.
enum IngestConfig {
    static let maxBodyBytes = ConfigKey.integer(
        "http.maxBodyBytes", default: 8 << 20, in: 1_024...(256 << 20),
        help: "The most bytes of one request's body; a larger one is answered 413.")
    static let maxBodiesBytes = ConfigKey.integer(
        "http.maxBodiesBytes", default: 64 << 20, in: 1_024...(4 << 30),
        help:
            "The most bytes of bodies that are read at once; above it requests are answered 503 before their body is read."
    )
    static let maxRecords = ConfigKey.integer(
        "ingest.maxRecordsPerBody", default: 10_000, in: 1...1_000_000,
        help: "The most records of one request's body; more are answered 413.")
    static let commitBytes = ConfigKey.integer(
        "ingest.commitBytes", default: 4 << 20, in: 1_024...(256 << 20),
        help: "The most bytes of records in one commit; a larger submission is a commit of its own.")
    static let commitLanes = ConfigKey.integer(
        "ingest.commitLanes", default: 2, in: 1...32, help: "How many commits run at once.")
    static let queuedBytes = ConfigKey.integer(
        "ingest.queuedBytes", default: 64 << 20, in: 1_024...(4 << 30),
        help: "The most bytes of records that wait for a commit; above it requests are answered 503.")
    static let sourcesRefresh = ConfigKey.integer(
        "sources.refreshSeconds", default: 5, in: 1...3_600,
        help: "How often the sources are read again: how long a revoked token works at most.")

    static let keys = ConfigKeys(
        maxBodyBytes, maxBodiesBytes, maxRecords, commitBytes, commitLanes, queuedBytes, sourcesRefresh
    ) { config in
        guard config[maxBodiesBytes] < config[maxBodyBytes] else { return [] }
        return [ConfigFault(key: "http.maxBodiesBytes", problem: "is less than http.maxBodyBytes")]
    }
}
