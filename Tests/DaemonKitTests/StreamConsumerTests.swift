import Drivers
import Synchronization
import TestSupport
import Testing

@testable import DaemonKit

private struct Broken: Failure {
    let reason: String
    let isTransient: Bool
}

/// A stream with a prefix of its own, whose entries hold numbers: body `[1,2,3]`.
private struct NumberStream {
    let stream = "numbers"
    let settings: StreamSettings
    let metrics = PrometheusRegistry()
    let connection: RedisConnection

    init(consumer: String = "1", prefix: String = Services.redisKeyPrefix(), claimIdle: Duration = .seconds(60)) throws
    {
        settings = StreamSettings(
            redis: try Services.redis(), prefix: prefix, consumer: consumer, batchSize: 10, claimIdle: claimIdle)
        connection = RedisConnection(try Services.redis())
    }

    var key: String { settings.prefix + stream }
    var redis: RedisStreams { RedisStreams(connection) }

    func add(_ body: String) async throws {
        try await redis.add(
            to: key,
            [
                StreamField("id", "b1"), StreamField("type", "numbers.v1"),
                StreamField("at", "2026-11-22T00:00:00.000Z"),
                StreamField("body", body),
            ])
    }

    func consumer(
        park: (@Sendable (Int, any Error) async throws -> Void)? = nil,
        handle: @escaping @Sendable ([Int]) async throws -> Void
    ) -> StreamConsumer<Int> {
        StreamConsumer(
            stream, group: "readers", settings: settings, loop: testLoop(metrics: metrics), decode: Self.numbers,
            handle: handle, park: park)
    }

    func pendingCount() async throws -> Int {
        try await redis.pending(key, group: "readers", count: 100).count
    }

    func remove() async throws {
        for suffix in ["", ":dead", ":trying:readers"] {
            try await connection.command(["DEL", RedisArgument(key + suffix)])
        }
        await connection.close()
    }

    private static func numbers(_ message: StreamMessage) throws -> [Int] {
        let text = String(decoding: message.body, as: UTF8.self)
        guard text.hasPrefix("["), text.hasSuffix("]") else { throw UndecodableEntry(reason: "not-an-array") }
        return try text.dropFirst().dropLast().split(separator: ",").map { part in
            guard let number = Int(part) else { throw UndecodableEntry(reason: "not-a-number") }
            return number
        }
    }
}

@Suite("Stream front", .needsRedis)
struct StreamFrontTests {
    private func with(_ body: (NumberStream, StreamFront) async throws -> Void) async throws {
        let numbers = try NumberStream()
        do {
            try await body(numbers, StreamFront(numbers.stream, group: "readers", settings: numbers.settings))
        } catch {
            try await numbers.remove()
            throw error
        }
        try await numbers.remove()
    }

