import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Records that wait on disk", .needsServices)
struct SpoolTests {
    @Test(
        "with PostgreSQL away records are spooled and answered 202; /readyz says what waits; they are stored once it is back"
    )
    func away() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u0")).words == ["accepted"])
                world.postgres.cut()
                let body = "[\(Sample.call("u1")),\(Sample.call("u1")),{\"sip_uuid\":7},\(Sample.call("u0"))]"
                let spooled = try await sender.verdicts("/ingest/v1/cdr", body)
                #expect(spooled.words == ["spooled", "spooled", "rejected", "spooled"])
                #expect(spooled.records.map(\.key) == ["u1", "u1", nil, "u0"])
                try await until { try await sender.get("/readyz").text.contains("wait for PostgreSQL") }
                #expect(try await sender.get("/readyz").status == 200)
                #expect(try await sender.metric("warp_ingest_spooled_records_total") == 4)
                #expect(try await sender.metric("warp_ingest_spool_bytes") ?? 0 > 0)
                try world.postgres.restore()
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["repeat"])
                try await until { try await !sender.get("/readyz").text.contains("wait for PostgreSQL") }
            }
            #expect(try await world.texts("SELECT sip_uuid FROM billing.raw_cdr ORDER BY 1") == ["u0", "u1"])
            #expect(try await world.count("SELECT count(*) FROM billing.ingest_rejects") == 1)
            #expect(
                try await world.texts(
                    "SELECT sum(received) || ' ' || sum(accepted) || ' ' || sum(repeats) || ' ' || sum(rejected) FROM billing.ingest_counts"
                )
                    == ["6 2 3 1"])
            try await world.expectExactSpans("raw_cdr")
        }
    }

    @Test("first seen stays first: what comes while something waits queues behind it")
    func order() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving { sender async throws in
                world.postgres.cut()
                #expect(
                    try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1", seconds: 10)).words == ["spooled"])
                #expect(
                    try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1", seconds: 20)).words == ["spooled"])
                try world.postgres.restore()
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
            }
            #expect(
                try await world.texts(
                    "SELECT is_conflict || ' ' || (end_stamp - answer_stamp) FROM billing.raw_cdr ORDER BY raw_seq")
                    == ["false 00:00:10", "true 00:00:20"])
        }
    }

    @Test("a PostgreSQL that says nothing, before or behind the commit, is not waited for, and nothing is stored twice")
    func frozen() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving(["ingest.commitPatienceMilliseconds": "200"]) { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u0")).words == ["accepted"])
                world.postgres.freeze()
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["spooled"])
                world.postgres.thaw()
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
                world.postgres.mute()
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u2")).words == ["spooled"])
                world.postgres.thaw()
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
            }
            #expect(try await world.texts("SELECT sip_uuid FROM billing.raw_cdr ORDER BY 1") == ["u0", "u1", "u2"])
        }
    }

    @Test(
        "a full spool answers 503 with Retry-After before the body is read, and takes records again when it has drained"
    )
    func full() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving(["spool.maxBytes": "65536"]) { sender async throws in
                world.postgres.cut()
                var kept = 0
                for batch in 0..<100 {
                    let body = (0..<20).map { Sample.call("u\(batch)-\($0)") }.joined(separator: "\n")
                    let answer = try await sender.post("/ingest/v1/cdr", body)
                    if answer.status == 202 {
                        kept += 20
                        continue
                    }
                    #expect(answer.status == 503)
                    #expect(try Problem(answer).reason == "spool-full")
                    #expect(answer.header("retry-after") != nil)
                    break
                }
                #expect(kept > 0 && kept < 2_000)
                // Not even the body's form is looked at any more.
                let unread = try await sender.post(
                    "/ingest/v1/cdr", Array("not gzip".utf8),
                    [.init("Authorization", "Bearer \(sender.token)"), .init("Content-Encoding", "gzip")])
                #expect(try Problem(unread).reason == "spool-full")
                try await until { try await sender.get("/readyz").status == 503 }
                try world.postgres.restore()
                try await until { try await sender.post("/ingest/v1/cdr", Sample.call("last")).status == 202 }
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
                #expect(try await sender.metric(#"warp_ingest_spool_refusals_total{reason="spool-full"}"#) == 1)
                #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == kept + 1)
            }
        }
    }

    @Test("an instance that never comes back: another one drains what it left, and its torn end is no record")
    func orphan() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving(["instance": "1"]) { sender async throws in
                world.postgres.cut()
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["spooled"])
                #expect(try await sender.verdicts("/ingest/v1/mdr", Sample.message("m1")).words == ["spooled"])
            }
            let file = "\(world.spool)/1/000000000001.spool"
            let handle = try #require(FileHandle(forWritingAtPath: file))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("WSPE".utf8))
            try handle.close()
            try world.postgres.restore()
            try await world.serving(["instance": "2"]) { sender async throws in
                try await until { try await world.count("SELECT count(*) FROM billing.raw_mdr") == 1 }
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["repeat"])
                try await until { try SpoolDirectory.contents(of: "\(world.spool)/1").waitingBytes == 0 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 1)
        }
    }

    @Test("started while PostgreSQL is away, it still knows who may push")
    func startedWithout() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["accepted"])
                world.postgres.cut()
            }
            try await world.serving(isAway: true) { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u2")).words == ["spooled"])
                let stranger = Sender(url: sender.url, token: "nobody's")
                #expect(try await stranger.post("/ingest/v1/cdr", Sample.call("u3")).status != 202)
                try world.postgres.restore()
                try await until { try await sender.metric("warp_ingest_spool_bytes") == 0 }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 2)
        }
    }

    @Test("what PostgreSQL refuses for good is set aside and holds up nobody; put back, it is stored")
    func refused() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.pool.execute(
                "ALTER TABLE billing.raw_cdr ADD CONSTRAINT no_poison CHECK (sip_uuid <> 'poison')")
            try await world.serving { sender async throws in
                world.postgres.cut()
                for key in ["u1", "poison", "u2"] {
                    #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call(key)).words == ["spooled"])
                }
                try world.postgres.restore()
                try await until { try await world.count("SELECT count(*) FROM billing.raw_cdr") == 2 }
                try await until { try SpoolDirectory.contents(of: "\(world.spool)/1") == (0, 1) }
                #expect(try await sender.metric("warp_ingest_spool_aside_total") == 1)
                try await world.pool.execute("ALTER TABLE billing.raw_cdr DROP CONSTRAINT no_poison")
                #expect(try SpoolDirectory.putBack(in: "\(world.spool)/1") == 1)
                try await until { try await world.count("SELECT count(*) FROM billing.raw_cdr") == 3 }
            }
        }
    }

    @Test("a missing grant is no fault of the records: they wait until it is there")
    func missingGrant() async throws {
        try await SpoolWorld.with { world async throws in
            try await world.serving { sender async throws in
                try await world.pool.execute("REVOKE INSERT ON billing.raw_cdr FROM warp_ingest")
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["spooled"])
                try await world.pool.execute("GRANT INSERT ON billing.raw_cdr TO warp_ingest")
                try await until { try await world.count("SELECT count(*) FROM billing.raw_cdr") == 1 }
            }
        }
    }
}

