public import Drivers
import Foundation
public import Testing

/// The PostgreSQL and Redis that tests may use, named by the environment.
public enum Services {
    /// `WARP_TEST_POSTGRES`: connection string (`key=value` form) of a superuser on a cluster that tests may fill.
    public static var postgresConnectionInfo: String? { value("WARP_TEST_POSTGRES") }

    /// `WARP_TEST_REDIS`: path of a Unix socket.
    public static var redisSocketPath: String? { value("WARP_TEST_REDIS") }

    /// With `REQUIRE_SERVICES=1` a missing service is a failure and not a skip.
    static var areRequired: Bool { value("REQUIRE_SERVICES") == "1" }

    /// A setting of the connection string: `host`, `port`, `user`.
    static func postgresSetting(_ name: String) -> String? {
        (postgresConnectionInfo ?? "").split(separator: " ").first { $0.hasPrefix("\(name)=") }
            .map { String($0.dropFirst(name.utf8.count + 1)) }
    }

    /// A superuser's access to the cluster, in its own database or a scratch one; or a role's, as a daemon has it.
    public static func postgres(
        database: String? = nil, user: String? = nil, statementTimeout: Duration = .seconds(30),
        acquireTimeout: Duration = .seconds(10)
    ) throws -> PostgresConfiguration {
        guard let info = postgresConnectionInfo else { throw MissingService(variable: "WARP_TEST_POSTGRES") }
        return PostgresConfiguration(
            connectionInfo: info + (database.map { " dbname=\($0)" } ?? "") + (user.map { " user=\($0)" } ?? ""),
            applicationName: "warp-tests", connectTimeout: .seconds(60),
            statementTimeout: statementTimeout, acquireTimeout: acquireTimeout)
    }

    public static func redis() throws -> RedisConfiguration {
        guard let path = redisSocketPath else { throw MissingService(variable: "WARP_TEST_REDIS") }
        return RedisConfiguration(address: .unixSocket(path: path))
    }

    /// A prefix for keys that no other test has: `test:8f3a…:`.
    public static func redisKeyPrefix() -> String {
        "test:\(Digest.hex(Digest.random(8))):"
    }

    private static func value(_ variable: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else { return nil }
        return value
    }
}

/// A test was run that needs a service nobody has named.
public struct MissingService: Error, CustomStringConvertible {
    let variable: String

    public var description: String { "\(variable) is not set" }
}

extension Trait where Self == ConditionTrait {
    /// Skips where there is no PostgreSQL, unless services are required.
    public static var needsPostgres: Self {
        .enabled("set WARP_TEST_POSTGRES to a superuser's connection string to run") {
            Services.postgresConnectionInfo != nil || Services.areRequired
        }
    }

    /// Skips where there is no Redis, unless services are required.
    public static var needsRedis: Self {
        .enabled("set WARP_TEST_REDIS to a Unix socket's path to run") {
            Services.redisSocketPath != nil || Services.areRequired
        }
    }

    /// Skips where PostgreSQL or Redis is missing, unless services are required.
    public static var needsServices: Self {
        .enabled("set WARP_TEST_POSTGRES and WARP_TEST_REDIS to run") {
            Services.postgresConnectionInfo != nil && Services.redisSocketPath != nil || Services.areRequired
        }
    }
}

/// A database of one test's own.
public struct ScratchDatabase: Sendable {
    /// Unique in the cluster.
    public let name: String

    /// Makes the database, empty or as a copy of a template that nobody is connected to.
    public static func make(template: String = "template0") async throws -> ScratchDatabase {
        let name = "warp_test_\(Digest.hex(Digest.random(8)))"
        try await administer("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template)")
        return ScratchDatabase(name: name)
    }

    /// A superuser's access to it.
    public func configuration(
        statementTimeout: Duration = .seconds(30), acquireTimeout: Duration = .seconds(10)
    ) throws -> PostgresConfiguration {
        try Services.postgres(database: name, statementTimeout: statementTimeout, acquireTimeout: acquireTimeout)
    }

    /// Drops it, whoever is still connected.
    public func drop() async throws {
        try await ScratchDatabase.administer("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
    }

    private static func administer(_ statement: SQL) async throws {
        let connection = PostgresConnection(try Services.postgres(statementTimeout: .seconds(60)))
        try await connection.execute(statement)
        await connection.close()
    }
}

/// Runs the body with a database of its own, dropped afterwards.
public func withScratchDatabase<Result>(
    template: String = "template0", _ body: (ScratchDatabase) async throws -> Result
) async throws -> Result {
    let database = try await ScratchDatabase.make(template: template)
    do {
        let result = try await body(database)
        try await database.drop()
        return result
    } catch {
        try await database.drop()
        throw error
    }
}

/// Runs the body with a pool on a database of its own, dropped afterwards.
public func withScratchPool<Result: Sendable>(
    size: Int = 4, template: String = "template0", _ body: (PostgresPool) async throws -> Result
) async throws -> Result {
    try await withScratchDatabase(template: template) { database in
        let pool = PostgresPool(configuration: try database.configuration(), size: size)
        do {
            let result = try await body(pool)
            await pool.close()
            return result
        } catch {
            await pool.close()
            throw error
        }
    }
}
