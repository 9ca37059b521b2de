import ArgumentParser
import DaemonKit
import Drivers
import Foundation

/// The operator's tool: migrations, keys, and a look at what the daemons are doing. Jobs that write an owner's table are commands of
/// the owner.
@main
struct BillingCtl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billingctl",
        abstract:
            "Operates WARP Billing: migrations, API keys, streams, status; rates and explains records from files.",
        subcommands: [
            Migrate.self, Keys.self, Streams.self, Status.self, PartitionsCommand.self, RateCommand.self,
            ExplainCommand.self,
            ExportLedger.self, VerifyLedger.self, ConformanceCommand.self,
        ])
}

/// Where PostgreSQL is.
struct DatabaseOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "PostgreSQL as a libpq connection string (default: $WARP_DATABASE, else libpq's own PG* variables).")
    var database: String?

    /// Runs the body with a small pool.
    func withPool<Result: Sendable>(
        statementTimeout: Duration = .seconds(60), _ body: (PostgresPool) async throws -> Result
    ) async throws -> Result {
        let environment = ProcessInfo.processInfo.environment
        let configuration = PostgresConfiguration(
            connectionInfo: database ?? environment["WARP_DATABASE"] ?? "",
            password: try environment["CREDENTIALS_DIRECTORY"].flatMap(password(in:)), applicationName: "billingctl",
            statementTimeout: statementTimeout)
        let pool = PostgresPool(configuration: configuration, size: 2)
        do {
            let result = try await body(pool)
            await pool.close()
            return result
        } catch {
            await pool.close()
            throw error
        }
    }

    /// The file `postgres-password` of the directory that systemd makes with LoadCredential=, as for the daemons; an empty one is
    /// none. (libpq's own password file won't do: it refuses the mode that systemd gives to credentials.)
    private func password(in directory: String) throws -> Secret? {
        let file = URL(filePath: directory).appending(path: "postgres-password")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : Secret(text)
    }
}
