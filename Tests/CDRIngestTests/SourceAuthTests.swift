import Core
import Drivers
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
        try await IngestWorld.with { world in
            try await world.serving { sender in
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
        try await IngestWorld.with { world in
            try await world.serving { sender in
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
        try await IngestWorld.with { world in
            let store = SourceStore(pool: world.pool)
            let instant = Instant(milliseconds: 1_795_393_800_000)
            try await world.serving(["sources.refreshSeconds": "1"]) { sender in
                #expect(try await sender.verdicts("/ingest/v1/cdr", Sample.call("u1")).accepted == 1)
                #expect(try await store.add(name: "gateway", tokenHash: Digest.sha256("g1"), kinds: [], at: instant))
                try await Task.sleep(for: .milliseconds(300))
                let gateway = Sender(url: sender.url, token: "g1")
                #expect(try await gateway.verdicts("/ingest/v1/mdr", Sample.message("m1")).accepted == 1)
                #expect(try await !store.add(name: "gateway", tokenHash: Digest.sha256("g2"), kinds: [], at: instant))

                #expect(try await store.revoke(name: "gateway", at: instant))
                #expect(try await !store.revoke(name: "gateway", at: instant))
                try await until { try await gateway.post("/ingest/v1/mdr", Sample.message("m1")).status == 401 }

                #expect(
                    try await store.add(name: "gateway", tokenHash: Digest.sha256("g3"), kinds: [.mdr], at: instant))
                try await until {
                    let renewed = Sender(url: sender.url, token: "g3")
                    return try await renewed.post("/ingest/v1/mdr", Sample.message("m1")).status == 202
                }
            }
        }
    }

    @Test("a source that may only send messages gets its calls rejected, one by one", .needsServices)
    func kinds() async throws {
        try await IngestWorld.with { world in
            try await world.addSource("gateway", token: "g1", kinds: ["mdr", "dlr"])
            try await world.serving { sender in
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
}

/// Waits until something holds, ten seconds at most.
func until(_ holds: () async throws -> Bool) async throws {
    for _ in 0..<100 {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("did not come to hold within ten seconds")
}
