import Drivers
import Foundation
import Glibc
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

/// A request byte by byte as it is given, over a socket of its own.
enum RawRequest {
    /// Sends the text and returns what comes back until the other side closes, or ten seconds have passed.
    static func send(_ text: String, port: Int) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        var wait = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(text.utf8)
        // What is refused half-way is closed half-way.
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
            if answer.count > 1 << 20 { break }
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
