package import ArgumentParser
package import DaemonKit

/// cdr-ingest: takes records from switches and gateways and makes them durable.
package struct CDRIngestCommand: DaemonProgram {
    package static let configuration = CommandConfiguration(
        commandName: "cdr-ingest", abstract: "Takes call, message and API records and makes them durable.",
        subcommands: [
            ServeCommand<Self>.self, CheckConfigCommand<Self>.self, SourcesCommand.self, SpoolCommand.self,
        ])

    package static let daemon = Daemon(
        name: "cdr-ingest", role: "warp_ingest", port: 8_081, keys: IngestConfig.keys + BigQueryUsageConfig.keys,
        readyWithout: ["redis", "postgres"])

    package init() {}

    /// Puts the daemon together. Nothing here waits for PostgreSQL or Redis.
    package static func build(_ context: DaemonContext) async throws {
        let config = context.config
        let sources = SourceAuth(
            store: SourceStore(pool: context.pool), keys: config[IngestConfig.signingKey].map(SigningKeys.init),
            copy: config[IngestConfig.spoolDirectory].map {
                SourcesFile(path: "\($0)/\(config[DaemonConfig.instance])/sources.json")
            })
        context.schedule("sources", .every(seconds: config[IngestConfig.sourcesRefresh])) {
            try await sources.refresh()
        }
        let intake = RecordIntake(context: context)
        if let door = RedisDoor(context: context, intake: intake) { context.add(door) }
        try BigQueryUsage.add(to: context, intake: intake)
        IngestRoutes(
            sources: sources, rates: SourceRates(), intake: intake,
            reception: BodyReception(
                maxBodyBytes: config[IngestConfig.maxBodyBytes],
                bodies: BodyBudget(bytes: config[IngestConfig.maxBodiesBytes])),
            clock: context.clock, metrics: context.metrics,
            clientHeader: config[IngestConfig.clientHeader].flatMap { HeaderName($0) },
            maxRecords: config[IngestConfig.maxRecords]
        ).add(to: context.router)
    }
}
