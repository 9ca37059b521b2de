import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Plaid: signed webhooks")
struct PlaidWebhookTests {
    /// A webhook that was signed at `issuedAt`, and the key.
    private struct Vector {
        let body: [UInt8]
        let token: String
        let issuedAt: Int64
        let key: Core.JSONValue

        init() throws {
            let file = URL(filePath: "\(TestDatabase.repositoryRoot)/Tests/Fixtures/plaid/webhook.json")
            let document = try Core.JSONValue(parsing: Array(try Data(contentsOf: file)))
            body = Array(try #require(document["body"]?.string).utf8)
            token = try #require(document["token"]?.string)
            issuedAt = Int64(try #require(document["issuedAt"]?.integer))
            key = try #require(document["jwk"])
        }

        /// A server that has this key, with some members changed.
        func peer(_ changes: [String: Core.JSONValue] = [:]) throws -> HTTPPeer {
            var key = JSONObject(key.fields ?? [])
            for (name, value) in changes { key[name] = value }
            let body = Core.JSONValue.object(["key": .object(key), "request_id": .string("r")]).encoded
            return try HTTPPeer { _, _ in
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
        }
    }

    @Test("the vector's webhook is Plaid's for five minutes around its signing, and no longer")
    func vector() async throws {
        let vector = try Vector()
        let peer = try vector.peer()
        defer { peer.stop() }
        let webhooks = PlaidWebhooks(account: PlaidWorld.account(peer.url))
        for seconds: Int64 in [0, 300, -300] {
            let said = try await webhooks.verify(vector.token, body: vector.body, now: vector.issuedAt + seconds)
            #expect(said == .transferEvents)
        }
        for seconds: Int64 in [301, -301] {
            await #expect(throws: PlaidWebhookError.refused("iat is not within five minutes")) {
                try await webhooks.verify(vector.token, body: vector.body, now: vector.issuedAt + seconds)
            }
        }
        // One question was enough, and it names the key.
        #expect(peer.requests.count == 1)
        #expect(peer.requests.first?.contains(#"{"key_id":"bfbd5111-8e33-4643-8ced-b2e642a72f3c"}"#) == true)
    }

    @Test("another body, another signature, another algorithm and half a token are refused")
    func forged() async throws {
        let vector = try Vector()
        let peer = try vector.peer()
        defer { peer.stop() }
        let webhooks = PlaidWebhooks(account: PlaidWorld.account(peer.url))
        let parts = vector.token.split(separator: ".").map(String.init)
        let kid = "bfbd5111-8e33-4643-8ced-b2e642a72f3c"
        func token(header: String, signature: String? = nil) -> String {
            "\(Base64.encodeURL(Array(header.utf8))).\(parts[1]).\(signature ?? parts[2])"
        }
        let stranger = try SigningKey.newP256()
        let claims = String(decoding: try #require(Base64.decode(parts[1])), as: UTF8.self)
        let forged = try stranger.token(header: #"{"alg":"ES256","kid":"\#(kid)"}"#, claims: claims, .es256)
        let cases = [
            (forged, "the signature does not fit"),
            ("\(parts[0]).\(parts[1]).\(String(repeating: "A", count: 86))", "the signature does not fit"),
            (token(header: #"{"alg":"none","kid":"\#(kid)"}"#, signature: ""), "alg is not ES256"),
            (token(header: #"{"alg":"HS256","kid":"\#(kid)"}"#), "alg is not ES256"),
            (token(header: #"{"alg":"ES256"}"#), "no key is named"),
            ("\(parts[0]).\(parts[1])", "the token is none"), ("", "the token is none"), ("..", "the token is none"),
            (String(repeating: "a", count: 5_000), "the token is too long"),
        ]
        for (token, problem) in cases {
            await #expect(throws: PlaidWebhookError.refused(problem)) {
                try await webhooks.verify(token, body: vector.body, now: vector.issuedAt)
            }
        }
        await #expect(throws: PlaidWebhookError.refused("the body is not the one that was signed")) {
            try await webhooks.verify(vector.token, body: vector.body + [0x20], now: vector.issuedAt)
        }
    }

    @Test("an extreme iat is refused, not computed with", arguments: [Int.min, Int.max])
    func extremeTime(iat: Int) async throws {
        let webhooks = PlaidWebhooks(account: PlaidWorld.account("http://127.0.0.1:1"))
        let token = try SigningKey.newP256().token(
            header: #"{"alg":"ES256","kid":"k"}"#, claims: #"{"iat":\#(iat),"request_body_sha256":""}"#, .es256)
        await #expect(throws: PlaidWebhookError.refused("iat is not within five minutes")) {
            try await webhooks.verify(token, body: [], now: 1_795_363_200)
        }
    }

    @Test("a key that has expired, or is none of ES256, opens nothing")
    func badKeys() async throws {
        let vector = try Vector()
        func verdict(_ changes: [String: Core.JSONValue]) async throws -> PlaidWebhookError? {
            let peer = try vector.peer(changes)
            defer { peer.stop() }
            let webhooks = PlaidWebhooks(account: PlaidWorld.account(peer.url))
            return await #expect(throws: PlaidWebhookError.self) {
                try await webhooks.verify(vector.token, body: vector.body, now: vector.issuedAt)
            }
        }
        let expired = try await verdict(["expired_at": .number("\(vector.issuedAt)")])
        #expect(expired == .refused("the key has expired"))
        for change in [
            ["alg": Core.JSONValue.string("ES384")], ["kty": .string("RSA")], ["crv": .string("P-384")],
            ["kid": .string("another")], ["x": .string("AAAA")],
        ] {
            let error = try await verdict(change)
            #expect(error?.reason == "processor-unreadable", "\(change)")
        }
    }

    @Test("what the sandbox sends, twice over, verifies with one question for the key; a rotated key is refused")
    func sandbox() async throws {
        try await PlaidWorld.with { world in
            let statuses = try await world.service.desk.send(to: "\(world.base)/sink/plaid", copies: 2)
            #expect(statuses == [204, 204])
            let received = world.server.traffic.requests(of: "sink")
            #expect(received.count == 2)
            let webhooks = PlaidWebhooks(account: PlaidWorld.account(world.base))
            let now = Int64(Date.now.timeIntervalSince1970)
            for request in received {
                let token = try #require(request.headers["plaid-verification"])
                let said = try await webhooks.verify(token, body: Array(request.body.utf8), now: now)
                #expect(said == .transferEvents)
            }
            #expect(world.requests(Self.keyPath).count == 1)

            try await world.service.desk.rotate()
            let late = PlaidWebhooks(account: PlaidWorld.account(world.base))
            let old = try #require(received.first?.headers["plaid-verification"])
            let body = Array(try #require(received.first).body.utf8)
            await #expect(throws: PlaidWebhookError.refused("the key has expired")) {
                try await late.verify(old, body: body, now: now + 1)
            }
            let fresh = try await world.service.desk.token(over: body)
            #expect(try await late.verify(fresh, body: body, now: now + 1) == .transferEvents)
        }
    }

    @Test("while keys cannot be had nothing is decided, and Plaid may send again")
    func undecided() async throws {
        try await PlaidWorld.with { world in
            let body = Array("{}".utf8)
            let token = try await world.service.desk.token(over: body)
            let now = Int64(Date.now.timeIntervalSince1970)
            let webhooks = PlaidWebhooks(account: PlaidWorld.account(world.base))
            world.order(.serverError, path: Self.keyPath)
            let error = await #expect(throws: PlaidWebhookError.self) {
                try await webhooks.verify(token, body: body, now: now)
            }
            #expect(error?.isTransient == true)
            #expect(error?.reason == "processor-failing")
            let said = try await webhooks.verify(token, body: body, now: now)
            #expect(said == .other(type: "", code: ""))
        }
    }

    @Test("strangers' keys are asked for once each, and at most so many in a minute")
    func strangers() async throws {
        try await PlaidWorld.with { world in
            let stranger = try SigningKey.newP256()
            let body = Array("{}".utf8)
            let hash = Digest.hex(Digest.sha256(body))
            let now: Int64 = 1_795_363_200
            let webhooks = PlaidWebhooks(account: PlaidWorld.account(world.base))
            var refused = 0
            for number in 0..<40 {
                let token = try stranger.token(
                    header: #"{"alg":"ES256","kid":"stranger-\#(number / 2)"}"#,
                    claims: #"{"iat":\#(now),"request_body_sha256":"\#(hash)"}"#, .es256)
                await #expect(throws: PlaidWebhookError.refused("Plaid has no such key")) {
                    try await webhooks.verify(token, body: body, now: now)
                }
                refused += 1
            }
            #expect(refused == 40)
            #expect(world.requests(Self.keyPath).count == 20)
            var undecided = 0
            for number in 0..<15 {
                let token = try stranger.token(
                    header: #"{"alg":"ES256","kid":"another-\#(number)"}"#,
                    claims: #"{"iat":\#(now),"request_body_sha256":"\#(hash)"}"#, .es256)
                let error = await #expect(throws: PlaidWebhookError.self) {
                    try await webhooks.verify(token, body: body, now: now)
                }
                if error?.isTransient == true { undecided += 1 }
            }
            #expect(undecided == 5)
            #expect(world.requests(Self.keyPath).count == PlaidWebhooks.questionsPerMinute)
        }
    }

    @Test(
        "what a webhook says: look at the events, this customer must log in, or nothing of ours",
        arguments: [
            (
                #"{"webhook_type":"TRANSFER","webhook_code":"TRANSFER_EVENTS_UPDATE","environment":"sandbox"}"#,
                PlaidWebhook.transferEvents
            ),
            (
                #"{"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"I","error":{"error_code":"ITEM_LOGIN_REQUIRED"}}"#,
                .loginRequired(item: "I")
            ),
            (
                #"{"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"I","error":{"error_code":"OTHER"}}"#,
                .other(type: "ITEM", code: "ERROR")
            ),
            (
                #"{"webhook_type":"ITEM","webhook_code":"PENDING_EXPIRATION","item_id":"I"}"#,
                .loginRequired(item: "I")
            ),
            (
                #"{"webhook_type":"ITEM","webhook_code":"PENDING_DISCONNECT","item_id":"I"}"#,
                .loginRequired(item: "I")
            ),
            (#"{"webhook_type":"AUTH","webhook_code":"NEWS"}"#, .other(type: "AUTH", code: "NEWS")),
        ])
    func contents(text: String, expected: PlaidWebhook) async throws {
        try await PlaidWorld.with { world in
            let body = Array(text.utf8)
            let token = try await world.service.desk.token(over: body)
            let said = try await PlaidWebhooks(account: PlaidWorld.account(world.base))
                .verify(token, body: body, now: Int64(Date.now.timeIntervalSince1970))
            #expect(said == expected)
        }
    }

    private static let keyPath = "/webhook_verification_key/get"
}