/// A world whose daemon reaches PostgreSQL through a proxy, and has a spool.
struct SpoolWorld {
    let world: IngestWorld
    let postgres: ServerProxy
    /// Where all instances' spools lie.
    let spool: String

    var pool: PostgresPool { world.pool }

    static func with(_ body: (SpoolWorld) async throws -> Void) async throws {
        let spool = FileManager.default.temporaryDirectory.appending(path: "spools-\(UUID().uuidString)").path()
        let postgres = try ServerProxy(name: ".s.PGSQL.5432", upstream: try Services.postgresSocketPath())
        try await IngestWorld.with { world async throws in
            try await body(SpoolWorld(world: world, postgres: postgres, spool: spool))
        }
        postgres.cut()
        try FileManager.default.removeItem(atPath: spool)
    }

    /// Runs the daemon; unless PostgreSQL is away from the start, once it knows who may push.
    func serving(
        _ settings: [String: String] = [:], isAway: Bool = false, _ body: (Sender) async throws -> Void
    ) async throws {
        let own = ["postgres.host": postgres.directory, "postgres.port": "5432", "spool.directory": spool]
        try await world.serving(own.merging(settings) { $1 }) { sender async throws in
            if !isAway { _ = try await sender.verdicts("/ingest/v1/records", "[]") }
            try await body(sender)
        }
    }

    func count(_ sql: SQL) async throws -> Int { try await world.count(sql) }
    func texts(_ sql: SQL) async throws -> [String] { try await world.texts(sql) }
    func expectExactSpans(_ kind: String) async throws { try await world.expectExactSpans(kind) }
}
