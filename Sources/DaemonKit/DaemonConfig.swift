public import Drivers

/// The keys that all daemons share. Every one has a default that works on one host.
public struct DaemonConfig: Sendable {
    /// Where it runs; development allows what production refuses (M30).
    public static let environment = ConfigKey.choice(
        "environment", of: ["production", "development", "test"], default: "production",
        help: "Where the daemon runs; clock.file is refused in production.")
    /// The systemd instance: the consumer's name on every stream.
    public static let instance = ConfigKey.text(
        "instance", default: "1", help: "The name of this instance: its consumer's name on every stream.")
    /// The least level that is written.
    public static let logLevel = ConfigKey.choice(
        "log.level", of: ["trace", "debug", "info", "notice", "warning", "error"], default: "info",
        help: "The least level that is logged.")
    /// The moved clock of demonstrations and tests.
    public static let clockFile = ConfigKey.optionalText(
        "clock.file", help: "A file with an instant or an offset that moves the clock; refused in production.")
    /// Where HTTP listens.
    public static let httpHost = ConfigKey.text(
        "http.host", default: "127.0.0.1", help: "The address on which HTTP listens; TLS ends in nginx before it.")
    /// A Unix socket in place of host and port.
    public static let httpSocket = ConfigKey.optionalText(
        "http.socket", help: "A Unix socket on which HTTP listens in place of http.host and http.port.")
    /// The database server, or the directory of its Unix socket.
    public static let postgresHost = ConfigKey.text(
        "postgres.host", default: "/var/run/postgresql", help: "PostgreSQL's host, or the directory of its Unix socket."
    )
    /// Its port.
    public static let postgresPort = ConfigKey.integer(
        "postgres.port", default: 5432, in: 1...65_535, help: "PostgreSQL's port.")
    /// The database.
    public static let postgresDatabase = ConfigKey.text(
        "postgres.database", default: "warp_billing", help: "The database that holds the schema billing.")
    /// The role's password.
    public static let postgresPassword = ConfigKey.secret(
        "postgres.password", help: "The role's password; none where PostgreSQL trusts the socket's peer.")
    /// The password of the SELECT-only role that customers' reads use.
    public static let postgresCustomerPassword = ConfigKey.secret(
        "postgres.customerPassword", help: "The password of the SELECT-only role <role>_customer.")
    /// The most connections at once.
    public static let postgresPoolSize = ConfigKey.integer(
        "postgres.poolSize", default: 6, in: 1...100, help: "The most connections to PostgreSQL at once.")
    /// How long one statement may take.
    public static let postgresStatementTimeout = ConfigKey.integer(
        "postgres.statementTimeoutSeconds", default: 30, in: 1...3_600, help: "The most seconds one statement may take."
    )
    /// How long to wait for a free connection.
    public static let postgresAcquireTimeout = ConfigKey.integer(
        "postgres.acquireTimeoutSeconds", default: 10, in: 1...600, help: "The most seconds to wait for a connection.")
    /// The Redis host.
    public static let redisHost = ConfigKey.text("redis.host", default: "127.0.0.1", help: "Redis's host.")
    /// Its port.
    public static let redisPort = ConfigKey.integer("redis.port", default: 6379, in: 1...65_535, help: "Redis's port.")
    /// A Unix socket in place of host and port.
    public static let redisSocket = ConfigKey.optionalText(
        "redis.socket", help: "Redis's Unix socket, in place of redis.host and redis.port.")
    /// Its password.
    public static let redisPassword = ConfigKey.secret(
        "redis.password", help: "Redis's password, where it asks for one.")
    /// What stands in front of every Redis key.
    public static let redisKeyPrefix = ConfigKey.text(
        "redis.keyPrefix", default: "", help: "What stands in front of every Redis key (several worlds on one Redis).")
    /// How many entries one read takes.
    public static let streamBatchSize = ConfigKey.integer(
        "stream.batchSize", default: 64, in: 1...10_000,
        help: "How many stream entries one read takes; an entry is one commit's batch of up to 64 KB.")
    /// Above which a stream is no longer written (M4).
    public static let streamMaxEntries = ConfigKey.integer(
        "stream.maxEntries", default: 100_000, in: 10...100_000_000,
        help: "How many entries a stream may hold; above it nothing is published and consumers sweep the table.")
    /// When an entry counts as abandoned.
    public static let streamClaimIdle = ConfigKey.integer(
        "stream.claimIdleSeconds", default: 60, in: 1...86_400,
        help: "After how many seconds another instance's unacknowledged entry is taken over.")
    /// The time between sweeps (M3).
    public static let sweepInterval = ConfigKey.integer(
        "sweep.intervalSeconds", default: 60, in: 1...3_600,
        help: "Seconds between sweeps of the facts whose publication was lost.")

    /// The keys of every daemon; the port's default and the role are the daemon's own.
    static func keys(port: ConfigKey<Int>, user: ConfigKey<String>) -> ConfigKeys {
        ConfigKeys(
            environment, instance, logLevel, clockFile, httpHost, port, httpSocket,
            postgresHost, postgresPort, postgresDatabase, user, postgresPassword,
            postgresCustomerPassword, postgresPoolSize,
            postgresStatementTimeout, postgresAcquireTimeout,
            redisHost, redisPort, redisSocket, redisPassword, redisKeyPrefix,
            streamBatchSize, streamMaxEntries, streamClaimIdle, sweepInterval,
            checking: clockFaults)
    }

    /// `http.port` with the daemon's own default.
    static func httpPort(default port: Int) -> ConfigKey<Int> {
        .integer(
            "http.port", default: port, in: 0...65_535, help: "The port on which HTTP listens; 0 takes a free one.")
    }

    /// `postgres.user` with the daemon's own role.
    static func postgresUser(default role: String) -> ConfigKey<String> {
        .text(
            "postgres.user", default: role,
            help: "The role as which the daemon connects; its grants say what it may write.")
    }

    /// Where PostgreSQL is, for one role.
    static func postgres(_ config: Config, user: String, password: Secret?, name: String) -> PostgresConfiguration {
        let parts = [
            ("host", config[postgresHost]), ("port", "\(config[postgresPort])"), ("dbname", config[postgresDatabase]),
            ("user", user),
        ]
        let info = parts.map { key, value in
            "\(key)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }
        return PostgresConfiguration(
            connectionInfo: info.joined(separator: " "), password: password,
            applicationName: "warp-\(name)@\(config[instance])",
            statementTimeout: .seconds(config[postgresStatementTimeout]),
            acquireTimeout: .seconds(config[postgresAcquireTimeout]))
    }

    /// The keys of a program that only looks at Redis.
    public static let redisKeys = ConfigKeys(redisHost, redisPort, redisSocket, redisPassword, redisKeyPrefix)

    /// Where Redis is.
    public static func redis(_ config: Config) -> RedisConfiguration {
        let address: RedisConfiguration.Address =
            config[redisSocket].map { .unixSocket(path: $0) }
            ?? .tcp(host: config[redisHost], port: config[redisPort])
        return RedisConfiguration(address: address, password: config[redisPassword])
    }

    private static func clockFaults(_ config: Config) -> [ConfigFault] {
        guard let file = config[clockFile] else { return [] }
        guard config[environment] != "production" else {
            return [ConfigFault(key: clockFile.declaration.name, problem: "is refused where environment is production")]
        }
        do throws(ClockFileError) {
            _ = try ClockReading(file: file)
            return []
        } catch {
            return [ConfigFault(key: clockFile.declaration.name, problem: error.problem)]
        }
    }
}
