import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Bodies", .needsServices)
struct BodyReceptionTests {
    private static func send(
        _ bytes: [UInt8], encoding: String, to sender: Sender
    ) async throws -> HTTPClientResponse {
        try await sender.post(
            "/ingest/v1/cdr", bytes,
            [.init("Authorization", "Bearer \(sender.token)"), .init("Content-Encoding", encoding)])
    }

    @Test("a gzip body is as good as its content")
    func gzip() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                let lines = (0..<300).map { Sample.call("u\($0)") }.joined(separator: "\n")
                let answer = try await Self.send(Gzip.compress(Array(lines.utf8)), encoding: "gzip", to: sender)
                #expect(answer.status == 202)
                #expect(try JSONDecoder().decode(Reply.self, from: Data(answer.body)).accepted == 300)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 300)
        }
    }

    @Test("a gzip body that is none, is cut off or grows beyond the bound is refused and named, other encodings too")
    func refused() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving(["http.maxBodyBytes": "65536"]) { sender async throws in
                let packed = Gzip.compress(Array(Sample.call("u1").utf8))
                #expect(
                    try Problem(try await Self.send(Array("{}".utf8), encoding: "gzip", to: sender)).reason
                        == "NOT_GZIP")
                #expect(try await Self.send(Array(packed.dropLast(9)), encoding: "gzip", to: sender).status == 422)
                let bomb = Gzip.compress([UInt8](repeating: 32, count: 20 << 20))
                #expect(bomb.count < 65_536)
                #expect(try await Self.send(bomb, encoding: "gzip", to: sender).status == 413)
                #expect(try await Self.send(packed, encoding: "br", to: sender).status == 415)
                #expect(try await Self.send(packed, encoding: "gzip", to: sender).status == 202)
                #expect(try await sender.get("/healthz").status == 200)
            }
        }
    }

    @Test(
        "heads with too many or too long headers, and requests that don't come to their end, are cut off; others go on")
    func floods() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                let port = try #require(URL(string: sender.url)?.port)
                let many = (0..<400).map { "X-Filler-\($0): 1\r\n" }.joined()
                let long = "X-Filler: \(String(repeating: "y", count: 100_000))\r\n"
                let endless = (0..<2_000).map { "X-\($0): \(String(repeating: "z", count: 1_000))\r\n" }.joined()
                for headers in [many, long, endless] {
                    let answer = try RawRequest.send(
                        "POST /ingest/v1/cdr HTTP/1.1\r\nHost: x\r\n\(headers)\r\n", port: port)
                    #expect(!answer.contains(" 202 ") && !answer.contains(" 401 "), "\(answer.prefix(80))")
                }
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
            }
        }
    }
}
