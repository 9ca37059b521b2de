import Drivers

/// What one read brought, and how often each entry was delivered by now.
struct Delivery: Sendable {
    var entries: [StreamEntry] = []
    /// Empty for entries that were never delivered before.
    var deliveries: [StreamEntryID: Int] = [:]

    var isEmpty: Bool { entries.isEmpty }
}

/// Reads one stream for one consumer of a group: first what this consumer had before it was restarted, then what others left behind,
/// then what is new.
struct StreamReader {
    let stream: String
    let group: String
    let settings: StreamSettings
    let metrics: PrometheusRegistry
    let connection: RedisConnection
    /// How long a read waits for new entries; it bounds how long a stop takes.
    private let wait: Duration = .seconds(1)
    private var hasGroup = false
    private var hasReadOwn = false
    private var claimedAt: ContinuousClock.Instant?
    private var claimCursor = StreamEntryID.zero

    /// The stream's key, prefix and all.
    var key: String { settings.prefix + stream }
    var streams: RedisStreams { RedisStreams(connection) }

    init(stream: String, group: String, settings: StreamSettings, metrics: PrometheusRegistry) {
        self.stream = stream
        self.group = group
        self.settings = settings
        self.metrics = metrics
        connection = RedisConnection(settings.redis)
    }

    /// The next entries; empty when none came while it waited.
    mutating func next() async throws -> Delivery {
        if !hasGroup {
            try await streams.createGroup(group, on: key)
            hasGroup = true
        }
        if !hasReadOwn {
            let own = try await streams.unacknowledged(
                key, group: group, consumer: settings.consumer, count: settings.batchSize)
            if !own.isEmpty { return try await counted(own) }
            hasReadOwn = true
        }
        if claimedAt.map({ $0.duration(to: .now) > settings.claimIdle / 2 }) ?? true {
            let claimed = try await streams.claim(
                key, group: group, consumer: settings.consumer, idle: settings.claimIdle, start: claimCursor,
                count: settings.batchSize)
            claimCursor = claimed.next
            if claimCursor == .zero {
                claimedAt = .now
                try await noteLag()
            }
            if !claimed.entries.isEmpty { return try await counted(claimed.entries) }
        }
        let read = try await streams.read(
            [key], group: group, consumer: settings.consumer, count: settings.batchSize, wait: wait)
        return Delivery(entries: read[key] ?? [])
    }

    /// After a fault nothing is taken for granted: the group may be gone, entries may have been read and not received.
    mutating func forget() {
        hasGroup = false
        hasReadOwn = false
        claimedAt = nil
    }

    func close() async { await connection.close() }

    /// Says that entries are still being worked on, without counting it as a delivery.
    func keep(_ ids: [StreamEntryID]) async throws(RedisError) {
        try await connection.command(
            ["XCLAIM", RedisArgument(key), RedisArgument(group), RedisArgument(settings.consumer), "0"]
                + ids.map { "\($0.description)" } + ["JUSTID"])
    }

    private func counted(_ entries: [StreamEntry]) async throws(RedisError) -> Delivery {
        var delivery = Delivery(entries: entries)
        let wanted = Set(entries.map(\.id))
        var start = entries.map(\.id).min() ?? .zero
        while delivery.deliveries.count < wanted.count {
            let page = try await streams.pending(key, group: group, start: start, count: 1_000)
            for pending in page where wanted.contains(pending.id) {
                delivery.deliveries[pending.id] = pending.deliveries
            }
            guard page.count == 1_000, let last = page.last else { break }
            start = StreamEntryID(milliseconds: last.id.milliseconds, sequence: last.id.sequence + 1)
        }
        return delivery
    }

    private func noteLag() async throws(RedisError) {
        for found in try await streams.groups(of: key) where found.name == group {
            if let lag = found.lag { metrics.set(.streamLag, to: lag, stream, group) }
        }
    }
}
