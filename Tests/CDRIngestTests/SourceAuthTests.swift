import Core
import DaemonKit
import Drivers
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Who may push")
struct SourceAuthTests {
    static let headers: [(header: String, credentials: Credentials?)] = [
        ("Bearer abc", .bearer(token: "abc")),
        ("bearer   abc", .bearer(token: "abc")),
        ("Basic c3dpdGNoOmE6Yg==", .basic(name: "switch", token: "a:b")),
        ("Basic %%%", nil),
        ("Basic c3dpdGNo", nil),
        ("Digest x", nil),
        ("Bearer", nil),
        ("", nil),
    ]

    @Test("a sender shows a bearer token, or its name and token as Basic", arguments: headers)
    func credentials(header: String, credentials: Credentials?) {
        #expect(Credentials(authorization: header) == credentials)
    }

    @Test(
        "no credentials and wrong ones are answered 401 with what would do, Basic first; nothing is stored",
        .needsServices)
    func unauthorized() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                let basic = Base64.encode(Array("other:\(IngestWorld.token)".utf8))
                for headers in [[], ["Bearer wrong"], ["Basic \(basic)"], ["Bearer \(IngestWorld.token)x"]] {
                    let answer = try await sender.post(
                        "/ingest/v1/cdr", Array(Sample.call("u1").utf8), headers.map { .init("Authorization", $0) })
                    #expect(answer.status == 401)
                    let challenges = answer.headers.filter { $0.name.lowercased() == "www-authenticate" }.map(\.value)
                    #expect(challenges == [#"Basic realm="warp-billing""#, "Bearer"])
                }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.ingest_counts") == 0)
        }
    }

    @Test("Basic with the source's own name is as good as Bearer", .needsServices)
    func basic() async throws {
        try await IngestWorld.with { world async throws in
            try await world.serving { sender async throws in
                let basic = Base64.encode(Array("switch:\(IngestWorld.token)".utf8))
                let answer = try await sender.post(
                    "/ingest/v1/cdr", Array(Sample.call("u1").utf8), [.init("Authorization", "Basic \(basic)")])
                #expect(answer.status == 202)
            }
            #expect(try await world.texts("SELECT source FROM billing.raw_cdr") == ["switch"])
        }
    }

    @Test("a new source may push at once, a revoked one no longer after the next reading", .needsServices)
    func changes() async throws {
        try await IngestWorld.with { world async throws in
            let store = SourceStore(pool: world.pool)
            let instant = Instant(milliseconds: 1_795_393_800_000)
            try await world.serving(["sources.refreshSeconds": "1"]) { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
                #expect(try await store.add(.gateway("g1"), at: instant))
                try await Task.sleep(for: .milliseconds(300))
                let gateway = Sender(url: sender.url, token: "g1")
                #expect(try await gateway.verdicts("/ingest/v1/mdr", Sample.message("m1")).accepted == 1)
                #expect(try await !store.add(.gateway("g2"), at: instant))

                #expect(try await store.revoke(name: "gateway", at: instant))
                #expect(try await !store.revoke(name: "gateway", at: instant))
                try await until { try await gateway.post("/ingest/v1/mdr", Sample.message("m1")).status == 401 }

                #expect(try await store.add(.gateway("g3", kinds: ["mdr"]), at: instant))
                try await until {
                    let renewed = Sender(url: sender.url, token: "g3")
                    return try await renewed.post("/ingest/v1/mdr", Sample.message("m1")).status == 202
                }
            }
        }
    }

    @Test("a source that may only send messages gets its calls rejected, one by one", .needsServices)
    func kinds() async throws {
        try await IngestWorld.with { world async throws in
            try await world.addSource("gateway", token: "g1", kinds: ["mdr", "dlr"])
            try await world.serving { sender async throws in
                let gateway = Sender(url: sender.url, token: "g1")
                let reply = try await gateway.verdicts(
                    "/ingest/v1/records", "[\(Sample.message("m1")),\(Sample.call("u1")),\(Sample.receipt("r1"))]")
                #expect(reply.words == ["accepted", "rejected", "accepted"])
                #expect(reply.records[1].reason == "NOT_ALLOWED")
                #expect(reply.records[1].pointer == "/record_type")
            }
            #expect(
                try await world.texts("SELECT kind || ' ' || rejected FROM billing.ingest_counts ORDER BY kind")
                    == ["cdr 1", "dlr 0", "mdr 0"])
        }
    }

    @Test(
        "a source that signs is known by its signature over instant, path and body, and by nothing else", .needsServices
    )
    func signed() async throws {
        try await IngestWorld.with { world async throws in
            let keys = SigningKeys(Secret(String(repeating: "k", count: 32)))
            let salt: [UInt8] = [1, 2, 3]
            let source = Source(
                name: "lookup", credential: .signature, tokenHash: Digest.random(32), salt: salt, kinds: [],
                recordsPerSecond: nil, createdAt: "", revokedAt: nil)
            #expect(try await SourceStore(pool: world.pool).add(source, at: Instant(milliseconds: 1_795_393_800_000)))
            try await world.serving(["sources.signingKey": String(repeating: "k", count: 32)]) { sender async throws in
                let key = keys.text(of: "lookup", salt: salt)
                let now = Int64(Date().timeIntervalSince1970)
                func status(
                    _ body: String, at seconds: Int64, path: String = "/ingest/v1/api-usage",
                    signing signed: String? = nil,
                    key: String, name: String = "lookup"
                ) async throws -> Int {
                    let digest = SourceSignature.digest(
                        of: Array((signed ?? body).utf8), path: path, timestamp: "\(seconds)", key: Array(key.utf8))
                    return try await sender.post(
                        "/ingest/v1/api-usage", Array(body.utf8),
                        [
                            .init("X-Warp-Source", name), .init("X-Warp-Timestamp", "\(seconds)"),
                            .init("X-Warp-Signature", "v1=\(Digest.hex(digest))"),
                        ]
                    ).status
                }
                let body = Sample.query("q1")
                #expect(try await status(body, at: now, key: key) == 202)
                // A replay within the window is a repeat.
                #expect(try await status(body, at: now, key: key) == 202)
                #expect(try await status(body, at: now - 290, key: key) == 202)
                #expect(try await status(body, at: now - 400, key: key) == 401)
                #expect(try await status(body, at: now + 400, key: key) == 401)
                #expect(try await status(body, at: .max, key: key) == 401)
                #expect(try await status(Sample.query("q2"), at: now, signing: body, key: key) == 401)
                #expect(try await status(body, at: now, path: "/ingest/v1/cdr", key: key) == 401)
                #expect(try await status(body, at: now, key: "another key") == 401)
                #expect(try await status(body, at: now, key: key, name: "switch") == 401)
                #expect(try await Sender(url: sender.url, token: key).post("/ingest/v1/api-usage", body).status == 401)
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_api_usage") == 1)
        }
    }

    @Test(
        "a certificate's name is believed from this host, where a header for it is set, and from nobody without one",
        .needsServices)
    func certificate() async throws {
        try await IngestWorld.with { world async throws in
            let source = Source(
                name: "sbc2.example.net", credential: .certificate, tokenHash: Digest.random(32), salt: nil, kinds: [],
                recordsPerSecond: nil, createdAt: "", revokedAt: nil)
            #expect(try await SourceStore(pool: world.pool).add(source, at: Instant(milliseconds: 1_795_393_800_000)))
            func status(_ name: String, _ sender: Sender) async throws -> Int {
                try await sender.post(
                    "/ingest/v1/cdr", Array(Sample.call("u1").utf8), [.init("X-Client-Name", name)]
                ).status
            }
            try await world.serving(["sources.clientHeader": "X-Client-Name"]) { sender async throws in
                #expect(try await status("sbc2.example.net", sender) == 202)
                #expect(try await status("sbc3.example.net", sender) == 401)
                // A source with a token is not one with a certificate.
                #expect(try await status("switch", sender) == 401)
            }
            try await world.serving { sender async throws in
                #expect(try await status("sbc2.example.net", sender) == 401)
            }
        }
    }

    @Test("only loopback addresses and Unix sockets are of this host")
    func peers() throws {
        #expect(Peer(try SocketAddress(ipAddress: "127.0.0.1", port: 1)).isLocal)
        #expect(Peer(try SocketAddress(ipAddress: "127.8.0.9", port: 1)).isLocal)
        #expect(Peer(try SocketAddress(ipAddress: "::1", port: 1)).isLocal)
        #expect(Peer(try SocketAddress(unixDomainSocketPath: "/run/x")).isLocal)
        for address in ["10.0.0.1", "126.0.0.1", "128.0.0.1", "fe80::1", "::ffff:10.0.0.1"] {
            #expect(!Peer(try SocketAddress(ipAddress: address, port: 1)).isLocal, "\(address)")
        }
        #expect(!Peer(nil).isLocal)
    }

    @Test(
        "over its rate a source hears 429 and when to come again; a batch is paid for afterwards; others are not held up"
    )
    func rates() throws {
        let rates = SourceRates()
        let (slow, fast) = (Source.gateway("s", recordsPerSecond: 10), Source.gateway("f"))
        let start = ContinuousClock.now
        try rates.admit(slow, at: start)
        rates.count(35, of: slow, at: start)
        let refused = #expect(throws: APIError.self) { try rates.admit(slow, at: start) }
        #expect(refused?.status == .tooManyRequests && refused?.retryAfterSeconds == 3)
        rates.count(1_000_000, of: fast, at: start)
        try rates.admit(fast, at: start)
        #expect(throws: APIError.self) { try rates.admit(slow, at: start + .milliseconds(2_500)) }
        try rates.admit(slow, at: start + .milliseconds(2_700))
        // What was not used is not saved up beyond a second's worth.
        rates.count(10, of: slow, at: start + .seconds(100))
        #expect(throws: APIError.self) { try rates.admit(slow, at: start + .seconds(100)) }
    }

    @Test("a source's rate holds at the door, before the body is read", .needsServices)
    func limited() async throws {
        try await IngestWorld.with { world async throws in
            try await world.pool.execute("UPDATE billing.sources SET records_per_second = 2")
            try await world.serving { sender async throws in
                let three = [Sample.call("u1"), Sample.call("u2"), Sample.call("u3")].joined(separator: "\n")
                #expect(try await sender.verdicts("/ingest/v1/cdr", three).accepted == 3)
                let answer = try await sender.post("/ingest/v1/cdr", "not even JSON")
                #expect(answer.status == 429 && answer.header("retry-after") == "1")
                #expect(try await sender.metric(#"warp_ingest_limited_total{source="switch"}"#) == 1)
                try await until { try await sender.post("/ingest/v1/cdr", Sample.call("u4")).status == 202 }
            }
        }
    }
}

extension Source {
    /// A source with a token.
    fileprivate static func gateway(_ token: String, kinds: [String] = [], recordsPerSecond: Int? = nil) -> Source {
        Source(
            name: "gateway", credential: .token, tokenHash: Digest.sha256(token), salt: nil, kinds: kinds,
            recordsPerSecond: recordsPerSecond, createdAt: "", revokedAt: nil)
    }
}

/// Waits until something holds, ten seconds at most.
func until(_ holds: () async throws -> Bool) async throws {
    for _ in 0..<100 {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("did not come to hold within ten seconds")
}
