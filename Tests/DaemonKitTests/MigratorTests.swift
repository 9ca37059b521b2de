import Drivers
import Foundation
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Migrations", .needsPostgres)
struct MigratorTests {
    private func with(
        _ files: [String: String], _ body: (TemporaryDirectory, PostgresPool) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        for (name, text) in files { try directory.write(name, text) }
        try await withScratchPool { try await body(directory, $0) }
    }

    @Test("files are applied in order, once")
    func once() async throws {
        let files = [
            "0002_b_second.sql": "INSERT INTO billing.things VALUES (2);",
            "0001_a_first.sql": "CREATE TABLE billing.things (n integer); INSERT INTO billing.things VALUES (1);",
        ]
        try await with(files) { directory, pool in
            let migrator = try Migrator(directory: directory.path)
            #expect(try await migrator.pending(pool).map(\.name) == ["0001_a_first.sql", "0002_b_second.sql"])
            #expect(try await migrator.migrate(pool) == ["0001_a_first.sql", "0002_b_second.sql"])
            #expect(try await migrator.migrate(pool) == [])
            let rows = try await pool.query("SELECT sum(n) AS sum, count(*) AS count FROM billing.things")
            #expect(try rows.first?.value("sum") == 3)
            try directory.write("0003_c_third.sql", "INSERT INTO billing.things VALUES (3);")
            #expect(try await Migrator(directory: directory.path).migrate(pool) == ["0003_c_third.sql"])
        }
    }

    @Test("two processes that migrate at once apply each file once")
    func concurrent() async throws {
        try await with(["0001_a_first.sql": "CREATE TABLE billing.things (n integer); SELECT pg_sleep(0.3);"]) {
            directory, pool in
            let migrator = try Migrator(directory: directory.path)
            async let first = migrator.migrate(pool)
            async let second = migrator.migrate(pool)
            #expect(try await first + second == ["0001_a_first.sql"])
        }
    }

    @Test("an edited, a vanished and a late file are refused")
    func refused() async throws {
        let files = ["0001_a_first.sql": "SELECT 1;", "0005_a_fifth.sql": "SELECT 1;"]
        try await with(files) { directory, pool in
            _ = try await Migrator(directory: directory.path).migrate(pool)
            try directory.write("0003_a_late.sql", "SELECT 1;")
            await #expect(throws: MigrationError.outOfOrder("0003_a_late.sql")) {
                try await Migrator(directory: directory.path).migrate(pool)
            }
            try FileManager.default.removeItem(atPath: "\(directory.path)/0003_a_late.sql")
            try directory.write("0005_a_fifth.sql", "SELECT 2;")
            await #expect(throws: MigrationError.edited("0005_a_fifth.sql")) {
                try await Migrator(directory: directory.path).migrate(pool)
            }
            try FileManager.default.removeItem(atPath: "\(directory.path)/0005_a_fifth.sql")
            await #expect(throws: MigrationError.missing("0005_a_fifth.sql")) {
                try await Migrator(directory: directory.path).migrate(pool)
            }
        }
    }

    @Test("a check that returns rows undoes its migration")
    func checked() async throws {
        let files = [
            "0001_a_first.sql": "CREATE TABLE billing.things (n integer); INSERT INTO billing.things VALUES (-1);",
            "0001_a_first_check.sql": "-- No thing is negative.\nSELECT n FROM billing.things\nWHERE n > 5;\n"
                + "SELECT n FROM billing.things\nWHERE n < 0;\n",
        ]
        try await with(files) { directory, pool in
            let failed = MigrationError.checkFailed(
                file: "0001_a_first.sql", query: "SELECT n FROM billing.things\nWHERE n < 0", rows: 1)
            await #expect(throws: failed) { try await Migrator(directory: directory.path).migrate(pool) }
            let applied = try await pool.query("SELECT number FROM billing.schema_migrations")
            #expect(applied.isEmpty)
        }
    }

    @Test("a file whose name has no number, and a number that stands twice, are refused")
    func names() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        #expect(throws: MigrationError.self) { try Migrator(directory: directory.path) }
        try directory.write("first.sql", "SELECT 1;")
        #expect(throws: MigrationError.badDirectory("first.sql is not named NNNN_owner_what.sql")) {
            try Migrator(directory: directory.path)
        }
    }

    @Test("the repository's own migrations make the schema")
    func ours() async throws {
        try await withMigratedPool { pool in
            let migrator = try Migrator(directory: "\(TestDatabase.repositoryRoot)/Migrations")
            #expect(try await migrator.pending(pool) == [])
        }
    }
}
