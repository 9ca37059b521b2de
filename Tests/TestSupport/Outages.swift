public import DaemonKit
import Drivers
import Foundation
public import Testing

/// What is taken away from a daemon, and when.
public enum Outage: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case postgresAwayAtStart = "PostgreSQL is away when the daemon starts"
    case redisAwayAtStart = "Redis is away when the daemon starts"
    case postgresLost = "PostgreSQL goes away again and again, in the middle of transactions and of their commits"
    case redisFlushed = "Redis is flushed"

    public var testDescription: String { rawValue }

    /// Those that a daemon without Redis can meet.
    public static let ofPostgres = [postgresAwayAtStart, postgresLost]
}

/// A daemon, and work for it that others put into the database and ring for.
public struct WorkingDaemon: Sendable {
    let daemon: Daemon
    let values: [String: String]
    let build: @Sendable (DaemonContext) async throws -> Void
    let streams: [(stream: String, group: String)]
    let offer: @Sendable (_ piece: Int) async throws -> Void
    let outcome: @Sendable () async throws -> String
    let expected: @Sendable (_ pieces: Int) -> String

    /// A daemon at work.
    /// - Parameters:
    ///   - values: its configuration; where PostgreSQL and Redis are is added here.
    ///   - streams: what it reads, without the prefix.
    ///   - offer: puts the n-th piece of work, from 1, into the database and rings, neither by way of what is taken away.
    ///   - outcome: what has come of all work so far, in words that show what was lost and what was doubled.
    ///   - expected: what must come of the first n pieces.
    public init(
        _ daemon: Daemon, values: [String: String],
        build: @escaping @Sendable (DaemonContext) async throws -> Void,
        streams: [(stream: String, group: String)] = [],
        offer: @escaping @Sendable (_ piece: Int) async throws -> Void,
        outcome: @escaping @Sendable () async throws -> String,
        expected: @escaping @Sendable (_ pieces: Int) -> String
    ) {
        self.daemon = daemon
        self.values = values
        self.build = build
        self.streams = streams
        self.offer = offer
        self.outcome = outcome
        self.expected = expected
    }

    /// Works through an outage: the daemon says what it waits for and goes on by itself, and every piece of work is done once.
    public func endure(_ outage: Outage) async throws {
        let postgres = try ServerProxy(name: ".s.PGSQL.5432", upstream: try Services.postgresSocketPath())
        let redis = try ServerProxy(name: "redis.sock", upstream: Services.redisSocketPath ?? "")
        switch outage {
        case .postgresAwayAtStart: try await startWithoutPostgres(postgres, redis)
        case .redisAwayAtStart: try await startWithoutRedis(postgres, redis)
        case .postgresLost: try await losePostgres(postgres, redis)
        case .redisFlushed: try await loseStreams(postgres, redis)
        }
        postgres.cut()
        redis.cut()
    }

    // MARK: The outages

    private func startWithoutPostgres(_ postgres: ServerProxy, _ redis: ServerProxy) async throws {
        postgres.cut()
        try await offer(1)
        try await running(postgres, redis) { daemon in
            #expect(daemon.said.contains(.ready), "the door is open, whatever else is there (M31)")
            try await eventually("STATUS names PostgreSQL") {
                daemon.status.contains("waiting for postgres (") && !daemon.status.contains("postgres (not yet")
            }
            let waiting = try await daemon.get("/readyz")
            #expect(waiting.status == 503)
            #expect(waiting.text.contains(#""required":true,"state":"away""#), "\(waiting.text)")
            #expect(waiting.text.contains("waiting for postgres ("))
            #expect(try await daemon.get("/healthz").status == 200)
            try postgres.restore()
            try await isDone(1)
            try await isReady(daemon)
        }
    }

