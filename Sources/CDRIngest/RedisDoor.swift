import Core
import DaemonKit
import Drivers
import Logging
import Reference
import ServiceLifecycle

/// What Kamailio left in Redis while it could not push, or wrote there with ndb_redis in the first place: a list, its last resort, and a
/// stream. Entries are removed once their records are durable, and not before; here Redis may hold the only copy (M8).
///
/// Reading first and removing later means that a kill between the two brings records twice, which the keys find. One instance reads at a
/// time, by a lease in the same Redis: only so that work is not done twice, nothing depends on it.
struct RedisDoor: Service {
    private let source: Source
    private let list: String
    private let stream: String
    private let instance: String
    private let configuration: RedisConfiguration
    private let intake: RecordIntake
    private let loop: Loop

    private static let batchCount = 500
    private static let pause: Duration = .milliseconds(250)
    private static let leaseSeconds = 15

    /// The door of a configuration; nil where it is closed.
    init?(context: DaemonContext, intake: RecordIntake) {
        let config = context.config
        guard let name = config[RedisDoorConfig.source] else { return nil }
        source = Source(
            name: name, credential: .token, tokenHash: [], salt: nil, kinds: [], recordsPerSecond: nil, createdAt: "",
            revokedAt: nil)
        list = config[RedisDoorConfig.list]
        stream = config[RedisDoorConfig.stream]
        instance = config[DaemonConfig.instance]
        configuration = RedisDoorConfig.redis(config)
        self.intake = intake
        loop = context.loop
    }

    func run() async throws {
        let worker = loop.watchdog.register("redis-door")
        defer { worker.done() }
        let connection = RedisConnection(configuration)
        var backoff = Backoff(first: .milliseconds(250), most: .seconds(5))
        while !isStopping {
            do {
                try await worker.running(upTo: .seconds(60)) { try await takeAll(from: connection) }
                backoff.reset()
                await pauseUnlessStopping(RedisDoor.pause)
            } catch {
                if isStopping { break }
                loop.logger.warning(
                    "Redis door waits",
                    metadata: ["failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)"])
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
        await connection.close()
    }

    /// Takes what is there, batch by batch, while this instance holds the lease.
    private func takeAll(from connection: RedisConnection) async throws {
        var isMore = true
        while isMore, !isStopping, try await holdsLease(connection) {
            let fromList = try await takeList(connection)
            let fromStream = try await takeStream(connection)
            isMore = fromList + fromStream > 0
            Watchdog.progressed()
        }
    }

    /// The head of the list. An element is removed by its value, so that nothing goes that was not read.
    private func takeList(_ connection: RedisConnection) async throws -> Int {
        let reply = try await connection.command([
            "LRANGE", RedisArgument(list), "0", RedisArgument(RedisDoor.batchCount - 1),
        ])
        let elements = (reply.array ?? []).compactMap(\.bytes)
        guard !elements.isEmpty else { return 0 }
        try await take(elements, from: "list")
        try await remove(elements.map { ["LREM", RedisArgument(list), "1", RedisArgument($0)] }, over: connection)
        return elements.count
    }

    /// The oldest entries of the stream: the record is the field `json`. An entry without it is kept as a reject.
    private func takeStream(_ connection: RedisConnection) async throws -> Int {
        let entries = try await RedisStreams(connection).range(stream, count: RedisDoor.batchCount)
        guard !entries.isEmpty else { return 0 }
        try await take(entries.map { $0.bytes("json") ?? [] }, from: "stream")
        try await remove([["XDEL", RedisArgument(stream)] + entries.map { "\($0.id.description)" }], over: connection)
        return entries.count
    }

    private func take(_ bodies: [[UInt8]], from origin: String) async throws {
        let records = bodies.flatMap { body in
            FramedBody(body, isNDJSON: false).elements.map { IncomingRecord($0, at: .redis, from: source) }
        }
        try await intake.takeForGood(
            Submission(
                source: source.name, door: .redis, receivedAt: Instant(milliseconds: loop.clock.now()), records: records
            ))
        loop.metrics.increment(.ingestRedisRecords, by: records.count, origin)
    }

    private func remove(_ commands: [[RedisArgument]], over connection: RedisConnection) async throws {
        for case .failure(let error) in try await connection.pipeline(commands) { throw error }
    }

    private func holdsLease(_ connection: RedisConnection) async throws -> Bool {
        let (lease, seconds) = (RedisArgument("\(list):lease"), RedisArgument(RedisDoor.leaseSeconds))
        let taken = try await connection.command(["SET", lease, RedisArgument(instance), "NX", "EX", seconds])
        if taken.text != nil { return true }
        guard try await connection.command(["GET", lease]).text == instance else { return false }
        try await connection.command(["EXPIRE", lease, seconds])
        return true
    }
}
