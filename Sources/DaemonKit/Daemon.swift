public import ArgumentParser
import Drivers
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// What every `serve`, `check-config` and one-off command takes.
public struct DaemonOptions: ParsableArguments {
    /// The YAML file; without it `/etc/warp-billing/<daemon>.yaml`, where that exists.
    @Option(name: .long, help: "The configuration file (default: /etc/warp-billing/<daemon>.yaml, where it exists).")
    public var config: String?

    /// Nothing given.
    public init() {}

    /// Reads and checks the configuration of a program, daemon or not: the file, then the environment, secrets from the credentials
    /// directory. Faults are listed on standard error, and the program exits with 2.
    public func read(_ keys: ConfigKeys, of name: String) async throws -> Config {
        let standard = "/etc/warp-billing/\(name).yaml"
        let file = config ?? (FileManager.default.fileExists(atPath: standard) ? standard : nil)
        switch await ConfigCheck(keys: keys).read(file: file, environment: ProcessInfo.processInfo.environment) {
        case .checked(let config):
            return config
        case .faulty(let faults):
            for fault in faults { standardErrorLine("\(name): \(fault)\n") }
            throw ExitCode(2)
        }
    }
}

/// A daemon: its name, its role, its keys, and the body of its `serve`.
public struct Daemon: Sendable {
    /// The name of its product, its log label and its configuration file: `cdr-ingest`.
    public let name: String
    /// Every key it reads, the shared ones too.
    public let keys: ConfigKeys
    /// `http.port`, with this daemon's default.
    public let portKey: ConfigKey<Int>
    /// `postgres.user`, with this daemon's role.
    public let userKey: ConfigKey<String>
    let readyWithout: Set<String>
    let usesRedis: Bool
    let isSingle: Bool

    /// A daemon.
    /// - Parameters:
    ///   - role: the PostgreSQL role as which it connects.
    ///   - port: the default of `http.port`.
    ///   - keys: its own keys, beside those of `DaemonConfig`.
    ///   - readyWithout: of `postgres` and `redis`, those without which it still counts as ready.
    ///   - isSingle: whether its services run on one instance at a time, kept by an advisory lock.
    public init(
        name: String, role: String, port: Int, keys: ConfigKeys, readyWithout: Set<String> = ["redis"],
        usesRedis: Bool = true, isSingle: Bool = false
    ) {
        self.name = name
        portKey = DaemonConfig.httpPort(default: port)
        userKey = DaemonConfig.postgresUser(default: role)
        self.keys = DaemonConfig.keys(port: portKey, user: userKey) + keys
        self.readyWithout = readyWithout
        self.usesRedis = usesRedis
        self.isSingle = isSingle
    }

    /// The body of `serve`: reads and checks the configuration (exit 2 with every fault listed), opens the door, and runs until
    /// SIGTERM or SIGINT.
    public func serve(
        _ options: DaemonOptions, build: (DaemonContext) async throws -> Void
    ) async throws {
        try await group(options.read(keys, of: name), onSignals: true, build: build).run()
    }

    /// The body of `check-config`: prints `ok`, or every fault, with exit 2.
    public func checkConfig(_ options: DaemonOptions) async throws {
        _ = try await options.read(keys, of: name)
        print("ok")
    }

    /// The body of a one-off command, such as `load-lerg`: the same configuration, pool and clock, no services and no HTTP. What
    /// was published is sent before it returns.
    public func once<Result>(
        _ options: DaemonOptions, body: (DaemonContext) async throws -> Result
    ) async throws -> Result {
        let config = try await options.read(keys, of: name)
        signal(SIGPIPE, SIG_IGN)
        let context = DaemonContext(daemon: self, config: config, logger: logger(config))
        do {
            let result = try await body(context)
            await context.publisher.flush()
            await context.pool.close()
            return result
        } catch {
            await context.pool.close()
            throw error
        }
    }

