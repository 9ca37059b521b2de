import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("The doors", .needsServices)
struct IngestRoutesTests {
    static let doors: [(path: String, table: String, record: @Sendable (String) -> String)] = [
        ("/ingest/v1/cdr", "raw_cdr", { Sample.call($0) }),
        ("/ingest/v1/vendor-cdr", "raw_vendor_cdr", { Sample.attempt($0) }),
        ("/ingest/v1/mdr", "raw_mdr", { Sample.message($0) }),
        ("/ingest/v1/dlr", "raw_dlr", { Sample.receipt($0) }),
        ("/ingest/v1/api-usage", "raw_api_usage", { Sample.query($0) }),
    ]

    @Test("every door takes one record, an array of them, and lines, told apart by their content")
    func forms() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                for door in Self.doors {
                    let one = try await sender.verdicts(door.path, door.record("one"))
                    #expect(one.accepted == 1 && one.words == ["accepted"], "\(door.path)")
                    let array = "[\(door.record("a1")), \n \(door.record("a2"))]"
                    #expect(try await sender.verdicts(door.path, array).words == ["accepted", "accepted"])
                    let lines = "\(door.record("l1"))\n\(door.record("l2"))\n"
                    #expect(try await sender.verdicts(door.path, lines).words == ["accepted", "accepted"])
                    let line = try await sender.verdicts(
                        door.path, "\(door.record("n1"))\n", contentType: "application/x-ndjson")
                    #expect(line.words == ["accepted"])
                }
            }
            for door in Self.doors {
                #expect(try await world.count("SELECT count(*) FROM billing.\(identifier: door.table)") == 6)
            }
        }
    }

    @Test("one door takes all kinds together and tells them apart by record_type")
    func mixed() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let body =
                    [Sample.attempt("u1"), Sample.call("u1"), Sample.message("m1"), Sample.receipt("r1")]
                    .joined(separator: "\n") + "\n" + Sample.query("q1")
                let reply = try await sender.verdicts("/ingest/v1/records", body)
                #expect(reply.records.map(\.key) == ["u1|1", "u1", "m1", "smsc1|r1|DELIVRD|2611221659", "q1"])
                #expect(reply.accepted == 5)
                let empty = try await sender.verdicts("/ingest/v1/records", "[]")
                #expect(empty == Reply(accepted: 0, repeats: 0, conflicts: 0, rejected: 0, records: []))
            }
        }
    }

    @Test("the row keeps the record byte for byte, unknown fields and blanks included, beside its columns")
    func document() async throws {
        let record =
            #"{ "future":{"a":[1,2]}, "record_type" : "voice.cdr","sip_uuid":"ü1","sip_callid":"c\u0041",  "customer_ban":"BAN1","dni":"+13128800100","answer_stamp":"2026-11-20T23:59:59.999+00:00","end_stamp":null}"#
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let reply = try await sender.verdicts("/ingest/v1/records", "[\n\(record) \n]")
                #expect(reply.records.first?.key == "ü1")
            }
            let row = try #require(
                try await world.pool.query(
                    """
                    SELECT document, sip_uuid, sip_callid, customer_ban, dni, usage_day::text AS day, source, raw_seq,
                        is_conflict, answer_stamp = '2026-11-20T23:59:59.999Z' AS is_answered,
                        received_at BETWEEN '2026-11-23T00:30:00Z' AND '2026-11-23T00:32:00Z' AS is_received
                    FROM billing.raw_cdr
                    """
                ).first)
            #expect(try row.value("document") == record)
            #expect(try row.value("sip_uuid") == "ü1")
            #expect(try row.value("sip_callid") == "cA")
            #expect(try row.value("customer_ban") == "BAN1")
            #expect(try row.value("dni") == "+13128800100")
            #expect(try row.value("day") == "2026-11-20")
            #expect(try row.value("source") == "switch")
            #expect(try row.value("is_conflict") == false)
            #expect(try row.value("is_answered") == true)
            #expect(try row.value("is_received") == true)
        }
    }

    static let alone: [(body: String, path: String, reason: String, pointer: String)] = [
        (#"{"record_type":"voice.cdr","customer_ban":"B"}"#, "/ingest/v1/cdr", "MISSING", "/sip_uuid"),
        (#"{"record_type":"voice.cdr","sip_uuid":""}"#, "/ingest/v1/cdr", "EMPTY", "/sip_uuid"),
        (#"{"record_type":"voice.cdr","sip_uuid":7}"#, "/ingest/v1/cdr", "TYPE", "/sip_uuid"),
        (#"{"record_type":"voice.cdr","sip_uuid":"u","answer_stamp":17}"#, "/ingest/v1/cdr", "TYPE", "/answer_stamp"),
        (
            #"{"sip_uuid":"u","vendor_name":"v","attempt_number":0}"#, "/ingest/v1/vendor-cdr", "OUT_OF_RANGE",
            "/attempt_number"
        ),
        (#"{"service":"sms"}"#, "/ingest/v1/mdr", "MISSING", "/message_id"),
        (#"{"message_status":"DELIVRD"}"#, "/ingest/v1/dlr", "MISSING", "/smsc_message_id"),
        (#"{"api":"LRN"}"#, "/ingest/v1/api-usage", "MISSING", "/id"),
        (#"{"sip_uuid":"u"}"#, "/ingest/v1/records", "MISSING", "/record_type"),
        (#"{"record_type":"voice.ivr"}"#, "/ingest/v1/records", "UNKNOWN_RECORD_TYPE", "/record_type"),
        (#"{"record_type":"sms.mdr","message_id":"m"}"#, "/ingest/v1/cdr", "UNKNOWN_RECORD_TYPE", "/record_type"),
        ("hello", "/ingest/v1/cdr", "NOT_JSON", ""),
        ("", "/ingest/v1/records", "NOT_JSON", ""),
        (#"{"sip_uuid":"he said "hi""}"#, "/ingest/v1/cdr", "NOT_JSON", ""),
        ("17", "/ingest/v1/cdr", "NOT_AN_OBJECT", ""),
        (#"[{"sip_uuid":"u"},"#, "/ingest/v1/cdr", "NOT_JSON", ""),
    ]

    @Test("a bad record alone is answered 422 with reason and pointer, and its bytes are kept")
    func unprocessable() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                for bad in Self.alone {
                    let response = try await sender.post(bad.path, bad.body)
                    let problem = try Problem(response)
                    #expect(response.status == 422 && problem.status == 422, "\(bad.body)")
                    #expect(response.header("content-type") == "application/problem+json")
                    #expect(problem.reason == bad.reason, "\(bad.body)")
                    #expect(problem.pointer == bad.pointer, "\(bad.body)")
                }
            }
            let rows = try await world.pool.query(
                "SELECT path, reason, pointer, convert_from(bytes, 'UTF8') AS body FROM billing.ingest_rejects ORDER BY id"
            )
            #expect(rows.count == Self.alone.count)
            for (row, bad) in zip(rows, Self.alone) {
                #expect(try row.value("body") == bad.body)
                #expect(try row.value("path") == bad.path)
                #expect(try row.value("reason") == bad.reason)
                #expect(try row.value("pointer") == bad.pointer)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 0)
        }
    }

    @Test("in a batch a bad record is a verdict in its place and the others are kept, bytes that are no text too")
    func batch() async throws {
        let bytes =
            Array((Sample.call("u1") + "\n{\"sip_uuid\":\n{\"sip_uuid\":\"").utf8) + [0xff]
            + Array(("\"}\n17\n" + Sample.call("u2") + "\n").utf8)
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let response = try await sender.post(
                    "/ingest/v1/cdr", bytes, [.init("Authorization", "Bearer \(sender.token)")])
                #expect(response.status == 202)
                let reply = try JSONDecoder().decode(Reply.self, from: Data(response.body))
                #expect(reply.words == ["accepted", "rejected", "rejected", "rejected", "accepted"])
                #expect(reply.records.map(\.reason) == [nil, "NOT_JSON", "NOT_JSON", "NOT_AN_OBJECT", nil])
                #expect(reply.rejected == 3 && reply.accepted == 2)
                let all = try await sender.verdicts("/ingest/v1/records", "[1, {}]")
                #expect(all.words == ["rejected", "rejected"])
            }
            let kept: [[UInt8]] = try await world.pool.query("SELECT bytes FROM billing.ingest_rejects ORDER BY id")
                .map { try $0.value(at: 0) }
            #expect(kept.count == 5)
            #expect(kept[1] == Array("{\"sip_uuid\":\"".utf8) + [0xff] + Array("\"}".utf8))
            #expect(kept[3] == Array("1".utf8))
        }
    }

    @Test("a body above the bound is answered 413, announced or not, and one with too many records too")
    func tooLarge() async throws {
        try await IngestWorld.with { world in
            let bounds = ["http.maxBodyBytes": "2048", "ingest.maxRecordsPerBody": "3"]
            try await world.serving(bounds) { sender in
                let large = Sample.call("u1", more: #","pad":""# + String(repeating: "x", count: 2_048) + "\"")
                let answer = try await sender.post("/ingest/v1/cdr", large)
                #expect(answer.status == 413)
                #expect(try Problem(answer).reason == "body-too-large")
                let chunked = try await sender.post(
                    "/ingest/v1/cdr", Array(large.utf8),
                    [.init("Authorization", "Bearer \(sender.token)"), .init("Transfer-Encoding", "chunked")])
                #expect(chunked.status == 413)
                let many = try await sender.post("/ingest/v1/records", "[1,2,3,4]")
                #expect(many.status == 413)
                #expect(try Problem(many).reason == "too-many-records")
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.ingest_rejects") == 0)
        }
    }

    @Test("bodies that are read at once are bounded; a sender above it is told to come again")
    func bodyBudget() throws {
        let budget = BodyBudget(bytes: 1_000)
        try budget.reserve(600)
        #expect(throws: (any Error).self) { try budget.reserve(401) }
        try budget.reserve(400)
        budget.release(600)
        try budget.reserve(600)
    }
}
