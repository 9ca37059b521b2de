public import Drivers
public import ServiceLifecycle
import Synchronization

/// Keeps the daemon's own day partitions (M1, M34): some days back and seven days ahead of the daemons' clock, made at start, hourly
/// and whenever the day changes; and those of older days that are about to be written.
public final class Partitions: Service {
    private struct Known: Hashable {
        let table: String
        let day: Int
    }

    private let tables: [String]
    private let daysBack: Int
    private let daysAhead = 7
    private let pool: PostgresPool
    private let loop: Loop
    private let known = Mutex<Set<Known>>([])

    /// The partitions of these tables of schema billing.
    public init(tables: [String], daysBack: Int, pool: PostgresPool, loop: Loop) {
        self.tables = tables
        self.daysBack = daysBack
        self.pool = pool
        self.loop = loop
    }

    /// Makes sure that the partitions of some days exist; days are counted from 1970. Asks the database only for days it has not
    /// seen yet.
    public func ensure(_ table: String, days: some Collection<Int>) async throws {
        let missing = known.withLock { known in
            Set(days).filter { !known.contains(Known(table: table, day: $0)) }.sorted()
        }
        for day in missing {
            let rows = try await pool.query(
                "SELECT billing.ensure_partition(\(table), \(InstantText.dayText(day))::date) AS made")
            if try rows.first?.value("made") == true { loop.metrics.increment(.partitionsMade, table) }
            known.withLock { _ = $0.insert(Known(table: table, day: day)) }
        }
    }

    /// Makes the partitions around today by the daemons' clock.
    public func ensureAhead() async throws {
        let today = loop.clock.today()
        for table in tables {
            try await ensure(table, days: (today - daysBack)...(today + daysAhead))
        }
    }

    public func run() async throws {
        let worker = loop.watchdog.register("partitions")
        defer { worker.done() }
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(5))
        while !isStopping {
            do {
                try await worker.waiting(upTo: .seconds(120)) { try await ensureAhead() }
                backoff.reset()
                await hourOrNewDay(worker)
            } catch {
                if isStopping { return }
                loop.logger.warning(
                    "Partitions not made",
                    metadata: ["failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)"])
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
    }

    private func hourOrNewDay(_ worker: Watchdog.Worker) async {
        let today = loop.clock.today()
        for _ in 0..<3_600 where !isStopping && loop.clock.today() == today {
            await worker.waiting(upTo: .seconds(1)) { await pauseUnlessStopping(.seconds(1)) }
        }
    }
}
