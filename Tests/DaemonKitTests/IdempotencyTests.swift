import Drivers
import Foundation
import Hummingbird
import Synchronization
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Requests with a key", .needsServices)
struct IdempotencyTests {
    @Test("a repeat gets the same status and bytes, and runs nothing; another key and another caller run")
    func replay() async throws {
        try await KeyedDaemon.with { daemon in
            let first = try await daemon.send("/things", key: "k1", body: #"{"amount":"5.00"}"#)
            #expect(first.status == 201)
            #expect(first.text == #"{"run":1,"id":"thing|operator:ada|k1"}"#)
            #expect(first.header("Idempotent-Replayed") == nil)
            for _ in 1...3 {
                let again = try await daemon.send("/things", key: "k1", body: #"{"amount":"5.00"}"#)
                #expect(again.status == 201)
                #expect(again.body == first.body)
                #expect(again.header("Content-Type") == first.header("Content-Type"))
                #expect(again.header("Idempotent-Replayed") == "true")
            }
            #expect(daemon.runs.all.count == 1)
            #expect(try await daemon.send("/things", key: "k2").text.contains(#""run":2"#))
            let other = try await daemon.send("/things", key: "k1", token: "bob")
            #expect(other.text == #"{"run":3,"id":"thing|operator:bob|k1"}"#)
        }
    }

    @Test("a refusal is kept too, and so is an answer without a body")
    func refusals() async throws {
        try await KeyedDaemon.with { daemon in
            let first = try await daemon.send("/refused", key: "k1")
            let again = try await daemon.send("/refused", key: "k1")
            #expect(first.status == 422)
            #expect(again.body == first.body)
            #expect(again.header("Content-Type") == "application/problem+json")
            #expect(again.header("Idempotent-Replayed") == "true")
            for _ in 1...2 {
                let empty = try await daemon.send("/things/1", key: "k2", body: "", method: .delete)
                #expect(empty.status == 204)
                #expect(empty.body.isEmpty)
            }
            #expect(daemon.runs.all == ["refused", "delete"])
        }
    }

    @Test("the same key with another body, path, query or method is refused")
    func reused() async throws {
        try await KeyedDaemon.with { daemon in
            #expect(try await daemon.send("/things", key: "k1", body: "{}").status == 201)
            let others: [(String, String, HTTPClientRequest.Method)] = [
                ("/things", "{ }", .post), ("/refused", "{}", .post), ("/things?a=1", "{}", .post),
                ("/things/1", "{}", .delete),
            ]
            for (path, body, method) in others {
                let answer = try await daemon.send(path, key: "k1", body: body, method: method)
                #expect(answer.status == 409)
                #expect(answer.text.contains(#""reason":"IDEMPOTENCY_KEY_REUSED""#))
            }
            #expect(daemon.runs.all.count == 1)
        }
    }

    @Test("what changes something needs a key of 1 to 255 characters; what reads needs none")
    func required() async throws {
        try await KeyedDaemon.with { daemon in
            for key in [nil, "", "ä", String(repeating: "k", count: 256)] {
                let answer = try await daemon.send("/things", key: key)
                #expect(answer.status == 400)
                #expect(answer.text.contains(#""pointer":"/Idempotency-Key","reason":"IDEMPOTENCY_KEY_REQUIRED""#))
            }
            #expect(try await daemon.send("/things", key: String(repeating: "k", count: 255)).status == 201)
            #expect(try await daemon.send("/things", key: nil, body: "", method: .get).text == "things")
        }
    }

    @Test("an answer of 500 and above is not kept: the repeat runs", arguments: ["/flaky", "/broken"])
    func notKept(path: String) async throws {
        try await KeyedDaemon.with { daemon in
            let failed = try await daemon.send(path, key: "k1")
            #expect(failed.status >= 500)
            #expect(try await daemon.rows() == [])
            #expect(try await daemon.send(path, key: "k1").status == 200)
            #expect(try await daemon.send(path, key: "k1").header("Idempotent-Replayed") == "true")
            #expect(daemon.runs.all.count == 2)
        }
    }

    @Test("of five at once one runs, and all get its answer")
    func together() async throws {
        try await KeyedDaemon.with(patience: .seconds(10)) { daemon in
            let answers = try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                for _ in 1...5 { group.addTask { try await daemon.send("/slow", key: "k1") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map(\.text)) == [#"{"run":1,"id":"slow|operator:ada|k1"}"#])
            #expect(answers.filter { $0.header("Idempotent-Replayed") == "true" }.count == 4)
            #expect(daemon.runs.all == ["slow"])
        }
    }

    @Test("who waits longer than that is told to come again")
    func busy() async throws {
        try await KeyedDaemon.with { daemon in
            async let first = daemon.send("/held", key: "k1")
            try await eventually { daemon.runs.all == ["held"] }
            let second = try await daemon.send("/held", key: "k1")
            #expect(second.status == 409)
            #expect(second.text.contains(#""reason":"IDEMPOTENCY_KEY_BUSY""#))
            #expect(second.header("Retry-After") == "1")
            daemon.gate.finish()
            #expect(try await first.status == 200)
            #expect(try await daemon.send("/held", key: "k1").header("Idempotent-Replayed") == "true")
            #expect(daemon.runs.all == ["held"])
        }
    }

    @Test("a claim whose handler hangs is taken over after its lease, and both get the answer that came first")
    func takenOver() async throws {
        try await KeyedDaemon.with { daemon in
            async let first = daemon.send("/held", key: "k1")
            try await eventually { daemon.runs.all == ["held"] }
            #expect(try await daemon.send("/held", key: "k1").status == 409)
            daemon.time.move(seconds: 61)
            let second = try await daemon.send("/held", key: "k1")
            #expect(second.text == #"{"run":2,"id":"held|operator:ada|k1"}"#)
            daemon.gate.finish()
            let late = try await first
            #expect(late.body == second.body)
            #expect(late.header("Idempotent-Replayed") == "true")
            #expect(daemon.runs.all == ["held", "held"])
        }
    }

    @Test("a killed instance's claim holds for its lease; giving it up later takes nothing from who has taken it over")
    func killed() async throws {
        try await KeyedDaemon.with { daemon in
            let answers = daemon.answers
            let named = NamedRequest(
                Request(
                    head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/t/things"),
                    body: RequestBody(buffer: ByteBuffer(string: "{}"))),
                key: IdempotencyKey(caller: "operator:ada", text: "k1"), body: ByteBuffer(string: "{}"))
            guard case .claimed(let killed) = try await answers.claim(named) else {
                Issue.record("nobody has claimed it before")
                return
            }
            let busy = try await daemon.send("/things", key: "k1")
            #expect(busy.text.contains(#""reason":"IDEMPOTENCY_KEY_BUSY""#))
            daemon.time.move(seconds: 60)
            guard case .claimed(let second) = try await answers.claim(named) else {
                Issue.record("the lease is over")
                return
            }
            try await answers.release(named, claim: killed)
            #expect(try await daemon.rows() == ["k1 running"])
            try await answers.release(named, claim: second)
            #expect(try await daemon.rows() == [])
            #expect(try await daemon.send("/things", key: "k1").status == 201)
        }
    }

    @Test("answers are forgotten after their time, and then the key is free")
    func forgotten() async throws {
        try await KeyedDaemon.with { daemon in
            _ = try await daemon.send("/things", key: "old")
            daemon.time.move(seconds: 3_600)
            _ = try await daemon.send("/things", key: "new")
            #expect(try await daemon.answers.forget(before: daemon.time.reading() - 1_000, limit: 10) == 1)
            #expect(try await daemon.rows() == ["new done"])
            #expect(try await daemon.send("/things", key: "old").header("Idempotent-Replayed") == nil)
        }
    }

    @Test(
        "a card's number is refused wherever it stands, and neither kept nor repeated",
        arguments: [
            ("/things", "k1", #"{"note":"4111 1111 1111 1111"}"#), ("/things", "4111111111111111", "{}"),
            ("/things?note=4111+1111%201111-1111", "k1", "{}"), ("/things?note=%34111111111111111", "k1", "{}"),
            ("/things/4111111111111111", "k1", "{}"),
        ])
    func cards(path: String, key: String, body: String) async throws {
        try await KeyedDaemon.with { daemon in
            let isDelete = path.hasPrefix("/things/")
            let answer = try await daemon.send(path, key: key, body: body, method: isDelete ? .delete : .post)
            #expect(answer.status == 422)
            #expect(answer.text.contains(#""reason":"CARD_NUMBER_REFUSED""#))
            #expect(!answer.text.contains("1111"))
            #expect(try await daemon.rows() == [])
            #expect(daemon.runs.all.isEmpty)
        }
    }
}

/// A daemon in this process with routes behind tokens, the filter and keys; its answers' clock stands until it is moved.
private struct KeyedDaemon: Sendable {
    let port: Int
    let pool: PostgresPool
    let answers: KeptAnswers
    let time: NotificationWorld.Hand
    /// What handlers began.
    let runs: Seen<String>
    /// Open, it lets the first handler of `/held` go on.
    let gate: AsyncStream<Never>.Continuation

    private static let table = "billing.wallet_idempotency"

    static func with(
        patience: Duration = .milliseconds(100), _ body: @escaping @Sendable (KeyedDaemon) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { database in
            let pool = PostgresPool(configuration: try database.configuration(), size: 2)
            for name in ["ada", "bob"] {
                try await pool.execute(
                    """
                    INSERT INTO billing.api_keys (token_hash, name, kind, created_at)
                    VALUES (\(Digest.sha256(name)), \(name), 'operator', '2026-11-22T00:00:00Z')
                    """)
            }
            let time = NotificationWorld.Hand(NotificationWorld.noon)
            let answers = KeptAnswers(
                table: table, pool: pool, clock: DaemonKit.Clock { time.reading() }, leaseSeconds: 60)
            let runs = Seen<String>()
            let (gates, gate) = AsyncStream<Never>.makeStream()
            let keyed = Daemon(name: "keyed", role: "warp_wallet", port: 8_083, keys: ConfigKeys())
            try await withDaemon(keyed, values: database.settings()) { context in
                let group = context.router.group("/t")
                    .add(middleware: context.auth.requiring(.operator))
                    .add(middleware: CardNumberFilter())
                    .add(middleware: IdempotentRequests(answers: answers, patience: patience, bodyBytes: 1 << 16))
                addRoutes(to: group, runs, gates)
            } body: { daemon in
                try await body(
                    KeyedDaemon(
                        port: daemon.port, pool: pool, answers: answers, time: time, runs: runs, gate: gate))
            }
            await pool.close()
        }
    }

    private static func addRoutes(
        to group: RouterGroup<DaemonRequestContext>, _ runs: Seen<String>, _ gates: AsyncStream<Never>
    ) {
        @Sendable
        func run(_ kind: String, _ context: DaemonRequestContext, _ status: HTTPResponse.Status) throws -> Response {
            let name = try context.idempotencyKey().name(of: kind)
            let id = String(decoding: name, as: UTF8.self).replacingOccurrences(of: "\u{0}", with: "|")
            return .json(#"{"run":\#(runs.all.count),"id":"\#(id)"}"#.utf8, status: status)
        }
        group.get("things") { _, _ in "things" }
        group.post("things") { _, context in
            runs.add("thing")
            return try run("thing", context, .created)
        }
        group.delete("things/:id") { _, _ in
            runs.add("delete")
            return Response(status: .noContent)
        }
        group.post("refused") { _, _ -> Response in
            runs.add("refused")
            throw APIError.invalid(pointer: "/amount", reason: "OUT_OF_RANGE")
        }
        group.post("flaky") { _, context in
            runs.add("flaky")
            guard runs.all.count > 1 else { throw PostgresError.timedOut }
            return try run("flaky", context, .ok)
        }
        group.post("broken") { _, context in
            runs.add("broken")
            guard runs.all.count > 1 else { return Response(status: .badGateway) }
            return try run("broken", context, .ok)
        }
        group.post("slow") { _, context in
            runs.add("slow")
            try await Task.sleep(for: .milliseconds(200))
            return try run("slow", context, .ok)
        }
        group.post("held") { _, context in
            runs.add("held")
            let answer = try run("held", context, .ok)
            if runs.all.count == 1 { for await _ in gates {} }
            return answer
        }
    }

    /// Sends a request by a client of its own, since one client sends one request at a time.
    func send(
        _ path: String, key: String?, body: String = "{}", token: String = "ada",
        method: HTTPClientRequest.Method = .post
    ) async throws -> HTTPClientResponse {
        var headers = [HTTPField("Authorization", "Bearer \(token)")]
        if let key { headers.append(HTTPField("Idempotency-Key", key)) }
        return try await HTTPClient().send(
            HTTPClientRequest(
                method, "http://127.0.0.1:\(port)/t\(path)", headers: headers, body: Array(body.utf8),
                connectTimeout: .seconds(5), totalTimeout: .seconds(20)))
    }

    /// Key and state of each row.
    func rows() async throws -> [String] {
        try await pool.query("SELECT concat_ws(' ', key, state) AS row FROM billing.wallet_idempotency ORDER BY key")
            .map { try $0.value("row") }
    }
}
