import DaemonKit
import Drivers

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
    static let commitPatience = ConfigKey.integer(
        "ingest.commitPatienceMilliseconds", default: 1_500, in: 10...60_000,
        help: "How long a commit may take before its records go to the spool instead.")
    static let spoolDirectory = ConfigKey.optionalText(
        "spool.directory",
        help: "Where records wait while PostgreSQL can't take them, on a disk of this host; all instances share it.")
    static let spoolMaxBytes = ConfigKey.integer(
        "spool.maxBytes", default: 1 << 30, in: 65_536...(1 << 40),
        help: "The most bytes that wait in this instance's spool; above it requests are answered 503.")
    static let sourcesRefresh = ConfigKey.integer(
        "sources.refreshSeconds", default: 5, in: 1...3_600,
        help: "How often the sources are read again: how long a revoked token works at most.")

    static let signingKey = ConfigKey.secret(
        "sources.signingKey", help: "From which the keys of sources that sign are derived; at least 32 characters.")
    static let clientHeader = ConfigKey.optionalText(
        "sources.clientHeader",
        help: "The header in which nginx on this host names a verified client certificate; none is believed without it."
    )

    static let keys =
        ConfigKeys(
            maxBodyBytes, maxBodiesBytes, maxRecords, commitBytes, commitLanes, queuedBytes, commitPatience,
            spoolDirectory,
            spoolMaxBytes, sourcesRefresh, signingKey, clientHeader, checking: faults) + RedisDoorConfig.keys

    private static func faults(_ config: Config) -> [ConfigFault] {
        var faults: [ConfigFault] = []
        // A packed body needs room for itself and for what comes out of it.
        if config[maxBodiesBytes] < 2 * config[maxBodyBytes] {
            faults.append(ConfigFault(key: "http.maxBodiesBytes", problem: "is less than twice http.maxBodyBytes"))
        }
        if let key = config[signingKey], key.revealed.utf8.count < 32 {
            faults.append(ConfigFault(key: "sources.signingKey", problem: "is shorter than 32 characters"))
        }
        if let header = config[clientHeader], HeaderName(header) == nil {
            faults.append(ConfigFault(key: "sources.clientHeader", problem: "'\(header)' is no header's name"))
        }
        return faults
    }
}

/// The keys of the Redis door (M8).
enum RedisDoorConfig {
    static let source = ConfigKey.optionalText(
        "redisDoor.source",
        help: "The source to which records left in Redis are counted; without it that door is closed.")
    static let host = ConfigKey.text(
        "redisDoor.host", default: "127.0.0.1", help: "The host of the Redis in which Kamailio leaves records.")
    static let port = ConfigKey.integer(
        "redisDoor.port", default: 6379, in: 1...65_535, help: "The port of that Redis.")
    static let socket = ConfigKey.optionalText(
        "redisDoor.socket", help: "Its Unix socket, in place of redisDoor.host and redisDoor.port.")
    static let password = ConfigKey.secret("redisDoor.password", help: "Its password, where it asks for one.")
    static let list = ConfigKey.text(
        "redisDoor.list", default: "warp:door:list", help: "The list whose elements are records, in JSON.")
    static let stream = ConfigKey.text(
        "redisDoor.stream", default: "warp:door:stream",
        help: "The stream whose entries have a record, in JSON, in their field json.")

    static let keys = ConfigKeys(source, host, port, socket, password, list, stream)

    /// Where that Redis is.
    static func redis(_ config: Config) -> RedisConfiguration {
        let address: RedisConfiguration.Address =
            config[socket].map { .unixSocket(path: $0) } ?? .tcp(host: config[host], port: config[port])
        return RedisConfiguration(address: address, password: config[password])
    }
}
