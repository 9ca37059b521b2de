public import Drivers
public import Foundation
public import Hummingbird
public import Logging
public import ServiceLifecycle

/// What a daemon's `serve` builds on: everything is configured, nothing is connected yet. Add routes to `router` and services with
/// `add` or the methods below; don't wait for PostgreSQL or Redis here, their services do.
public final class DaemonContext {
    /// The daemon's name: `poller`.
    public let name: String
    /// The checked configuration.
    public let config: Config
    /// The daemon's logger.
    public let logger: Logger
    /// Its metrics.
    public let metrics: PrometheusRegistry
    /// The daemons' clock (M30).
    public let clock: Clock
    /// Its watchdog.
    public let watchdog: Watchdog
    /// What `/readyz` shows.
    public let readiness: Readiness
    /// Logger, metrics, watchdog and clock together, as loops take them.
    public let loop: Loop
    /// The daemon's own role.
    public let pool: PostgresPool
    /// Where Redis is.
    public let redis: RedisConfiguration
    /// The routes; `/healthz`, `/readyz` and `/metrics` are there already.
    public let router: Router<DaemonRequestContext>
    /// Bearer tokens.
    public let auth: BearerAuth
    /// Publishes after commits.
    public let publisher: StreamPublisher

    var services: [any Service] = []
    let postgres: PostgresConfiguration
    private let customerPostgres: PostgresConfiguration
    private var customerPoolMade: PostgresPool?

    init(daemon: Daemon, config: Config, logger: Logger) {
        name = daemon.name
        self.config = config
        self.logger = logger
        metrics = PrometheusRegistry()
        clock = config[DaemonConfig.clockFile].map { Clock(file: $0) } ?? .system
        watchdog = Watchdog()
        readiness = Readiness(metrics: metrics)
        loop = Loop(logger: logger, metrics: metrics, watchdog: watchdog, clock: clock)
        let user = config[daemon.userKey]
        postgres = DaemonConfig.postgres(
            config, user: user, password: config[DaemonConfig.postgresPassword], name: name)
        customerPostgres = DaemonConfig.postgres(
            config, user: user + "_customer", password: config[DaemonConfig.postgresCustomerPassword], name: name)
        pool = PostgresPool(configuration: postgres, size: config[DaemonConfig.postgresPoolSize])
        redis = DaemonConfig.redis(config)
        router = Router(context: DaemonRequestContext.self)
        auth = BearerAuth(pool: pool)
        publisher = StreamPublisher(
            redis: redis, prefix: config[DaemonConfig.redisKeyPrefix],
            maxEntries: config[DaemonConfig.streamMaxEntries],
            loop: loop)
    }

    /// The second pool, of the SELECT-only role `<role>_customer` (M29); use `asCustomer`.
    public var customerPool: PostgresPool {
        if let customerPoolMade { return customerPoolMade }
        let pool = PostgresPool(configuration: customerPostgres, size: config[DaemonConfig.postgresPoolSize])
        customerPoolMade = pool
        return pool
    }

    /// How this instance reads streams.
    public var streams: StreamSettings {
        StreamSettings(
            redis: redis, prefix: config[DaemonConfig.redisKeyPrefix], consumer: config[DaemonConfig.instance],
            batchSize: config[DaemonConfig.streamBatchSize],
            claimIdle: .seconds(config[DaemonConfig.streamClaimIdle]))
    }

    /// Runs a service as long as the daemon runs. All services hear of a stop at once, after HTTP has answered its last request;
    /// the first that throws ends the daemon.
    public func add(_ service: any Service) { services.append(service) }

    /// Adds a consumer of a stream; see `StreamConsumer`.
    public func consume<Record: Sendable>(
        _ stream: String, group: String,
        decode: @escaping @Sendable (StreamMessage) throws -> [Record],
        handle: @escaping @Sendable ([Record]) async throws -> Void,
        park: (@Sendable (Record, any Error) async throws -> Void)? = nil
    ) {
        add(
            StreamConsumer(
                stream, group: group, settings: streams, loop: loop, decode: decode, handle: handle, park: park))
    }

    /// Adds a sweep of one kind of facts every `sweep.intervalSeconds`; see `Sweep`. With a doorbell, each entry of that stream
    /// rings for another sweep at once.
    @discardableResult
    public func sweep(
        _ name: String, kind: String, doorbell: (stream: String, group: String)? = nil,
        _ body: @escaping @Sendable (_ through: Int64) async throws -> Void
    ) -> Sweep {
        let sweep = Sweep(
            name, kind: kind, every: .seconds(config[DaemonConfig.sweepInterval]), pool: pool, loop: loop, body: body)
        add(sweep)
        if let doorbell {
            add(
                StreamConsumer<StreamMessage>.doorbell(
                    doorbell.stream, group: doorbell.group, settings: streams, loop: loop
                ) { sweep.ring() })
        }
        return sweep
    }

    /// Adds a group commit; see `GroupCommit`.
    public func groupCommit<Submission: Sendable, Answer: Sendable>(
        _ name: String, limits: GroupCommitLimits = GroupCommitLimits(),
        bytes: @escaping @Sendable (Submission) -> Int = { _ in 0 },
        commit: @escaping @Sendable ([Submission]) async throws -> [Answer]
    ) -> GroupCommit<Submission, Answer> {
        let group = GroupCommit(
            name, limits: limits, metrics: metrics, watchdog: watchdog, bytes: bytes, commit: commit)
        add(group)
        return group
    }

    /// Adds work on a schedule; see `ScheduledWork`.
    public func schedule(
        _ name: String, _ schedule: Schedule, first: FirstRun = .now, limit: Duration = .seconds(600),
        work: @escaping @Sendable () async throws -> Void
    ) {
        add(ScheduledWork(name, schedule, first: first, limit: limit, loop: loop, work: work))
    }

    /// Adds the upkeep of the daemon's own day partitions; see `Partitions`.
    public func partitions(of tables: [String], daysBack: Int) -> Partitions {
        let partitions = Partitions(tables: tables, daysBack: daysBack, pool: pool, loop: loop)
        add(partitions)
        return partitions
    }
}

extension PostgresPool {
    /// Reads as one customer: the transaction is read-only and row-level security shows their rows alone (M29).
    public nonisolated func asCustomer<Result: Sendable>(
        _ customerID: UUID, _ body: @Sendable (PostgresTransaction) throws -> Result
    ) async throws -> Result {
        try await withTransaction(readOnly: true) { transaction in
            _ = try transaction.query("SELECT set_config('warp.customer', \(customerID.uuidString), true)")
            return try body(transaction)
        }
    }
}
