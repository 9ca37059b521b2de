import ArgumentParser
import DaemonKit
import Drivers

/// Applies the migrations that the database has not had yet.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Applies the migrations that the database has not had yet, in order; refuses edited files.")

    @OptionGroup var options: DatabaseOptions
    @Option(help: "The directory of NNNN_owner_what.sql files.")
    var dir = "Migrations"
    @Option(help: "How many seconds to wait for a PostgreSQL that is away.")
    var wait = 0
    @Flag(help: "Only says what would be applied: exits 1 when the schema is behind.")
    var check = false

    func run() async throws {
        let migrator = try Migrator(directory: dir)
        try await options.withPool(statementTimeout: .seconds(3_600)) { pool in
            try await waitForServer(pool)
            if check {
                let pending = try await migrator.pending(pool)
                for file in pending { print("pending \(file.name)") }
                if !pending.isEmpty { throw ExitCode(1) }
            } else {
                for name in try await migrator.migrate(pool) { print("applied \(name)") }
            }
            print("schema is at \(migrator.files.last?.name ?? "nothing")")
        }
    }

    /// Returns when PostgreSQL answers. At boot it may come up after us, and whoever requires the migration would not be started
    /// again.
    private func waitForServer(_ pool: PostgresPool) async throws {
        let deadline = ContinuousClock.now + .seconds(wait)
        while true {
            do {
                _ = try await pool.query("SELECT 1")
                return
            } catch let error as PostgresError where error.isTransient && ContinuousClock.now < deadline {
                try await Task.sleep(for: .seconds(2))
            }
        }
    }
}
