import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("A record counts once", .needsServices)
struct OnceTests {
    @Test("the same record in one batch is kept once, whatever its blanks and the order of its fields")
    func sameBatch() async throws {
        let again = #"{"dni" : "+13128800100", "sip_uuid":"u1", "n": 1.0, "t":"a/b"}"#
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let first = #"{"sip_uuid":"u1","dni":"+13128800100","n":1,"t":"a\/b"}"#
                let reply = try await sender.verdicts("/ingest/v1/cdr", "[\(first),\(again),\(first)]")
                #expect(reply.words == ["accepted", "repeat", "repeat"])
                #expect(Set(reply.records.map(\.id)).count == 1)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 1)
        }
    }

    @Test("a repeat is one through another door, by another source and after a restart")
    func elsewhere() async throws {
        try await IngestWorld.with { world in
            try await world.addSource("other", token: "o1")
            try await world.serving { sender in
                let first = try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1"))
                #expect(first.words == ["accepted"])
                #expect(try await sender.verdicts("/ingest/v1/records", "[\(Sample.call("u1"))]").words == ["repeat"])
                let other = Sender(url: sender.url, token: "o1")
                #expect(try await other.verdicts("/ingest/v1/cdr", Sample.call("u1")).words == ["repeat"])
            }
            try await world.serving { sender in
                let reply = try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1"))
                #expect(reply == Reply(accepted: 0, repeats: 1, conflicts: 0, rejected: 0, records: reply.records))
                #expect(try await sender.metric(#"warp_ingest_records_total{kind="cdr",outcome="repeat"}"#) == 1)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 1)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_spans") == 1)
        }
    }

    @Test("the same key with other content is kept as a conflict, always compared with the first")
    func conflict() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let first = try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1", seconds: 10))
                let batch = [12, 10, 12].map { Sample.call("u1", seconds: $0) }.joined(separator: ",")
                let second = try await sender.verdicts("/ingest/v1/cdr", "[\(batch)]")
                #expect(second.words == ["conflict", "repeat", "conflict"])
                #expect(second.conflicts == 2 && second.repeats == 1)
                #expect(second.records[1].id == first.records[0].id)
                #expect(Set(second.records.map(\.id)).count == 3)
                let alone = try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1", seconds: 11))
                #expect(alone.words == ["conflict"])
            }
            #expect(
                try await world.texts("SELECT is_conflict::text FROM billing.raw_cdr ORDER BY raw_seq")
                    == ["false", "true", "true", "true"])
            #expect(try await world.count("SELECT count(*) FROM billing.record_keys") == 1)
        }
    }

    @Test("a record that many send at once is accepted once")
    func concurrent() async throws {
        try await IngestWorld.with { world in
            try await world.serving(["ingest.commitLanes": "6"]) { sender in
                let keys = (0..<10).map { "u\($0)" }
                let words = try await withThrowingTaskGroup(of: [String].self) { group in
                    for turn in 0..<24 {
                        // Everyone sends all the keys, each in another order.
                        let order = turn % 2 == 0 ? keys : keys.reversed()
                        let body = "[" + order.map { Sample.call($0) }.joined(separator: ",") + "]"
                        group.addTask { try await sender.verdicts("/ingest/v1/cdr", body).words }
                    }
                    return try await group.reduce(into: [String]()) { $0 += $1 }
                }
                #expect(words.count { $0 == "accepted" } == 10)
                #expect(words.count { $0 == "repeat" } == 230)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 10)
        }
    }

    @Test("an answer that another will follow doesn't take the message's key; a doubled receipt is a repeat")
    func evidence() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let throttled = Sample.message("m1", isFinal: false, status: "ESME_RTHROTTLED")
                let reply = try await sender.verdicts(
                    "/ingest/v1/records",
                    [
                        throttled, throttled, Sample.message("m1"), Sample.message("m1"), Sample.receipt("r1"),
                        Sample.receipt("r1", receivedAt: "2026-11-22T17:00:01.000Z"),
                    ].joined(separator: "\n"))
                #expect(reply.words == ["accepted", "repeat", "accepted", "repeat", "accepted", "repeat"])
            }
            #expect(
                try await world.texts("SELECT is_final::text FROM billing.raw_mdr ORDER BY raw_seq")
                    == ["false", "true"])
            let counts = try await world.texts(
                """
                SELECT kind || ' ' || received || ' ' || accepted || ' ' || evidence || ' ' || repeats
                FROM billing.ingest_counts
                ORDER BY kind
                """)
            #expect(counts == ["dlr 2 1 0 1", "mdr 4 2 1 2"])
        }
    }

    @Test("every record is counted once by hour, source and kind: received is the sum of its verdicts")
    func counts() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let lines = [
                    Sample.call("u1"), Sample.call("u1"), Sample.call("u1", seconds: 3), "{}", "nonsense",
                    #"{"record_type":"voice.cdr"}"#, Sample.query("q1"),
                ]
                let reply = try await sender.verdicts("/ingest/v1/records", lines.joined(separator: "\n"))
                #expect(
                    reply.words == ["accepted", "repeat", "conflict", "rejected", "rejected", "rejected", "accepted"])
            }
            let counts = try await world.texts(
                """
                SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || source || ' ' || kind || ' '
                    || received || ' ' || accepted || ' ' || conflicts || ' ' || repeats || ' ' || rejected
                FROM billing.ingest_counts
                ORDER BY kind
                """)
            #expect(
                counts == [
                    "2026-11-23 00:00 switch api 1 1 0 0 0", "2026-11-23 00:00 switch cdr 4 1 1 1 1",
                    "2026-11-23 00:00 switch unknown 2 0 0 0 2",
                ])
        }
    }
}
