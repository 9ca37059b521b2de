import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Doorbells and spans", .needsServices)
struct SpanTests {
    @Test("spans name exactly the rows of each commit, many commits at once, repeats among them, over several days")
    func exact() async throws {
        try await IngestWorld.with { world in
            try await world.serving(["ingest.commitLanes": "5"]) { sender in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in 0..<8 {
                        group.addTask {
                            for turn in 0..<6 {
                                // Two days in one body, and each call also sent by the client before.
                                let calls = (0..<5).flatMap { index -> [String] in
                                    let day = index % 2 == 0 ? "21" : "22"
                                    return [client, max(0, client - 1)].map { owner in
                                        #"{"sip_uuid":"\#(owner)-\#(turn)-\#(index)","start_stamp":"2026-11-\#(day)T10:00:00Z"}"#
                                    }
                                }
                                _ = try await sender.verdicts("/ingest/v1/cdr", calls.joined(separator: "\n"))
                                _ = try await sender.verdicts("/ingest/v1/dlr", Sample.receipt("r\(client)-\(turn)"))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let bell = try await world.announced("billing:usage:raw:cdr", atLeast: 240)
                let spans = try await world.spans("raw_cdr")
                #expect(bell.sorted() == spans.sorted())
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 240)
            try await world.expectExactSpans("raw_cdr")
            try await world.expectExactSpans("raw_dlr")
        }
    }

    @Test("a bell carries id, type and instant, and one span for a batch of one day")
    func entry() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let body = (1...50).map { Sample.query("q\($0)") }.joined(separator: "\n")
                #expect(try await sender.verdicts("/ingest/v1/api-usage", body).accepted == 50)
                let bell = try await world.announced("billing:usage:raw:api", atLeast: 50)
                #expect(bell == ["raw_api_usage 2026-11-22 1 50"])
            }
        }
    }

    @Test("a day far in the past or the future goes to the partition of its receipt")
    func implausible() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                let stamps = [
                    "1970-01-15T00:00:00Z", "2025-10-23T23:00:00Z", "2026-11-30T12:00:00Z", "2026-12-01T00:00:00Z",
                ]
                let body = stamps.enumerated().map { #"{"sip_uuid":"u\#($0)","start_stamp":"\#($1)"}"# }
                let reply = try await sender.verdicts("/ingest/v1/cdr", body.joined(separator: "\n"))
                #expect(reply.accepted == 4)
            }
            #expect(
                try await world.texts("SELECT usage_day::text FROM billing.raw_cdr ORDER BY sip_uuid")
                    == ["2026-11-23", "2025-10-23", "2026-11-30", "2026-11-23"])
        }
    }
}

extension IngestWorld {
    /// The spans of a kind as text: `raw_cdr 2026-11-22 1 50`.
    func spans(_ kind: String) async throws -> [String] {
        try await texts(
            """
            SELECT kind || ' ' || usage_day || ' ' || first_seq || ' ' || last_seq
            FROM billing.raw_spans
            WHERE kind = \(kind)
            """)
    }

    /// Every row lies in exactly one span, and no span holds a number without its row.
    func expectExactSpans(_ kind: String) async throws {
        let spanned = try await texts(
            """
            SELECT number || ' ' || usage_day
            FROM billing.raw_spans, generate_series(first_seq, last_seq) AS number
            WHERE kind = \(kind)
            ORDER BY number
            """)
        let rows = try await texts(
            "SELECT raw_seq || ' ' || usage_day FROM billing.\(identifier: kind) ORDER BY raw_seq")
        #expect(spanned == rows)
        #expect(try await count("SELECT sum(count)::bigint FROM billing.raw_spans WHERE kind = \(kind)") == rows.count)
    }

    /// The spans that a stream's entries announce, once they name so many rows.
    func announced(_ stream: String, atLeast rows: Int) async throws -> [String] {
        let connection = RedisConnection(try Services.redis())
        var spans: [UsageSpan] = []
        try await until {
            spans = []
            for entry in try await RedisStreams(connection).range(redisPrefix + stream, count: 10_000) {
                #expect(entry.fields.map(\.name) == ["id", "type", "at", "body"])
                spans += try UsageSpan.parse(body: entry.bytes("body") ?? [])
            }
            return spans.map(\.count).reduce(0, +) >= rows
        }
        await connection.close()
        return spans.map { "\($0.kind.rawValue) \($0.day.text) \($0.first) \($0.last)" }
    }
}
