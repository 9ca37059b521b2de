import Core
import DaemonKit
import Drivers
import Foundation
import LiveReference
import Logging
import Reference
import Synchronization
import TestSupport
import Testing

@testable import Poller

/// A migrated database with customers and vendors, a clock that tests move, and the poller's parts on its own role.
struct PollerWorld: Sendable {
    /// A superuser's pool: what tests set up and look at.
    let admin: PostgresPool
    /// The poller's: `warp_poller`.
    let pool: PostgresPool
    let database: ScratchDatabase
    let clock: MovableClock
    let redisPrefix = Services.redisKeyPrefix()

    static let vectors = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/vectors")
    static let reference = vectors.appending(path: "ref").path
    /// What the clock says when a world begins: ten minutes after most of the vectors' calls.
    static let start = Instant(parsing: "2025-03-12T15:10:00.000Z")!

    /// Runs the body in a world of its own, with the customers and vendors of a directory and its reference data as version 1,
    /// unless it wants none.
    static func with(
        _ directory: String = PollerWorld.reference, reference: Bool = true, at start: Instant = PollerWorld.start,
        _ body: (PollerWorld) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { database in
            let admin = PostgresPool(configuration: try database.configuration(), size: 4)
            var configuration = try database.configuration()
            configuration.connectionInfo += " user=warp_poller"
            let pool = PostgresPool(configuration: configuration, size: 4)
            let world = PollerWorld(admin: admin, pool: pool, database: database, clock: MovableClock(start))
            do {
                try await world.addCustomers(of: directory)
                try await world.addVendors(of: directory)
                if reference { _ = try await world.load(directory: directory) }
                try await body(world)
            } catch {
                await pool.close()
                await admin.close()
                throw error
            }
            await pool.close()
            await admin.close()
        }
    }

    var now: Instant { clock.now }

    // MARK: The poller's parts

    /// A poller's parts, as `serve` puts them together; `commit` stands in for the store's where it is given.
    func parts(
        batchRows: Int = 2_000, commit: UsagePipeline.Commit? = nil, on pool: PostgresPool? = nil,
        dips: DipSettings? = nil
    ) -> Parts {
        let pool = pool ?? self.pool
        let logger = Logger(label: "poller-tests") { _ in SwiftLogNoOpLogHandler() }
        let clock = self.clock
        let loop = Loop(
            logger: logger, metrics: PrometheusRegistry(), watchdog: Watchdog(),
            clock: Clock { clock.now.milliseconds })
        let partitions = Partitions(tables: [], daysBack: 0, pool: pool, loop: loop)
        let store = RatedUsageStore(pool: pool, partitions: partitions)
        let lrnDips = dips.map { $0.dips(store: LRNDipStore(pool: pool, partitions: partitions), loop: loop) }
        let rung = Rung()
        let pipeline = UsagePipeline(
            reader: RawUsageReader(pool: pool), enricher: Enricher(dips: lrnDips),
            reference: CurrentReference(pool: pool),
            calls: CallLookup(pool: pool),
            commit: commit ?? { try await store.commit($0, at: $1, rateAttempt: $2) },
            publish: { rung.add($0) }, loop: loop, limits: PipelineLimits(batchRows: batchRows))
        let retry = ParkedRetry(pipeline: pipeline, store: store, parked: ParkedUsageStore(pool: pool))
        return Parts(
            pipeline: pipeline, store: store, retry: retry,
            tick: MinuteTick(pipeline: pipeline, retry: retry, pool: pool),
            rung: rung)
    }

    struct Parts: Sendable {
        let pipeline: UsagePipeline
        let store: RatedUsageStore
        let retry: ParkedRetry
        var tick: MinuteTick
        let rung: Rung
    }

    /// Checks and loads a reference directory as the poller's role; the new version.
    func load(directory: String) async throws -> Int64 {
        let files = try ReferenceLoader.check(try ReferenceLoader.files(in: directory))
        return try await loader.load(files, note: "test").version
    }

    var loader: ReferenceLoader { ReferenceLoader(pool: pool, actor: "tests", now: now) }

    /// Sweeps every kind as the minute's tick does.
    func sweep(_ parts: Parts) async throws {
        for kind in RawKind.allCases {
            try await parts.tick.sweep(kind, through: try await Horizon(kind.fact.rawValue).through(pool))
        }
    }

    // MARK: Looking

    /// One whole number that a query answers.
    func count(_ sql: SQL) async throws -> Int {
        let row = try #require(try await admin.query(sql).first)
        return try row.value(at: 0)
    }

    /// The texts of a query's first column.
    func texts(_ sql: SQL) async throws -> [String] {
        try await admin.query(sql).map { try $0.value(at: 0) }
    }

    /// The columns of the one row that a query selects, as text; NULL is left out.
    func columns(of sql: SQL) async throws -> [String: String] {
        let rows = try await admin.query(
            """
            SELECT field.key, field.value
            FROM (\(sql)) AS found, jsonb_each_text(to_jsonb(found)) AS field
            WHERE field.value IS NOT NULL
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.value("key"), try $0.value("value")) })
    }

    /// The sums of `rating_counts` by column.
    func counts() async throws -> [String: String] {
        try await columns(
            of: """
                SELECT coalesce(sum(rated), 0) AS rated, coalesce(sum(not_billable), 0) AS not_billable,
                    coalesce(sum(unrated), 0) AS unrated, coalesce(sum(held), 0) AS held,
                    coalesce(sum(evidence), 0) AS evidence
                FROM billing.rating_counts WHERE kind <> 'vendor-cdr'
                """)
    }
}

/// Now, as tests move it.
final class MovableClock: Sendable {
    private let instant: Mutex<Instant>

    init(_ instant: Instant) {
        self.instant = Mutex(instant)
    }

    var now: Instant { instant.withLock { $0 } }

    func advance(to later: Instant) { instant.withLock { $0 = later } }
    func advance(seconds: Int) { instant.withLock { $0 = $0.advanced(seconds: seconds) } }
}

/// The doorbells that were rung.
final class Rung: Sendable {
    private let all = Mutex<[UsageSpan]>([])

    func add(_ spans: [UsageSpan]) { all.withLock { $0 += spans } }

    var spans: [UsageSpan] { all.withLock { $0 } }
}