    private func oldest(_ front: StreamFront) async throws -> String? {
        try await front.oldestOpen().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a stream that is not there, or holds nothing, has no front")
    func empty() async throws {
        try await with { numbers, front in
            #expect(try await oldest(front) == nil)
            try await numbers.redis.createGroup("readers", on: numbers.key)
            #expect(try await oldest(front) == nil)
        }
    }

    @Test("without a group the first entry is the front, and so it is for a group that read nothing")
    func undelivered() async throws {
        try await with { numbers, front in
            try await numbers.add("[1]")
            try await numbers.add("[2]")
            #expect(try await oldest(front) == "[1]")
            try await numbers.redis.createGroup("readers", on: numbers.key)
            #expect(try await oldest(front) == "[1]")
        }
    }

    @Test("what was delivered and not acknowledged is the front; after it comes what nobody has read")
    func pending() async throws {
        try await with { numbers, front in
            try await numbers.redis.createGroup("readers", on: numbers.key)
            for body in ["[1]", "[2]", "[3]"] { try await numbers.add(body) }
            let read = try await numbers.redis.read(
                [numbers.key], group: "readers", consumer: "1", count: 2, wait: .milliseconds(10))
            let entries = try #require(read[numbers.key])
            #expect(try await oldest(front) == "[1]")
            try await numbers.redis.acknowledge([entries[0].id], on: numbers.key, group: "readers")
            #expect(try await oldest(front) == "[2]")
            try await numbers.redis.acknowledge([entries[1].id], on: numbers.key, group: "readers")
            #expect(try await oldest(front) == "[3]")
        }
    }

    @Test("where everything is acknowledged there is no front")
    func done() async throws {
        try await with { numbers, front in
            try await numbers.redis.createGroup("readers", on: numbers.key)
            try await numbers.add("[1]")
            let read = try await numbers.redis.read(
                [numbers.key], group: "readers", consumer: "1", count: 2, wait: .milliseconds(10))
            try await numbers.redis.acknowledge(
                try #require(read[numbers.key]).map { $0.id }, on: numbers.key, group: "readers")
            #expect(try await oldest(front) == nil)
        }
    }

    @Test("an entry that was trimmed while it was pending does not hide what follows")
    func trimmed() async throws {
        try await with { numbers, front in
            try await numbers.redis.createGroup("readers", on: numbers.key)
            try await numbers.add("[1]")
            let read = try await numbers.redis.read(
                [numbers.key], group: "readers", consumer: "1", count: 1, wait: .milliseconds(10))
            let id = try #require(read[numbers.key]?.first?.id)
            try await numbers.connection.command(["XDEL", RedisArgument(numbers.key), "\(id.description)"])
            try await numbers.add("[2]")
            #expect(try await oldest(front) == "[2]")
        }
    }
}

@Suite("Stream consumer", .needsRedis)
struct StreamConsumerTests {
    @Test("entries of one read are handled together and acknowledged afterwards")
    func batch() async throws {
        let numbers = try NumberStream()
        try await numbers.add("[1,2]")
        try await numbers.add("[3]")
        let batches = Seen<[Int]>()
        try await running(numbers.consumer { batches.add($0) }) {
            try await eventually { numbers.metrics.value(.streamEntries, "numbers") == 2 }
            #expect(batches.all == [[1, 2, 3]])
            #expect(try await numbers.pendingCount() == 0)
        }
        try await numbers.remove()
    }

    @Test("a transient failure leaves the entries pending and is tried again until it passes")
    func transient() async throws {
        let numbers = try NumberStream()
        try await numbers.add("[1]")
        let attempts = Seen<Int>()
        let consumer = numbers.consumer { batch in
            attempts.add(batch[0])
            if attempts.all.count < 3 { throw Broken(reason: "postgres-not-connected", isTransient: true) }
        }
        try await running(consumer) {
            try await eventually { attempts.all.count == 1 }
            #expect(try await numbers.pendingCount() == 1)
            try await eventually { numbers.metrics.value(.streamEntries, "numbers") == 1 }
        }
        #expect(attempts.all == [1, 1, 1])
        #expect(numbers.metrics.value(.streamFailures, "numbers", "postgres-not-connected") == 2)
        try await numbers.remove()
    }

    @Test("a record that fails alone is parked, and the others of its batch are handled")
    func poison() async throws {
        let numbers = try NumberStream()
        try await numbers.add("[1,2,3,4,5]")
        let handled = Seen<Int>()
        let parked = Seen<String>()
        let consumer = numbers.consumer(park: { record, error in parked.add("\(record) \(FailureFacts(error).reason)") }
        ) {
            if $0.contains(4) { throw Broken(reason: "BAD_RATE", isTransient: false) }
            handled.add($0)
        }
        try await running(consumer) {
            try await eventually { numbers.metrics.value(.streamEntries, "numbers") == 1 }
        }
        #expect(handled.all.sorted() == [1, 2, 3, 5])
        #expect(parked.all == ["4 BAD_RATE"])
        try await numbers.remove()
    }

    @Test("an entry that cannot be read goes to the dead stream with its reason, the others are handled")
    func dead() async throws {
        let numbers = try NumberStream()
        try await numbers.add("not json")
        try await numbers.add("[7]")
        let handled = Seen<Int>()
        try await running(numbers.consumer { handled.add($0) }) {
            try await eventually { numbers.metrics.value(.streamEntries, "numbers") == 2 }
        }
        #expect(handled.all == [7])
        let dead = try await numbers.redis.range("\(numbers.key):dead", count: 10)
        #expect(dead.map { $0.text("reason") } == ["not-an-array"])
        #expect(dead.map { $0.text("body") } == ["not json"])
        #expect(try await numbers.pendingCount() == 0)
        try await numbers.remove()
    }

    @Test("what a consumer left behind is claimed by another one, and after a restart by itself")
    func claimed() async throws {
        let numbers = try NumberStream(claimIdle: .milliseconds(100))
        try await numbers.add("[1]")
        try await numbers.add("[2]")
        try await numbers.redis.createGroup("readers", on: numbers.key)
        _ = try await numbers.redis.read([numbers.key], group: "readers", consumer: "gone", count: 1, wait: .zero)
        _ = try await numbers.redis.read([numbers.key], group: "readers", consumer: "1", count: 1, wait: .zero)
        let handled = Seen<Int>()
        try await running(numbers.consumer { handled.add($0) }) {
            try await eventually { handled.all.count >= 2 }
            try await eventually { try await numbers.pendingCount() == 0 }
        }
        #expect(handled.all.sorted() == [1, 2])
        try await numbers.remove()
    }

    @Test(
        "an entry delivered more than three times is handled record by record; what broke the process is parked untried"
    )
    func processBreaker() async throws {
        let numbers = try NumberStream()
        try await numbers.add("[1,2,3]")
        try await numbers.redis.createGroup("readers", on: numbers.key)
        let read = try await numbers.redis.read([numbers.key], group: "readers", consumer: "1", count: 1, wait: .zero)
        let id = try #require(read[numbers.key]?.first?.id)
        for _ in 0..<3 {
            _ = try await numbers.redis.unacknowledged(numbers.key, group: "readers", consumer: "1", count: 1)
        }
        // The process broke while it tried the second record.
        try await numbers.connection.command([
            "HSET", RedisArgument("\(numbers.key):trying:readers"), RedisArgument(id.description), "1",
        ])
        let handled = Seen<[Int]>()
        let parked = Seen<String>()
        let consumer = numbers.consumer(park: { record, error in parked.add("\(record) \(FailureFacts(error).reason)") }
        ) {
            handled.add($0)
        }
        try await running(consumer) {
            try await eventually { numbers.metrics.value(.streamEntries, "numbers") == 1 }
        }
        #expect(handled.all == [[1], [3]])
        #expect(parked.all == ["2 broke-the-process"])
        #expect(
            try await numbers.connection.command(["EXISTS", RedisArgument("\(numbers.key):trying:readers")]).integer
                == 0)
        try await numbers.remove()
    }

    @Test("a stream that was flushed is read again as soon as it is written")
    func flushed() async throws {
        let numbers = try NumberStream()
        try await numbers.add("[1]")
        let handled = Seen<Int>()
        try await running(numbers.consumer { handled.add($0) }) {
            try await eventually { handled.all == [1] }
            try await numbers.connection.command(["DEL", RedisArgument(numbers.key)])
            try await numbers.add("[2]")
            try await eventually { handled.all == [1, 2] }
        }
        try await numbers.remove()
    }
}

@Suite("Stream publisher", .needsRedis)
struct StreamPublisherTests {
    private func publisher(prefix: String, maxEntries: Int, _ metrics: PrometheusRegistry) throws -> StreamPublisher {
        StreamPublisher(
            redis: try Services.redis(), prefix: prefix, maxEntries: maxEntries, loop: testLoop(metrics: metrics))
    }

