import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Jasmin's own callbacks", .needsServices)
struct JasminCallbackTests {
    /// A callback as Jasmin sent it: `mo` or `dlr`, with its query, and its body.
    struct Callback: Decodable {
        let method: String
        let target: String
        let body: String
    }

    static func captured(_ name: String) throws -> [Callback] {
        let file = "\(TestDatabase.repositoryRoot)/Tests/Fixtures/captured/callbacks/\(name).jsonl"
        return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Callback.self, from: Data($0.utf8))
        }
    }

    @Test("every captured callback, form and GET, is acknowledged once it is stored; sent four times it is stored once")
    func captured() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                for name in ["http_dlr_callbacks", "http_mo_callbacks", "http_get_callbacks"] {
                    for callback in try Self.captured(name) {
                        for _ in 0..<4 {
                            let answer = try await sender.callback(callback)
                            #expect(answer.status == 200 && answer.text == "ACK/Jasmin")
                        }
                    }
                }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.ingest_rejects") == 0)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_mdr WHERE is_conflict") == 0)
            #expect(
                try await world.texts(
                    """
                    SELECT kind || ' ' || sum(received) || ' ' || sum(accepted) || ' ' || sum(repeats) || ' ' || sum(conflicts)
                    FROM billing.ingest_counts GROUP BY kind ORDER BY kind
                    """) == ["dlr 72 18 54 0", "mdr 40 10 30 0"])
        }
    }

    @Test(
        "an inbound message is decoded by its coding, and a joined one keeps its text, by which its segments are counted"
    )
    func messages() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                for callback in try Self.captured("http_mo_callbacks") { _ = try await sender.callback(callback) }
            }
            let rows = try await world.texts(
                """
                SELECT concat_ws('|', document::jsonb->>'source_addr', document::jsonb->>'data_coding',
                    left(document::jsonb->>'body', 12), document::jsonb->>'direction', connector)
                FROM billing.raw_mdr ORDER BY raw_seq
                """)
            #expect(
                rows == [
                    "13035550100|0|STOP|mo|smsc1", "13035550101|8|Café ☕ test |mo|smsc1",
                    "13035550104|0|This is a lo|mo|smsc1", "13035550102|0|This is a lo|mo|smsc1",
                    "13035550103|0|This is a lo|mo|smsc1",
                ])
            let bodies = try await world.texts("SELECT document::jsonb->>'body' FROM billing.raw_mdr ORDER BY raw_seq")
            // In three parts by UDH, in three by SAR, and whole in one message_payload, which counts by its length.
            #expect(bodies.map { MessageText($0, coding: nil).segments } == [1, 1, 3, 3, 3])
        }
    }

    @Test("at level 2 the SMSC's id is kept, and what Jasmin calls a connector then is none")
    func receipts() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                for callback in try Self.captured("http_dlr_callbacks") { _ = try await sender.callback(callback) }
            }
            #expect(
                try await world.texts(
                    """
                    SELECT concat_ws('|', coalesce(connector, '-'), coalesce(smsc_id, '-'), message_status)
                    FROM billing.raw_dlr WHERE message_id = 'd45b9097-e0d1-4f84-b9d7-e2cfc4f9f6de' ORDER BY raw_seq
                    """) == ["smsc1|-|ESME_ROK", "-|A0000001|DELIVRD"])
        }
    }

    @Test("a secret that is nobody's is answered 401, and what is no record is kept as a reject and acknowledged")
    func refused() async throws {
        try await IngestWorld.with { world async throws in
            try await world.addSource("calls-only", token: "c1", kinds: ["cdr"])
            try await world.serving { sender async throws in
                let callback = Callback(method: "POST", target: "mo", body: "from=1&to=2")
                #expect(try await Sender(url: sender.url, token: "wrong").callback(callback).status == 401)
                #expect(try await sender.callback(callback).text == "ACK/Jasmin")
                let whole = Callback(method: "GET", target: "mo?id=x1&from=1&to=2&coding=%00&binary=41", body: "")
                #expect(try await Sender(url: sender.url, token: "c1").callback(whole).text == "ACK/Jasmin")
            }
            #expect(
                try await world.texts(
                    "SELECT reason || ' ' || pointer || ' ' || path FROM billing.ingest_rejects ORDER BY id")
                    == ["MISSING /message_id /ingest/v1/jasmin/mo", "NOT_ALLOWED /record_type /ingest/v1/jasmin/mo"])
        }
    }
}

extension Sender {
    /// Sends a callback as Jasmin does, this sender's token as the secret in the path.
    func callback(_ callback: JasminCallbackTests.Callback) async throws -> HTTPClientResponse {
        let parts = callback.target.split(separator: "?", maxSplits: 1)
        let path = "/ingest/v1/jasmin/\(parts[0])/\(token)"
        guard callback.method == "GET" else {
            return try await post(path, Array(callback.body.utf8), [], "application/x-www-form-urlencoded")
        }
        return try await get("\(path)?\(parts[1])")
    }
}

@Suite("Forms")
struct FormFieldsTests {
    static let forms: [(text: String, name: String, value: [UInt8]?)] = [
        ("a=1&b=2", "b", Array("2".utf8)), ("a=1", "b", nil), ("a", "a", []), ("a=", "a", []),
        ("a=x+y%20z", "a", Array("x y z".utf8)), ("coding=%00", "coding", [0]), ("a=%C3%A9", "a", [0xC3, 0xA9]),
        ("a=%zz%4", "a", Array("%zz%4".utf8)), ("a=%+1", "a", Array("% 1".utf8)), ("a=1&a=2", "a", Array("1".utf8)),
        ("%61=1", "a", Array("1".utf8)), ("a=b=c", "a", Array("b=c".utf8)), ("&&a=1&", "a", Array("1".utf8)),
    ]

    @Test("fields come as their raw bytes", arguments: forms)
    func fields(text: String, name: String, value: [UInt8]?) {
        #expect(FormFields(Array(text.utf8)).bytes(name) == value)
    }

    @Test("a text is never empty, and what is not UTF-8, and NUL, is replaced")
    func texts() {
        let form = FormFields(Array("a=&b=%FF%00c".utf8))
        #expect(form.text("a") == nil)
        #expect(form.text("b") == "\u{FFFD}\u{FFFD}c")
    }

    @Test("whatever a callback holds, it makes a document of one record or a reject")
    func anyBytes() throws {
        var generator = SeededGenerator(property: 2_026)
        let bodies = try ["http_dlr_callbacks", "http_mo_callbacks"].flatMap(JasminCallbackTests.captured).map(\.body)
        for round in 0..<2_000 {
            let form = FormFields(mutated(Array(bodies[round % bodies.count].utf8), using: &generator))
            for door in [IngestDoor.jasminMO, .jasminDLR] {
                let document = JasminCallback.document(of: form, at: door, receivedAt: Instant(milliseconds: 0))
                let framed = FramedBody(document, isNDJSON: false)
                #expect(framed.elements.count == 1)
                guard case .record = framed.elements[0] else {
                    Issue.record("no JSON: \(String(decoding: document, as: UTF8.self))")
                    return
                }
            }
        }
    }
}
