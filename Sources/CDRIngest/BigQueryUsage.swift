import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// API usage that an outside service keeps in a BigQuery table, fetched in passes and taken like every other record.
///
/// New rows are read strictly behind a cursor (time, id), which moves only when what was read is durable: a kill in between costs
/// repeats. Rows that come late, behind the cursor, show in the number of rows of their hour: an hour that has another number of rows
/// than were read of it is read again whole (rule G8 makes that harmless). The table is one to which rows are only added.
actor BigQueryUsage {
    private let table: BigQueryUsageTable
    private let client: BigQueryClient
    private let cursors: UsageCursors
    private let intake: RecordIntake
    private let limits: Limits
    private let source: String
    private let clock: Clock
    private let readiness: Readiness.Dependency
    private let logger: Logger
    private var lastLook: ContinuousClock.Instant?
    private var pausedUntil: ContinuousClock.Instant?

    struct Limits: Sendable {
        let lookbackSeconds: Int
        let lateEvery: Duration
        let settleSeconds: Int
        let pageRows: Int
        /// A query whose result is sorted must stay small enough for the one machine that sorts it.
        var queryPages = 50
        /// How long nothing is asked once an allowance is used up.
        var quotaPause: Duration = .seconds(600)

        init(_ config: Config) {
            lookbackSeconds = config[BigQueryUsageConfig.lookbackDays] * 86_400
            lateEvery = .seconds(config[BigQueryUsageConfig.lateEverySeconds])
            settleSeconds = config[BigQueryUsageConfig.settleSeconds]
            pageRows = config[BigQueryUsageConfig.pageRows]
        }
    }

    init(
        table: BigQueryUsageTable, client: BigQueryClient, cursors: UsageCursors, intake: RecordIntake, limits: Limits,
        source: String, readiness: Readiness.Dependency, clock: Clock, logger: Logger
    ) {
        self.table = table
        self.client = client
        self.cursors = cursors
        self.intake = intake
        self.limits = limits
        self.source = source
        self.readiness = readiness
        self.clock = clock
        self.logger = logger
    }

    /// Adds the fetching to a daemon in whose configuration there is a table.
    static func add(to context: DaemonContext, intake: RecordIntake) throws {
        let config = context.config
        guard let table = try BigQueryUsageConfig.usageTable(config), let client = try BigQueryAccess.client(config)
        else { return }
        let clock = context.clock
        let usage = BigQueryUsage(
            table: table, client: client,
            cursors: UsageCursors(pool: context.pool, source: "bigquery \(table.name)") {
                Instant(milliseconds: clock.now())
            },
            intake: intake, limits: Limits(config), source: config[BigQueryUsageConfig.source],
            // An instance that stands by knows nothing against it.
            readiness: context.readiness.register("bigquery", isRequired: false, state: .up), clock: clock,
            logger: context.logger)
        let work = ScheduledWork(
            "bigquery-usage", .every(seconds: config[BigQueryUsageConfig.everySeconds]), loop: context.loop
        ) { try await usage.pass() }
        // One instance at a time saves queries; the cursor would stay right without it.
        context.add(Singleton("bigquery-usage", pool: context.pool, services: [work], loop: context.loop))
    }

    /// Reads what is new, and now and then what came late.
    func pass() async throws {
        if let pausedUntil, .now < pausedUntil { return }
        do {
            try await read()
            readiness.set(.up)
        } catch {
            if !isStopping { readiness.set(.away("\(error)")) }
            if case .quotaExceeded = error as? BigQueryError { pausedUntil = .now + limits.quotaPause }
            throw error
        }
    }

    /// Late rows are looked for before the cursor moves: after a long rest it may move further than we look back.
    private func read() async throws {
        let now = Microseconds(of: Instant(milliseconds: clock.now()))
        let cursor = try await cursors.cursor(beginningAt: now.advanced(seconds: -limits.lookbackSeconds).hour)
        if lastLook.map({ .now - $0 >= limits.lateEvery }) ?? true {
            let began = ContinuousClock.now
            try await readLateRows(behind: cursor)
            lastLook = began
        }
        try await readNewRows(after: cursor.mark, before: now.advanced(seconds: -limits.settleSeconds))
    }

    private func readNewRows(after first: UsageMark, before end: Microseconds) async throws {
        var mark = first
        var total = 0
        let limit = limits.pageRows * limits.queryPages
        var count = limit
        while count == limit {
            count = 0
            let query = table.newRows(after: mark, before: end, limit: limit, pageRows: limits.pageRows)
            var page: BigQueryPage? = try await client.query(query)
            while let current = page {
                let rows = try table.rows(of: current)
                try await take(rows)
                try await cursors.advance(from: mark, over: rows)
                mark = rows.last?.mark ?? mark
                count += rows.count
                page = try await client.page(after: current)
            }
            total += count
        }
        if total > 0 { logger.info("API usage fetched", metadata: ["usage.count": "\(total)"]) }
    }

    private func readLateRows(behind cursor: UsageCursor) async throws {
        let start = max(cursor.first, cursor.mark.time.advanced(seconds: -limits.lookbackSeconds).hour)
        let there = try await hours(from: start, through: cursor.mark)
        let read = try await cursors.counts(from: start)
        let changed = there.filter { read[$0.key] != $0.value }.keys.sorted()
        for hours in Self.runs(of: changed) {
            let counts = try await readAgain(hours, through: cursor.mark)
            try await cursors.set(counts, at: cursor.mark)
            logger.info(
                "API usage that came late",
                metadata: ["usage.from": "\(hours.lowerBound.text)", "usage.to": "\(hours.upperBound.text)"])
        }
        try await cursors.forget(before: start)
    }

    private func hours(from start: Microseconds, through mark: UsageMark) async throws -> [Microseconds: Int] {
        var hours: [Microseconds: Int] = [:]
        var page: BigQueryPage? = try await client.query(
            table.hours(from: start, through: mark, pageRows: limits.pageRows))
        while let current = page {
            hours.merge(try table.hours(of: current)) { $1 }
            page = try await client.page(after: current)
        }
        return hours
    }

    /// Takes all rows of some hours and says how many each has.
    private func readAgain(_ hours: Range<Microseconds>, through mark: UsageMark) async throws -> [Microseconds: Int] {
        var counts: [Microseconds: Int] = [:]
        var page: BigQueryPage? = try await client.query(
            table.rows(of: hours, through: mark, pageRows: limits.pageRows))
        while let current = page {
            let rows = try table.rows(of: current)
            try await take(rows)
            for row in rows { counts[row.mark.time.hour, default: 0] += 1 }
            page = try await client.page(after: current)
        }
        return counts
    }

    /// Makes a page's rows durable. What is no record becomes a reject, as at every door.
    private func take(_ rows: [UsageRow]) async throws {
        if isStopping { throw CancellationError() }
        Watchdog.progressed()
        guard !rows.isEmpty else { return }
        let lines = Array(rows.map(\.json).joined(separator: [UInt8(ascii: "\n")]))
        let framed = FramedBody(lines, isNDJSON: true)
        try await intake.takeForGood(
            Submission(
                source: source, door: .bigQuery, receivedAt: Instant(milliseconds: clock.now()),
                records: framed.elements.map(IncomingRecord.init(row:))))
    }

    /// Hours that follow one another within a day are read by one query: a partition is a day.
    static func runs(of hours: [Microseconds]) -> [Range<Microseconds>] {
        var runs: [Range<Microseconds>] = []
        for hour in hours {
            let next = hour.advanced(seconds: 3_600)
            let day = { (instant: Microseconds) in Instant(milliseconds: instant.count / 1_000).usageDay }
            if let last = runs.last, last.upperBound == hour, day(last.lowerBound) == day(hour) {
                runs[runs.count - 1] = last.lowerBound..<next
            } else {
                runs.append(hour..<next)
            }
        }
        return runs
    }
}

extension IncomingRecord {
    /// A row of the table that the operator named: API usage, or a reject.
    fileprivate init(row element: JSONRecords.Element) {
        let bytes =
            switch element {
            case .record(let record): record.rawBytes
            case .broken(_, let rawBytes): rawBytes
            }
        do throws(UnreadableRecord) {
            self.init(bytes: bytes, reading: .success(try IngestDoor.bigQuery.read(element)))
        } catch {
            self.init(bytes: bytes, reading: .failure(error))
        }
    }
}