    /// Runs the daemon in this process, as `serve` does after the check: for tests.
    /// - Parameters:
    ///   - values: keys by name, secrets too.
    ///   - notify: hears what the service manager would.
    ///   - opened: called with the port once the door is open (0 for a Unix socket).
    ///   - stop: the daemon stops in good order when this returns.
    public func run(
        values: [String: String], notify: @escaping @Sendable (ManagerMessage) -> Void = { _ in },
        opened: @escaping @Sendable (Int) async -> Void = { _ in }, until stop: @escaping @Sendable () async -> Void,
        build: (DaemonContext) async throws -> Void
    ) async throws {
        switch ConfigCheck(keys: keys).read(values: values) {
        case .checked(let config):
            let group = try await group(config, onSignals: false, notify: notify, opened: opened, build: build)
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                tasks.addTask {
                    try await group.run()
                    return true
                }
                tasks.addTask {
                    await stop()
                    await group.trigger()
                    return false
                }
                while try await tasks.next() == false {}
                tasks.cancelAll()
            }
        case .faulty(let faults):
            throw ConfigurationFaults(faults: faults)
        }
    }

    /// Runs the daemon as `serve` does, and stops it in good order when the body is through with what was built: for benchmarks.
    /// - Returns: what the body returned.
    public func run<Parts: Sendable, Result: Sendable>(
        _ options: DaemonOptions, build: (DaemonContext) async throws -> Parts,
        while body: @escaping @Sendable (Parts) async throws -> Result
    ) async throws -> Result {
        var built: Parts?
        let group = try await group(options.read(keys, of: name), onSignals: true, notify: { _ in }) {
            built = try await build($0)
        }
        guard let parts = built else { preconditionFailure("a group is made of what was built") }
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                let result = try await body(parts)
                await group.trigger()
                return result
            }
            var result: Result?
            while let ended = try await tasks.next() {
                // A daemon that was told to stop ends the body, too.
                if let ended { result = ended } else { tasks.cancelAll() }
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    private func group(
        _ config: Config, onSignals: Bool,
        notify: @escaping @Sendable (ManagerMessage) -> Void = ManagerMessage.send,
        opened: @escaping @Sendable (Int) async -> Void = { _ in },
        build: (DaemonContext) async throws -> Void
    ) async throws -> RunnableDaemon {
        signal(SIGPIPE, SIG_IGN)
        let logger = logger(config)
        let context = DaemonContext(daemon: self, config: config, logger: logger)
        let probe = DependencyProbe(
            postgres: (
                context.readiness.register("postgres", isRequired: !readyWithout.contains("postgres")), context.postgres
            ),
            redis: usesRedis
                ? (context.readiness.register("redis", isRequired: !readyWithout.contains("redis")), context.redis)
                : nil,
            readiness: context.readiness, logger: logger, notify: notify)
        context.router.add(middleware: APIErrors(metrics: context.metrics))
        AdminRoutes(name: name, readiness: context.readiness, watchdog: context.watchdog, metrics: context.metrics)
            .add(to: context.router)
        try await build(context)

        let workers: any Service =
            isSingle
            ? Singleton(name, pool: context.pool, services: context.services, loop: context.loop)
            : Together(services: context.services)
        // A stop goes through these from the last to the first, each waiting for the one before.
        var group = ServiceGroupConfiguration(
            services: [
                WatchdogPing(watchdog: context.watchdog, logger: logger) { notify(.watchdog) },
                probe, context.publisher, workers,
                try door(context, notify: notify, opened: opened),
                StoppingNotice(notify: notify, logger: logger),
            ].map { .init(service: $0) },
            gracefulShutdownSignals: onSignals ? [.sigterm, .sigint] : [], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = .seconds(15)
        group.maximumCancellationDuration = .seconds(4)
        return RunnableDaemon(group: ServiceGroup(configuration: group), pool: context.pool, logger: logger)
    }

    /// HTTP; READY is said when it listens (M31), whatever else is there by then.
    private func door(
        _ context: DaemonContext, notify: @escaping @Sendable (ManagerMessage) -> Void,
        opened: @escaping @Sendable (Int) async -> Void
    ) throws -> any Service {
        let address: BindAddress
        if let socket = context.config[DaemonConfig.httpSocket] {
            try removeSocket(socket)
            address = .unixDomainSocket(path: socket)
        } else {
            address = .hostname(context.config[DaemonConfig.httpHost], port: context.config[portKey])
        }
        let logger = context.logger
        return Application(
            router: context.router,
            server: .http1(configuration: HTTPBounds.configuration()),
            configuration: ApplicationConfiguration(
                address: address, serverName: nil,
                availableConnectionsDelegate: HTTPBounds.connections),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info(
                    "Door open", metadata: ["http.address": "\(channel.localAddress.map { "\($0)" } ?? "none")"])
                notify(.ready)
                await opened(port)
            }, logger: quiet(logger))
    }

    private func logger(_ config: Config) -> Logger {
        let level = Logger.Level(rawValue: config[DaemonConfig.logLevel]) ?? .info
        let journal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil
        return Logger(label: name) { JournalLogHandler(label: $0, level: level, journal: journal) }
    }

    /// The frameworks' own lines, of which only warnings are worth a line of ours.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// A daemon that is built and not running yet.
private struct RunnableDaemon {
    let group: ServiceGroup
    let pool: PostgresPool
    let logger: Logger

    func run() async throws {
        do {
            try await group.run()
        } catch {
            await pool.close()
            if !(error is CancellationError) {
                logger.critical(
                    "Ended by a failure",
                    metadata: ["failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)"])
            }
            throw error
        }
        await pool.close()
        logger.info("Stopped")
    }

    func trigger() async { await group.triggerGracefulShutdown() }
}

/// A configuration that cannot be used.
public struct ConfigurationFaults: Error, CustomStringConvertible {
    /// Every fault.
    public let faults: [ConfigFault]

    /// One fault a line.
    public var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// Removes a socket that an earlier process left behind; anything else of that name is in the way.
private func removeSocket(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    try FileManager.default.removeItem(atPath: path)
}
