import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("Redis", .needsRedis)
struct RedisTests {
    let connection: RedisConnection
    let prefix = Services.redisKeyPrefix()

    init() throws {
        connection = RedisConnection(try Services.redis())
    }

    @Test("arguments are bytes: spaces, NULs and newlines arrive as they are")
    func binarySafe() async throws {
        let value: [UInt8] = [0, 10, 13, 32, 255]
        #expect(try await connection.command(["SET", "\(prefix)k", RedisArgument(value), "EX", 60]) == .status("OK"))
        #expect(try await connection.command(["GET", "\(prefix)k"]) == .bytes(value))
        #expect(try await connection.command(["GET", "\(prefix)nothing"]) == .null)
        #expect(try await connection.command(["SET", "\(prefix)e", "", "EX", 60]) == .status("OK"))
        #expect(try await connection.command(["STRLEN", "\(prefix)e"]) == .integer(0))
        try await connection.command(["DEL", "\(prefix)k", "\(prefix)e"])
    }

    @Test("a refusal is thrown with its code, and the connection lives on")
    func refusal() async throws {
        let error = await #expect(throws: RedisError.self) { try await connection.command(["NOSUCH"]) }
        #expect(error?.code == "ERR")
        #expect(error?.isTransient == false)
        #expect(try await connection.command(["PING"]) == .status("PONG"))
    }

    @Test("a pipeline answers in order, a refusal in its place")
    func pipeline() async throws {
        let replies = try await connection.pipeline([
            ["INCR", "\(prefix)n"], ["LPUSH", "\(prefix)n", "x"], ["INCR", "\(prefix)n"], ["DEL", "\(prefix)n"],
        ])
        #expect(replies.count == 4)
        #expect(replies[0] == .integer(1))
        guard case .failure(let error) = replies[1] else {
            Issue.record("not refused: \(replies[1])")
            return
        }
        #expect(error.code == "WRONGTYPE")
        #expect(replies[2] == .integer(2))
    }

    @Test("an entry goes from producer to group, is claimed when its consumer is gone, and acknowledged")
    func streamRoundTrip() async throws {
        let streams = RedisStreams(connection)
        let stream = "\(prefix)usage"
        #expect(try await streams.groups(of: stream).isEmpty)
        #expect(try await streams.createGroup("poller", on: stream))
        #expect(try await streams.createGroup("poller", on: stream) == false)
        let ids = try await streams.add(
            to: stream,
            entries: [
                [StreamField("type", "raw-cdr.v1"), StreamField("body", [91, 0, 93])],
                [StreamField("type", "raw-cdr.v1"), StreamField("body", "[2]")],
            ])
        #expect(ids.count == 2)
        #expect(try await streams.length(of: stream) == 2)
        #expect(try await streams.groups(of: stream).first?.lag == 2)

        let read = try await streams.read([stream], group: "poller", consumer: "a", count: 1, wait: .zero)
        #expect(read[stream]?.map(\.id) == [ids[0]])
        #expect(read[stream]?.first?.text("type") == "raw-cdr.v1")
        #expect(read[stream]?.first?.bytes("body") == [91, 0, 93])
        let own = try await streams.unacknowledged(stream, group: "poller", consumer: "a", count: 10)
        #expect(own.map(\.id) == [ids[0]])

        let claimed = try await streams.claim(stream, group: "poller", consumer: "b", idle: .zero, count: 10)
        #expect(claimed.entries.map(\.id) == [ids[0]])
        #expect(claimed.next == .zero)
        let pending = try await streams.pending(stream, group: "poller", count: 10)
        #expect(pending.map(\.consumer) == ["b"])
        #expect(pending.map(\.deliveries) == [3])

        #expect(try await streams.acknowledge([ids[0]], on: stream, group: "poller") == 1)
        #expect(try await streams.acknowledge([ids[0]], on: stream, group: "poller") == 0)
        let groups = try await streams.groups(of: stream)
        #expect(groups.first?.lag == 1)
        #expect(groups.first?.pending == 0)
        #expect(groups.first?.lastDelivered == ids[0])
        #expect(try await streams.trim(stream, before: ids[1]) == 1)
        #expect(try await streams.range(stream, count: 10).map(\.id) == [ids[1]])
        try await connection.command(["DEL", RedisArgument(stream)])
    }

