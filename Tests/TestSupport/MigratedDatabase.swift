import DaemonKit
public import Drivers
import Foundation

/// A fresh database with the whole schema: a copy of a template that is made once for each state of `Migrations/`.
public enum TestDatabase {
    /// The repository's root, found from this file.
    public static let repositoryRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// A database with the schema; the caller drops it. `withMigratedDatabase` does both.
    public static func migrated() async throws -> ScratchDatabase {
        let migrator = try Migrator(directory: "\(repositoryRoot)/Migrations")
        let template = "warp_template_\(migrator.checksum.prefix(16))"
        let cluster = PostgresPool(configuration: try Services.postgres(statementTimeout: .seconds(120)), size: 1)
        do {
            try await makeOnce(template, from: migrator, in: cluster)
            let database = try await ScratchDatabase.make(template: template)
            await cluster.close()
            return database
        } catch {
            await cluster.close()
            throw error
        }
    }

    private static func makeOnce(_ template: String, from migrator: Migrator, in cluster: PostgresPool) async throws {
        for _ in 0..<480 {
            if try await isMade(template, in: cluster) { return }
            let held: Bool? = try await cluster.withAdvisoryLock(7_719_001) {
                if try await !isMade(template, in: cluster) { try await make(template, from: migrator, in: cluster) }
                return true
            }
            if held != nil { return }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw MigrationError.busy
    }

    private static func isMade(_ template: String, in cluster: PostgresPool) async throws -> Bool {
        try await !cluster.query("SELECT datname FROM pg_database WHERE datname = \(template) AND datistemplate")
            .isEmpty
    }

    private static func make(_ template: String, from migrator: Migrator, in cluster: PostgresPool) async throws {
        try await cluster.execute("DROP DATABASE IF EXISTS \(identifier: template) WITH (FORCE)")
        try await cluster.execute("CREATE DATABASE \(identifier: template) TEMPLATE template0")
        let pool = PostgresPool(configuration: try Services.postgres(database: template), size: 1)
        do {
            _ = try await migrator.migrate(pool)
            await pool.close()
        } catch {
            await pool.close()
            throw error
        }
        // Only a finished template is marked as one.
        try await cluster.execute("ALTER DATABASE \(identifier: template) IS_TEMPLATE true ALLOW_CONNECTIONS false")
    }
}

/// Runs the body with a migrated database of its own, dropped afterwards.
public func withMigratedDatabase<Result>(_ body: (ScratchDatabase) async throws -> Result) async throws -> Result {
    let database = try await TestDatabase.migrated()
    do {
        let result = try await body(database)
        try await database.drop()
        return result
    } catch {
        try await database.drop()
        throw error
    }
}

/// Runs the body with a pool on a migrated database of its own, dropped afterwards.
public func withMigratedPool<Result: Sendable>(
    size: Int = 4, _ body: (PostgresPool) async throws -> Result
) async throws -> Result {
    try await withMigratedDatabase { database in
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
