import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Durable before 202", .needsServices, .serialized)
struct DurabilityTests {
    @Test("connections that PostgreSQL ends in the middle cost a retry and nothing else")
    func endedConnections() async throws {
        try await IngestWorld.with { world in
            try await world.serving(["ingest.commitLanes": "3"]) { sender in
                let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
                    group.addTask {
                        for _ in 0..<12 {
                            try await Task.sleep(for: .milliseconds(60))
                            try await world.endConnections()
                        }
                        return 0
                    }
                    for client in 0..<6 {
                        group.addTask {
                            var accepted = 0
                            for turn in 0..<25 {
                                let body = (0..<4).map { Sample.call("u\(client)-\(turn)-\($0)") }.joined(
                                    separator: "\n")
                                accepted += try await Self.persistently(body, to: sender)
                            }
                            return accepted
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(accepted <= 600)
                // What was answered 202 is there; what was retried is there once.
                for client in 0..<6 {
                    let body = (0..<25).flatMap { turn in (0..<4).map { Sample.call("u\(client)-\(turn)-\($0)") } }
                    let reply = try await sender.verdicts("/ingest/v1/cdr", body.joined(separator: "\n"))
                    #expect(reply.repeats == 100)
                }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 600)
            #expect(try await world.count("SELECT count(DISTINCT sip_uuid) FROM billing.raw_cdr") == 600)
            #expect(try await world.count("SELECT sum(accepted)::bigint FROM billing.ingest_counts") == 600)
            try await world.expectExactSpans("raw_cdr")
        }
    }

    /// Sends until it is taken; says how many were new.
    private static func persistently(_ body: String, to sender: Sender) async throws -> Int {
        for _ in 0..<50 {
            let answer = try await sender.post("/ingest/v1/cdr", body)
            if answer.status == 202 {
                return try JSONDecoder().decode(Reply.self, from: Data(answer.body)).accepted
            }
            #expect(answer.status == 503, "\(answer.text)")
            #expect(answer.header("retry-after") != nil)
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("not taken after fifty tries")
        return 0
    }

    @Test("with PostgreSQL away the daemon starts, answers 503 with Retry-After, says so, and goes on when it is back")
    func postgresAway() async throws {
        try await IngestWorld.with { world in
            try await world.serving(["postgres.acquireTimeoutSeconds": "2"]) { sender in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
                try await world.setAway(true)
                let refused = try await sender.post("/ingest/v1/cdr", Sample.call("u2"))
                #expect(refused.status == 503)
                #expect(refused.header("retry-after") != nil)
                try await until { try await sender.get("/readyz").status == 503 }
                #expect(try await sender.get("/readyz").text.contains("postgres"))
                #expect(try await sender.get("/healthz").status == 200)
                try await world.setAway(false)
                try await until { try await sender.post("/ingest/v1/cdr", Sample.call("u2")).status == 202 }
                try await until { try await sender.get("/readyz").status == 200 }
            }
            try await world.setAway(true)
            try await world.serving { sender in
                #expect(try await sender.post("/ingest/v1/cdr", Sample.call("u3")).status == 503)
                try await world.setAway(false)
                try await until { try await sender.post("/ingest/v1/cdr", Sample.call("u3")).status == 202 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 3)
        }
    }

    @Test("with Redis away records are taken all the same, and the bells that nobody heard are counted")
    func redisAway() async throws {
        try await IngestWorld.with { world in
            try await world.serving(["redis.socket": "/nonexistent/redis.sock"]) { sender in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
                #expect(try await sender.verdicts("/ingest/v1/mdr", Sample.message("m1")).accepted == 1)
                try await until {
                    let text = try await sender.get("/metrics").text
                    return text.contains(#"warp_stream_publish_failures_total{stream="billing:usage:raw:cdr""#)
                        && text.contains(#"warp_stream_publish_failures_total{stream="billing:usage:raw:mdr""#)
                }
                try await until { try await sender.get("/readyz").status == 200 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 1)
        }
    }

    @Test("flushing Redis loses no record; the next bell rings on a stream made anew")
    func redisFlushed() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
                try await until { try await world.bells() == 1 }
                try await flush(world.redisPrefix)
                #expect(try await world.bells() == 0)
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u2")).accepted == 1)
                try await until { try await world.bells() == 1 }
                try await until { try await sender.get("/readyz").status == 200 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 2)
            try await world.expectExactSpans("raw_cdr")
        }
    }

    @Test("what can't be stored spoils only its own request")
    func poison() async throws {
        try await IngestWorld.with { world in
            try await world.pool.execute("ALTER TABLE billing.raw_cdr ADD CHECK (sip_uuid <> 'poison')")
            try await world.serving(["ingest.commitLanes": "1"]) { sender in
                let statuses = try await withThrowingTaskGroup(of: (String, Int).self) { group in
                    for key in ["u1", "u2", "poison", "u3", "u4"] {
                        group.addTask { (key, try await sender.post("/ingest/v1/cdr", Sample.call(key)).status) }
                    }
                    return try await group.reduce(into: [String: Int]()) { $0[$1.0] = $1.1 }
                }
                #expect(statuses == ["u1": 202, "u2": 202, "poison": 500, "u3": 202, "u4": 202])
            }
        }
    }
}

extension IngestWorld {
    /// Ends every connection of the daemon's role.
    func endConnections() async throws {
        _ = try await pool.query(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'warp_ingest'
            """)
    }

    /// The entries of the stream of calls.
    func bells() async throws -> Int {
        let redis = RedisConnection(try Services.redis())
        let length = try await RedisStreams(redis).length(of: redisPrefix + "billing:usage:raw:cdr")
        await redis.close()
        return length
    }

    /// Lets the daemon's role in or not.
    func setAway(_ isAway: Bool) async throws {
        try await pool.execute(
            isAway
                ? "REVOKE CONNECT ON DATABASE \(identifier: database.name) FROM PUBLIC"
                : "GRANT CONNECT ON DATABASE \(identifier: database.name) TO PUBLIC")
        if isAway { try await endConnections() }
    }
}