    @Test("entries that were trimmed while pending are told by claim, and are empty on a second reading")
    func trimmedWhilePending() async throws {
        let streams = RedisStreams(connection)
        let stream = "\(prefix)usage"
        try await streams.createGroup("g", on: stream)
        let id = try await streams.add(to: stream, [StreamField("body", "x")], bound: .about(1_000))
        _ = try await streams.read([stream], group: "g", consumer: "a", count: 1, wait: .zero)
        try await connection.command(["XDEL", RedisArgument(stream), "\(id.description)"])
        let own = try await streams.unacknowledged(stream, group: "g", consumer: "a", count: 1)
        #expect(own == [StreamEntry(id: id, fields: [])])
        let claimed = try await streams.claim(stream, group: "g", consumer: "b", idle: .zero, count: 1)
        #expect(claimed.entries.isEmpty)
        #expect(claimed.deleted == [id])
        try await connection.command(["DEL", RedisArgument(stream)])
    }

    @Test("a group that is not there is refused with NOGROUP")
    func noGroup() async throws {
        let streams = RedisStreams(connection)
        let error = await #expect(throws: RedisError.self) {
            try await streams.read(["\(prefix)none"], group: "g", consumer: "a", count: 1, wait: .zero)
        }
        #expect(error?.code == "NOGROUP")
    }

    @Test("a blocking read may take longer than a command's deadline, and ends empty")
    func blockingRead() async throws {
        var configuration = try Services.redis()
        configuration.commandTimeout = .milliseconds(200)
        let streams = RedisStreams(RedisConnection(configuration))
        let stream = "\(prefix)usage"
        try await streams.createGroup("g", on: stream)
        let start = ContinuousClock.now
        let read = try await streams.read(
            [stream], group: "g", consumer: "a", count: 1, wait: .milliseconds(400))
        #expect(read.isEmpty)
        #expect(start.duration(to: .now) >= .milliseconds(390))
        try await connection.command(["DEL", RedisArgument(stream)])
    }

    @Test("a connection killed by the server is made again unseen")
    func killed() async throws {
        let other = RedisConnection(try Services.redis())
        let id = try #require(try await connection.command(["CLIENT", "ID"]).integer)
        try await other.command(["CLIENT", "KILL", "ID", RedisArgument(id)])
        #expect(try await connection.command(["PING"]) == .status("PONG"))
        #expect(try await connection.command(["CLIENT", "ID"]).integer != id)
    }

    @Test("a server that freezes costs one deadline; thawed, it serves again and no answer is mixed up")
    func frozen() async throws {
        let proxy = try ServerProxy(name: "redis.sock", upstream: try #require(Services.redisSocketPath))
        let frozen = RedisConnection(
            RedisConfiguration(
                address: .unixSocket(path: proxy.socketPath), connectTimeout: .milliseconds(300),
                commandTimeout: .milliseconds(300)))
        #expect(try await frozen.command(["ECHO", "one"]).text == "one")
        proxy.freeze()
        let start = ContinuousClock.now
        await #expect(throws: RedisError.timedOut) { try await frozen.command(["ECHO", "two"]) }
        #expect(start.duration(to: .now) < .seconds(2))
        proxy.thaw()
        #expect(try await frozen.command(["ECHO", "three"]).text == "three")
        proxy.cut()
    }

    @Test("nobody listening is a transient error")
    func noServer() async throws {
        let connection = RedisConnection(RedisConfiguration(address: .unixSocket(path: "/nonexistent/redis.sock")))
        let error = await #expect(throws: RedisError.self) { try await connection.command(["PING"]) }
        #expect(error?.isTransient == true)
    }

    @Test("ids are ordered by time, then by sequence; anything else is no id")
    func ids() throws {
        let early = try #require(StreamEntryID(parsing: "99-7"))
        let late = try #require(StreamEntryID(parsing: "100-0"))
        #expect(early < late)
        #expect(late.description == "100-0")
        for text in ["", "1", "1-", "1-2-3", "-1-0", "a-b"] { #expect(StreamEntryID(parsing: text) == nil) }
    }
}