    @Test("a batch is one JSON array, split where it would exceed its size")
    func bodies() {
        let records = ["1", "22", "333"].map { Array($0.utf8) }
        #expect(StreamPublisher.bodies(of: records).map { String(decoding: $0, as: UTF8.self) } == ["[1,22,333]"])
        #expect(
            StreamPublisher.bodies(of: records, upTo: 6).map { String(decoding: $0, as: UTF8.self) } == [
                "[1,22]", "[333]",
            ])
    }

    @Test(
        "above its bound a stream is left alone and counted; once its groups have acknowledged, it is trimmed and written again"
    )
    func bounded() async throws {
        let metrics = PrometheusRegistry()
        let prefix = Services.redisKeyPrefix()
        let publisher = try publisher(prefix: prefix, maxEntries: 3, metrics)
        let connection = RedisConnection(try Services.redis())
        let streams = RedisStreams(connection)
        for number in 1...5 {
            publisher.publish([Array("\(number)".utf8)], to: "bounded", type: "numbers.v1")
            await publisher.flush()
        }
        #expect(try await streams.length(of: prefix + "bounded") == 3)
        #expect(metrics.value(.streamPublished, "bounded") == 3)
        #expect(metrics.value(.streamPublishFailures, "bounded", "stream-full") == 2)

        try await streams.createGroup("readers", on: prefix + "bounded")
        let read = try await streams.read([prefix + "bounded"], group: "readers", consumer: "1", count: 3, wait: .zero)
        let ids = (read[prefix + "bounded"] ?? []).map(\.id)
        try await streams.acknowledge(Array(ids.prefix(2)), on: prefix + "bounded", group: "readers")
        await publisher.trim()
        #expect(try await streams.length(of: prefix + "bounded") == 1)
        publisher.publish([Array("6".utf8)], to: "bounded", type: "numbers.v1")
        await publisher.flush()
        let last = try #require(try await streams.range(prefix + "bounded", count: 10).last)
        #expect(last.text("body") == "[6]")
        #expect(last.text("type") == "numbers.v1")
        try await connection.command(["DEL", RedisArgument(prefix + "bounded")])
        await connection.close()
    }

    @Test("without Redis nothing fails, and what was not published is counted")
    func away() async {
        let metrics = PrometheusRegistry()
        let publisher = StreamPublisher(
            redis: RedisConfiguration(address: .unixSocket(path: "/nonexistent/redis.sock")), prefix: "", maxEntries: 3,
            loop: testLoop(metrics: metrics))
        publisher.publish([Array("1".utf8)], to: "lost", type: "numbers.v1")
        await publisher.flush()
        #expect(metrics.value(.streamPublishFailures, "lost", "redis-not-connected") == 1)
    }
}