    private func startWithoutRedis(_ postgres: ServerProxy, _ redis: ServerProxy) async throws {
        redis.cut()
        try await offer(1)
        try await running(postgres, redis) { daemon in
            try await eventually("STATUS names Redis") {
                daemon.status.contains("without redis (") && !daemon.status.contains("redis (not yet")
            }
            try await eventually("/readyz names Redis") {
                let answer = try await daemon.get("/readyz")
                return answer.status == 200 && answer.text.contains(#""required":false,"state":"away""#)
            }
            // By the sweep alone.
            try await isDone(1)
            try redis.restore()
            try await isReady(daemon)
            try await readsStreams()
            try await offer(2)
            try await isDone(2)
        }
    }

    private func losePostgres(_ postgres: ServerProxy, _ redis: ServerProxy) async throws {
        var random = SeededGenerator(seed: 22)
        var pieces = 0
        try await running(postgres, redis) { daemon in
            for round in 1...8 {
                try await offer(pieces + 1)
                try await offer(pieces + 2)
                pieces += 2
                // Wherever the daemon is in them by now, rung for or begun by the second: it must make no difference.
                let most = round.isMultiple(of: 3) ? 1_200 : 60
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...most, using: &random)))
                if round.isMultiple(of: 2) {
                    // What commits now was committed for everybody but the daemon.
                    postgres.mute()
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...60, using: &random)))
                }
                postgres.cut()
                if round == 4 {
                    try await eventually("/readyz names PostgreSQL") {
                        let answer = try await daemon.get("/readyz")
                        return answer.status == 503 && answer.text.contains("waiting for postgres (")
                    }
                }
                try postgres.restore()
                try await isDone(pieces)
            }
            try await isReady(daemon)
        }
    }

    private func loseStreams(_ postgres: ServerProxy, _ redis: ServerProxy) async throws {
        guard case .checked(let config) = ConfigCheck(keys: daemon.keys).read(values: [:]) else {
            Issue.record("the defaults alone are a configuration")
            return
        }
        #expect(config[DaemonConfig.sweepInterval] <= 60, "a lost bell costs a minute at most")
        try await running(postgres, redis) { daemon in
            try await offer(1)
            try await isDone(1)
            try await readsStreams()
            // Rung while the daemon is deaf, and gone when it hears again: only the sweep can find it.
            redis.cut()
            try await offer(2)
            try await flush(prefix)
            try redis.restore()
            try await isDone(2)
            try await readsStreams()
            // Flushed under its hands.
            try await flush(prefix)
            try await offer(3)
            try await isDone(3)
            try await readsStreams()
            try await isReady(daemon)
        }
    }

    // MARK: What is looked at

    private func running(
        _ postgres: ServerProxy, _ redis: ServerProxy, _ body: (RunningDaemon) async throws -> Void
    ) async throws {
        var values = self.values
        values["postgres.host"] = postgres.directory
        values["postgres.port"] = "5432"
        values["redis.socket"] = redis.socketPath
        try await withDaemon(daemon, values: values, build: build, body: body)
    }

    private func isDone(_ pieces: Int) async throws {
        var last = ""
        do {
            try await eventually("the work") {
                last = try await outcome()
                return last == expected(pieces)
            }
        } catch is TookTooLong {
            #expect(last == expected(pieces), "after \(pieces) pieces")
        }
    }

    private func isReady(_ daemon: RunningDaemon) async throws {
        try await eventually("STATUS is ready again") { daemon.status == "ready" }
        #expect(try await daemon.get("/readyz").status == 200)
    }

    /// Every stream has the daemon's group: it reads there, or will find what comes.
    private func readsStreams() async throws {
        let redis = RedisConnection(try Services.redis())
        for (stream, group) in streams {
            try await eventually("group \(group) on \(stream)") {
                try await RedisStreams(redis).groups(of: prefix + stream).contains { $0.name == group }
            }
        }
        await redis.close()
    }

    private var prefix: String { values["redis.keyPrefix"] ?? "" }
}

extension RunningDaemon {
    /// The last STATUS that it told the service manager.
    public var status: String {
        for message in said.reversed() {
            if case .status(let text) = message { return text }
        }
        return ""
    }
}
