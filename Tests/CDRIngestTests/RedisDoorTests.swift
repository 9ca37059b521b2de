import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("What Kamailio left in Redis", .needsServices)
struct RedisDoorTests {
    private static func lines() throws -> [String] {
        let file = "\(TestDatabase.repositoryRoot)/Tests/Fixtures/captured/kamailio/redis_xrange.ndjson"
        return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("records of list and stream are stored once and removed, whichever way and how often they came")
    func both() async throws {
        try await RedisWorld.with { world async throws in
            let lines = try Self.lines()
            for line in lines.prefix(20) { try await world.push(line) }
            for line in lines.suffix(20) { try await world.add(line) }
            try await world.serving { sender async throws in
                try await until { try await world.left() == 0 }
                #expect(try await sender.metric(#"warp_ingest_redis_records_total{from="list"}"#) == 20)
                #expect(try await sender.metric(#"warp_ingest_redis_records_total{from="stream"}"#) == 20)
                #expect(try await sender.verdicts("/ingest/v1/records", lines.joined(separator: "\n")).repeats == 30)
            }
            let stored = try await world.texts(
                "SELECT document FROM billing.raw_cdr UNION ALL SELECT document FROM billing.raw_vendor_cdr")
            #expect(stored.sorted() == lines.sorted())
            #expect(try await world.texts("SELECT DISTINCT source FROM billing.raw_cdr") == ["kamailio-redis"])
        }
    }

    @Test("batches and arrays of records, more than one reading's worth")
    func many() async throws {
        try await RedisWorld.with { world async throws in
            let count = 1_300
            for start in stride(from: 0, to: count, by: 100) {
                try await world.push((start..<start + 100).map { Sample.call("u\($0)") })
            }
            try await world.push("[\(Sample.call("a1")),\(Sample.attempt("a1"))]")
            try await world.serving { _ in try await until { try await world.left() == 0 } }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == count + 1)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_vendor_cdr") == 1)
        }
    }

    @Test("what is no record is kept as a reject and removed; it holds up nobody")
    func rejects() async throws {
        try await RedisWorld.with { world async throws in
            for element in ["{\"record_type\":\"voice.cdr\"", Sample.call("u1"), "", "{\"record_type\":\"fax\"}"] {
                try await world.push(element)
            }
            try await world.addEntry([StreamField("text", "no record")])
            try await world.pool.execute("ALTER TABLE billing.raw_cdr ADD CHECK (sip_uuid <> 'poison')")
            try await world.push(Sample.call("poison"))
            try await world.push(Sample.call("u2"))
            try await world.serving { _ in try await until { try await world.left() == 0 } }
            #expect(try await world.texts("SELECT sip_uuid FROM billing.raw_cdr ORDER BY 1") == ["u1", "u2"])
            #expect(
                try await world.texts("SELECT reason FROM billing.ingest_rejects ORDER BY reason")
                    == ["NOT_ALLOWED", "NOT_JSON", "NOT_JSON", "NOT_JSON", "UNKNOWN_RECORD_TYPE"])
        }
    }

    @Test("two instances at the same list take every record once, and one goes on when the other is gone")
    func instances() async throws {
        try await RedisWorld.with { world async throws in
            try await world.push((0..<200).map { Sample.call("u\($0)") })
            try await world.serving(["instance": "1"]) { _ in
                try await world.serving(["instance": "2"]) { _ in
                    try await until { try await world.left() == 0 }
                    try await world.push((200..<400).map { Sample.call("u\($0)") })
                    try await until { try await world.left() == 0 }
                }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 400)
        }
    }

    @Test("with PostgreSQL away and no spool nothing is removed; back, it is stored")
    func away() async throws {
        try await RedisWorld.with { world async throws in
            try await world.world.serving { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u0")).accepted == 1)
            }
            try await world.world.setAway(true)
            try await world.push(Sample.call("u1"))
            try await world.serving(["postgres.acquireTimeoutSeconds": "1"]) { _ in
                try await Task.sleep(for: .seconds(1))
                #expect(try await world.left() == 1)
                try await world.world.setAway(false)
                try await until { try await world.left() == 0 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 2)
        }
    }
}

/// A world with a list and a stream of its own in Redis.
struct RedisWorld {
    let world: IngestWorld
    let redis: RedisConnection
    private let list: String
    private let stream: String

    var pool: PostgresPool { world.pool }

    static func with(_ body: (RedisWorld) async throws -> Void) async throws {
        try await IngestWorld.with { world async throws in
            let redis = RedisConnection(try Services.redis())
            let name = "door-\(UUID().uuidString)"
            try await body(RedisWorld(world: world, redis: redis, list: "\(name):list", stream: "\(name):stream"))
            try await redis.command(["DEL", "\(name):list", "\(name):stream", "\(name):list:lease"])
            await redis.close()
        }
    }

    func serving(_ settings: [String: String] = [:], _ body: (Sender) async throws -> Void) async throws {
        let own = [
            "redisDoor.source": "kamailio-redis", "redisDoor.socket": Services.redisSocketPath ?? "",
            "redisDoor.list": list, "redisDoor.stream": stream,
        ]
        try await world.serving(own.merging(settings) { $1 }, body)
    }

    func push(_ element: String) async throws { try await push([element]) }

    func push(_ elements: [String]) async throws {
        try await redis.command(["RPUSH", RedisArgument(list)] + elements.map { RedisArgument($0) })
    }

    func add(_ record: String) async throws {
        try await addEntry([StreamField("type", "customer"), StreamField("json", record)])
    }

    func addEntry(_ fields: [StreamField]) async throws { _ = try await RedisStreams(redis).add(to: stream, fields) }

    /// How many elements and entries are left.
    func left() async throws -> Int {
        let list = try await redis.command(["LLEN", RedisArgument(list)]).integer ?? 0
        return Int(list) + (try await RedisStreams(redis).length(of: stream))
    }

    func count(_ sql: SQL) async throws -> Int { try await world.count(sql) }
    func texts(_ sql: SQL) async throws -> [String] { try await world.texts(sql) }
}
