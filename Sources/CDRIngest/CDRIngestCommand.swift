import ArgumentParser
import DaemonKit

/// cdr-ingest: takes records from switches and gateways and makes them durable.
@main
struct CDRIngestCommand: DaemonProgram {
    static let configuration = CommandConfiguration(
        commandName: "cdr-ingest", abstract: "Takes call, message and API records and makes them durable.",
        subcommands: [ServeCommand<Self>.self, CheckConfigCommand<Self>.self, SourcesCommand.self])

    static let daemon = Daemon(name: "cdr-ingest", role: "warp_ingest", port: 8_081, keys: IngestConfig.keys)

    /// Puts the daemon together. Nothing here waits for PostgreSQL or Redis.
    static func build(_ context: DaemonContext) async throws {
        let sources = SourceAuth(store: SourceStore(pool: context.pool))
        context.schedule("sources", .every(seconds: context.config[IngestConfig.sourcesRefresh])) {
            try await sources.refresh()
        }
        IngestRoutes(
            sources: sources, intake: RecordIntake(context: context), clock: context.clock,
            maxBodyBytes: context.config[IngestConfig.maxBodyBytes],
            maxRecords: context.config[IngestConfig.maxRecords],
            bodies: BodyBudget(bytes: context.config[IngestConfig.maxBodiesBytes])
        ).add(to: context.router)
    }
}
