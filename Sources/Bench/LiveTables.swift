import Core
import Synchronization

/// The tables in force: whoever rates takes them for a batch, whoever loads puts new ones in their place. Neither waits for more than
/// the copying of a few references.
final class LiveTables: Sendable {
    private let current: Mutex<RatingTables>

    init(_ tables: RatingTables) {
        current = Mutex(tables)
    }

    var tables: RatingTables { current.withLock { $0 } }

    func swap(_ tables: RatingTables) {
        current.withLock { $0 = tables }
    }
}

/// A thread that rates without end, and what it saw.
final class Rater: Sendable {
    private let calls: [RawCDR]
    private let live: LiveTables
    private let isRunning = Atomic<Bool>(true)

    /// Records that are rated by the same tables.
    private static let batch = 100

    /// A span of time as the thread saw it.
    struct Pace: Sendable {
        var records = 0
        var seconds = 0.0
        /// The longest between two records, in seconds.
        var longest = 0.0
        var tally = Tally()

        var perSecond: Double { Double(records) / seconds }
    }

    init(_ calls: [RawCDR], by live: LiveTables) {
        self.calls = calls
        self.live = live
    }

    /// Rates while the body runs.
    static func pace<Result: Sendable>(
        _ calls: [RawCDR], by live: LiveTables, while body: @escaping @Sendable () throws -> Result
    ) async throws -> (Pace, Result) {
        let rater = Rater(calls, by: live)
        async let result = rater.stop(after: body)
        let pace = rater.run()
        return (pace, try await result)
    }

    private func stop<Result>(after body: @Sendable () throws -> Result) async throws -> Result {
        defer { isRunning.store(false, ordering: .relaxed) }
        return try body()
    }

    private func run() -> Pace {
        var pace = Pace()
        let start = ContinuousClock.now
        var last = start
        var place = 0
        while isRunning.load(ordering: .relaxed) {
            let tables = live.tables
            for _ in 0..<Rater.batch {
                pace.tally.add(tables.rate(calls[place]))
                place = place + 1 == calls.count ? 0 : place + 1
                let now = ContinuousClock.now
                pace.longest = max(pace.longest, (now - last) / .seconds(1))
                last = now
                pace.records += 1
            }
        }
        pace.seconds = (last - start) / .seconds(1)
        return pace
    }
}
