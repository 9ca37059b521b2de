import Drivers
import Logging
import ServiceLifecycle

/// What a daemon tells the service manager.
public enum ManagerMessage: Sendable, Hashable {
    case ready
    case stopping
    case watchdog
    case status(String)

    /// Sends it, where there is a manager.
    static func send(_ message: ManagerMessage) {
        switch message {
        case .ready: SystemdNotify.ready()
        case .stopping: SystemdNotify.stopping()
        case .watchdog: SystemdNotify.watchdog()
        case .status(let text): SystemdNotify.status(text)
        }
    }
}

/// Asks PostgreSQL and Redis every few seconds whether they are there, on connections of its own, and says what changed in
/// `/readyz`, `STATUS` and the log.
struct DependencyProbe: Service {
    let postgres: (Readiness.Dependency, PostgresConfiguration)?
    let redis: (Readiness.Dependency, RedisConfiguration)?
    let readiness: Readiness
    let logger: Logger
    let notify: @Sendable (ManagerMessage) -> Void
    private let pause: Duration = .seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if let postgres { group.addTask { await watchPostgres(postgres.0, postgres.1) } }
                if let redis { group.addTask { await watchRedis(redis.0, redis.1) } }
                group.addTask { await report() }
            }
        }
    }

    private func watchPostgres(_ dependency: Readiness.Dependency, _ configuration: PostgresConfiguration) async {
        let connection = PostgresConnection(configuration)
        while !Task.isCancelled {
            do {
                _ = try await connection.query("SELECT 1", timeout: .seconds(5))
                dependency.set(.up)
            } catch {
                if !Task.isCancelled { dependency.set(.away("\(error)")) }
            }
            await pauseUnlessCancelled(pause)
        }
        await connection.close()
    }

    private func watchRedis(_ dependency: Readiness.Dependency, _ configuration: RedisConfiguration) async {
        let connection = RedisConnection(configuration)
        while !Task.isCancelled {
            do {
                try await connection.command(["PING"])
                dependency.set(.up)
            } catch {
                if !Task.isCancelled { dependency.set(.away("\(error)")) }
            }
            await pauseUnlessCancelled(pause)
        }
        await connection.close()
    }

    private func report() async {
        var said = ""
        while !Task.isCancelled {
            let summary = readiness.summary
            if summary != said {
                notify(.status(summary))
                logger.log(
                    level: readiness.isReady ? .info : .warning, "State changed", metadata: ["state": "\(summary)"])
                said = summary
            }
            await pauseUnlessCancelled(.milliseconds(250))
        }
    }
}

/// Says `STOPPING=1`: the last service of the group is the first to hear of a shutdown.
struct StoppingNotice: Service {
    let notify: @Sendable (ManagerMessage) -> Void
    let logger: Logger

    func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            // Cancelled instead: stopping all the same.
        }
        notify(.stopping)
        logger.info("Stopping")
    }
}
