import ArgumentParser
import Core
import DaemonKit
import Drivers
import LiveReference
import Logging
import Reference
import ServiceLifecycle

/// `poller`: enriches and rates usage.
@main
struct PollerCommand: DaemonProgram {
    static let configuration = CommandConfiguration(
        commandName: "poller",
        abstract: "Rates every call, message and query once, and keeps the evidence.",
        discussion: """
            Examples:
              poller serve --config /etc/warp-billing/poller.yaml
              poller load /srv/reference/2026-12
              poller load-deck december.csv --deck telnyx --diff changes.csv --lint
              poller deck rollback telnyx
              poller versions rollback 41
              poller parked list --status unrated
              poller rerate --preview --from 2026-11-01 --to 2026-11-15
              poller bigquery status
              poller explain 05d57398-7d8a-46c1-b142-6cc88fef48f7
              poller replay --from 2026-11-15
            """,
        subcommands: [
            ServeCommand<Self>.self, CheckConfigCommand<Self>.self, LoadDirectory.self, LoadNPA.self,
            LoadCountryPrefixes.self, LoadLERG.self,
            LoadPorted.self, LoadRespOrg.self, LoadLocalAreas.self, LoadDeck.self, LoadPlan.self, LoadConnectors.self,
            LoadCarriers.self, LoadSKU.self, DeckCommand.self, VersionsCommand.self, ParkedCommand.self,
            RerateCommand.self, SimulateCommand.self, BigQueryCommand.self, ReplayCommand.self, ShadowCommand.self,
            ExplainCommand.self,
        ])

    static let daemon = Daemon(name: "poller", role: "warp_poller", port: 8082, keys: PollerConfig.keys)

    /// The way of usage, as the daemon and the commands go it.
    static func pipeline(
        _ context: DaemonContext, by reference: CurrentReference
    ) -> (pipeline: UsagePipeline, retry: ParkedRetry) {
        let pool = context.pool
        let outcomeTables = RawKind.allCases.map(\.outcomeTableName)
        let partitions = context.partitions(
            of: outcomeTables, daysBack: context.config[PollerConfig.partitionDaysBack])
        let store = RatedUsageStore(pool: pool, partitions: partitions)
        let publisher = context.publisher
        let pipeline = UsagePipeline(
            reader: RawUsageReader(pool: pool), enricher: Enricher(dips: dips(context, partitions)),
            reference: reference,
            calls: CallLookup(pool: pool),
            commit: { try await store.commit($0, at: $1, rateAttempt: $2) },
            publish: { spans in
                publisher.publish(
                    spans.map(\.json), to: StreamName.ratedUsage.rawValue, type: StreamName.ratedUsage.entryType)
            }, loop: context.loop, limits: PollerConfig.limits(context.config))
        return (pipeline, ParkedRetry(pipeline: pipeline, store: store, parked: ParkedUsageStore(pool: pool)))
    }

    /// The daemon's parts: four streams are read on every instance; sweeps and retries run on one.
    static func build(_ context: DaemonContext) throws {
        let pool = context.pool
        let reference = context.liveReference()
        let (pipeline, retry) = pipeline(context, by: reference)
        for kind in RawKind.allCases { consume(kind, by: pipeline, retry: retry, context) }
        try BigQueryLoader.add(to: context)
        // On every instance: a gauge that only one of them kept would stand still on an instance that is no longer it.
        let gauges = PollerGauges(pool: pool, parked: retry.parked, metrics: context.metrics)
        let clock = context.clock
        context.schedule("gauges", .every(seconds: context.config[DaemonConfig.sweepInterval])) {
            try await gauges.refresh(now: Instant(milliseconds: clock.now()))
        }
        let fronts = Dictionary(
            uniqueKeysWithValues: RawKind.allCases.map { kind in
                (
                    kind,
                    StreamFront(
                        kind.fact.stream.rawValue, group: StreamGroup.poller.rawValue, settings: context.streams)
                )
            })
        let tick = MinuteTick(pipeline: pipeline, retry: retry, pool: pool) { kind in
            await fronts[kind]?.firstNumber(of: kind.fact)
        }
        addSingleton(tick, context)
        ExplainRoute(explainer: UsageExplainer(pool: pool, reference: reference))
            .add(
                to: context.router.group("/internal/v1").add(
                    middleware: context.auth.requiring(.operator, .service)))
        RatePlanRoutes(plans: RatePlanStore(pool: context.customerPool), reference: reference, clock: context.clock)
            .add(
                to: context.router.group("/api/v1/billing").add(
                    middleware: context.auth.requiring(.customer, .operator, .service)))
    }

    /// The portability service, where one is configured.
    private static func dips(_ context: DaemonContext, _ partitions: Partitions) -> LRNDips? {
        let config = context.config
        return config[PollerConfig.dipURL].map { url in
            LRNDips(
                services: (0..<config[PollerConfig.dipConcurrency]).map { _ in
                    LRNService(
                        url: url, token: config[PollerConfig.dipToken],
                        deadline: .milliseconds(config[PollerConfig.dipDeadline]))
                },
                store: LRNDipStore(pool: context.pool, partitions: partitions),
                cache: LRNCache(
                    seconds: config[PollerConfig.dipCacheSeconds], numbers: config[PollerConfig.dipCacheNumbers]),
                costPerDip: config[PollerConfig.dipCost], loop: context.loop)
        }
    }

    /// Reads a kind's stream: spans are handled together, and warily when they have broken a process before.
    private static func consume(
        _ kind: RawKind, by pipeline: UsagePipeline, retry: ParkedRetry, _ context: DaemonContext
    ) {
        context.consume(
            kind.fact.stream.rawValue, group: StreamGroup.poller.rawValue,
            decode: { message in
                do {
                    return try UsageSpan.parse(body: message.body)
                } catch let error as UsageSpan.ParsingError {
                    throw UndecodableEntry(reason: error.message)
                }
            },
            handle: { try await pipeline.handle($0) },
            park: { span, _ in try await pipeline.handleWarily(span, retry: retry) })
    }

    /// What one instance at a time does once a minute.
    private static func addSingleton(_ tick: MinuteTick, _ context: DaemonContext) {
        let interval = context.config[DaemonConfig.sweepInterval]
        var services: [any Service] = RawKind.allCases.map { kind in
            Sweep(
                "poller-\(kind.fact.rawValue)", kind: kind.fact.rawValue, every: .seconds(interval), pool: context.pool,
                loop: context.loop
            ) { try await tick.sweep(kind, through: $0) }
        }
        services.append(
            ScheduledWork("retry-parked", .every(seconds: interval), loop: context.loop) {
                try await tick.retryParked()
            })
        let shadow = ShadowRating(pool: context.pool, reference: tick.pipeline.reference, clock: context.clock)
        services.append(
            ScheduledWork("shadow-rating", .every(seconds: interval), loop: context.loop) { try await shadow.run() })
        context.add(Singleton("poller-sweeps", pool: context.pool, services: services, loop: context.loop))
    }
}
