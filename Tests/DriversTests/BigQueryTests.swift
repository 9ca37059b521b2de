import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Drivers

@Suite("BigQuery")
struct BigQueryTests {
    private static let job = #""jobReference":{"projectId":"p","jobId":"job/1","location":"EU"}"#
    private static let rows = #"""
        "schema":{"fields":[{"name":"id","type":"STRING","mode":"NULLABLE"},{"name":"at","type":"TIMESTAMP"}]},\#
        "rows":[{"f":[{"v":"q1"},{"v":"1795359600000004"}]},{"f":[{"v":"q\u00002"},{"v":null}]}]
        """#
    private static let running = #"{"jobComplete":false,\#(job)}"#
    private static let done = #"{"jobComplete":true,\#(job),\#(rows)}"#
    private static let query = BigQueryQuery(
        "SELECT id FROM `p.d.t` WHERE at >= @from", [.init("from", .timestamp, "2026-11-01T00:00:00.000000Z")],
        pageRows: 500)

    @Test("a query goes out as documented, and its rows come back as text, NULL and NUL included")
    func exchange() async throws {
        let service = try Service([.init(200, Self.done)])
        let page = try await service.client.query(Self.query)
        #expect(page.columns.map(\.type) == ["STRING", "TIMESTAMP"])
        #expect(page.rows == [[.text("q1"), .text("1795359600000004")], [.text("q\u{0}2"), .null]])
        #expect(try await service.client.page(after: page) == nil)
        let sent = try #require(service.requests.first)
        #expect(sent.hasPrefix("POST /bigquery/v2/projects/p/queries HTTP/1.1\r\n"))
        #expect(!sent.contains("Authorization:"))
        #expect(
            sent.hasSuffix(
                """
                {"formatOptions":{"useInt64Timestamp":true},"location":"EU","maxResults":500,"parameterMode":"NAMED",\
                "query":"SELECT id FROM `p.d.t` WHERE at >= @from","queryParameters":[{"name":"from",\
                "parameterType":{"type":"TIMESTAMP"},"parameterValue":{"value":"2026-11-01T00:00:00.000000Z"}}],\
                "timeoutMs":10000,"useLegacySql":false}
                """))
    }

    @Test("a query that runs on is asked about until it is done; then its pages follow")
    func pages() async throws {
        let more = #"{"jobComplete":true,\#(Self.job),\#(Self.rows),"pageToken":"next/2"}"#
        let service = try Service([
            .init(200, Self.running), .init(200, Self.running), .init(200, more), .init(200, Self.done),
        ])
        let first = try await service.client.query(Self.query)
        let second = try #require(try await service.client.page(after: first))
        #expect(second.rows == first.rows)
        #expect(try await service.client.page(after: second) == nil)
        let results = """
            GET /bigquery/v2/projects/p/queries/job%2F1?maxResults=500&timeoutMs=10000\
            &formatOptions.useInt64Timestamp=true&location=EU
            """
        #expect(
            service.lines == [
                "POST /bigquery/v2/projects/p/queries", results, results, results + "&pageToken=next%2F2",
            ])
    }

    @Test("a query that takes too long is cancelled and told as slow")
    func slow() async throws {
        let service = try Service([.init(200, Self.running)], queryTimeout: .zero)
        await #expect(throws: BigQueryError.slow(afterSeconds: 0)) { try await service.client.query(Self.query) }
        #expect(service.lines.last == "POST /bigquery/v2/projects/p/jobs/job%2F1/cancel?location=EU")
    }

    @Test(
        "an error is told by its reason first and its status second",
        arguments: [
            (403, "rateLimitExceeded", "busy"), (403, "quotaExceeded", "quota"), (403, "accessDenied", "refused 403"),
            (404, "notFound", "refused 404"), (400, "invalidQuery", "refused 400"), (400, "jobBackendError", "busy"),
            (429, "unknown", "busy"), (500, "internalError", "busy"), (503, "backendError", "busy"),
        ])
    func errors(status: Int, reason: String, told: String) async throws {
        let body =
            #"{"error":{"code":\#(status),"message":"so it is","errors":[{"reason":"\#(reason)"}],"status":"X"}}"#
        let service = try Service([.init(status, body)])
        let error = await #expect(throws: BigQueryError.self) { try await service.client.query(Self.query) }
        switch try #require(error) {
        case .busy(let detail): #expect(told == "busy" && detail == "\(status) \(reason): so it is")
        case .quotaExceeded(let detail): #expect(told == "quota" && detail == "\(status) \(reason): so it is")
        case .refused(let code, reason, "so it is"): #expect(told == "refused \(code)")
        case let other: Issue.record("\(other)")
        }
        #expect(error?.isTransient == !told.hasPrefix("refused"))
        #expect(service.lines.count == 1)
    }

    @Test(
        "what is no answer of BigQuery's is none",
        arguments: [
            (200, "<html>", false), (200, "{}", false), (502, "<html>bad gateway</html>", true),
            (200, #"{"jobComplete":true,"schema":{"fields":[]},"rows":[{"f":[{"v":"1"}]}]}"#, false),
        ])
    func unreadable(status: Int, body: String, isTransient: Bool) async throws {
        let service = try Service([.init(status, body)])
        let error = await #expect(throws: BigQueryError.self) { try await service.client.query(Self.query) }
        #expect(error?.isTransient == isTransient)
    }

    @Test("nobody there is a transient failure")
    func notReached() async throws {
        let client = BigQueryClient(
            configuration: .init(url: "http://127.0.0.1:1", project: "p", login: BigQueryLogin(.none) { 0 }))
        let error = await #expect(throws: BigQueryError.self) { try await client.query(Self.query) }
        #expect(error?.isTransient == true)
    }
}

@Suite("BigQuery's access token")
struct BigQueryLoginTests {
    private static let rows = #"{"jobComplete":true}"#
    private static let query = BigQueryQuery("SELECT 1", [], pageRows: 1)

    @Test("the assertion of a service account is byte for byte that of the vector")
    func assertion() throws {
        let vector = try ServiceAccountVector()
        #expect(
            try vector.key(tokenURL: "https://oauth2.googleapis.com/token").assertion(at: 1_795_363_200) == vector.token
        )
    }

    @Test("a token is asked for once, used, and renewed five minutes before it ends")
    func renewal() async throws {
        let seconds = Mutex<Int64>(1_795_363_200)
        let service = try Service(
            [
                .token("one"), .init(200, Self.rows), .init(200, Self.rows), .token("two"), .init(200, Self.rows),
            ],
            key: try ServiceAccountVector(), seconds: { seconds.withLock { $0 } })
        for passed in [0, 3_298, 3_299] {
            seconds.withLock { $0 = 1_795_363_200 + Int64(passed) }
            _ = try await service.client.query(Self.query)
        }
        #expect(service.tokens == [nil, "one", "one", nil, "two"])
        let asked = try #require(service.requests.first)
        #expect(asked.hasPrefix("POST /token HTTP/1.1\r\n"))
        #expect(asked.contains("\r\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ"))
    }

    @Test("a refused token is renewed once; the second refusal is told")
    func refused() async throws {
        let no = Service.Answer(401, #"{"error":{"message":"no","errors":[{"reason":"authError"}]}}"#)
        let service = try Service(
            [.token("one"), no, .token("two"), .init(200, Self.rows), no, .token("three"), no],
            key: try ServiceAccountVector(), seconds: { 0 })
        _ = try await service.client.query(Self.query)
        await #expect(throws: BigQueryError.loginRefused("401 authError: no")) {
            try await service.client.query(Self.query)
        }
        #expect(service.tokens == [nil, "one", nil, "two", "two", nil, "three"])
    }

    @Test(
        "where no token is given, who is to blame decides whether it is tried again",
        arguments: [(400, false), (401, false), (429, true), (500, true)])
    func noToken(status: Int, isTransient: Bool) async throws {
        let service = try Service(
            [.init(status, #"{"error":"invalid_grant"}"#)], key: try ServiceAccountVector(), seconds: { 0 })
        let error = await #expect(throws: BigQueryError.self) { try await service.client.query(Self.query) }
        #expect(error?.isTransient == isTransient)
        #expect(service.lines == ["POST /token"])
    }

    @Test("in Google's cloud the machine is asked")
    func metadata() async throws {
        let service = try Service([.token("of-the-machine"), .init(200, Self.rows)], usesMetadata: true)
        _ = try await service.client.query(Self.query)
        #expect(service.lines.first == "GET /computeMetadata/v1/instance/service-accounts/default/token")
        #expect(service.requests.first?.contains("\r\nMetadata-Flavor: Google\r\n") == true)
        #expect(service.tokens == [nil, "of-the-machine"])
    }

    @Test("what is no key file is refused, and not shown", arguments: ["", "{}", #"{"private_key":"SECRET"}"#])
    func badKey(json: String) throws {
        let error = #expect(throws: BigQueryError.self) { try GoogleServiceAccountKey(json: Secret(json)) }
        #expect(error.map { "\($0)".contains("SECRET") } == false)
    }
}

/// A service on a loopback port that gives these answers in turn, the last one again and again.
private struct Service {
    struct Answer: Sendable {
        let status: Int
        let body: String

        init(_ status: Int, _ body: String) {
            self.status = status
            self.body = body
        }

        static func token(_ token: String) -> Answer {
            Answer(200, #"{"access_token":"\#(token)","expires_in":3599,"token_type":"Bearer"}"#)
        }
    }

    let client: BigQueryClient
    private let peer: HTTPPeer

    init(
        _ answers: [Answer], key: ServiceAccountVector? = nil, usesMetadata: Bool = false,
        queryTimeout: Duration = .seconds(30), seconds: @escaping @Sendable () -> Int64 = { 0 }
    ) throws {
        let turn = Turn()
        peer = try HTTPPeer { _, _ in
            let answer = answers[min(turn.next(), answers.count - 1)]
            return "HTTP/1.1 \(answer.status) X\r\nContent-Length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
        }
        var credentials = BigQueryLogin.Credentials.none
        if let key { credentials = .serviceAccount(try key.key(tokenURL: peer.url + "/token")) }
        if usesMetadata { credentials = .metadataServer(url: peer.url) }
        client = BigQueryClient(
            configuration: .init(
                url: peer.url + "/", project: "p", location: "EU", login: BigQueryLogin(credentials, seconds: seconds),
                queryTimeout: queryTimeout))
    }

    var requests: [String] { peer.requests }
    /// Method and path of each request.
    var lines: [String] { requests.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } }
    /// The bearer token of each request.
    var tokens: [String?] {
        requests.map { request in
            request.split(separator: "\r\n").first { $0.hasPrefix("Authorization: Bearer ") }.map {
                String($0.dropFirst(22))
            }
        }
    }

    private final class Turn: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                defer { count += 1 }
                return count
            }
        }
    }
}

/// The throwaway service account of the vectors.
private struct ServiceAccountVector {
    let token: String
    private let privateKeyPEM: String

    private struct Vectors: Decodable {
        struct RSA: Decodable { let privateKeyPEM, token: String }
        let rs256: RSA
    }

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../Fixtures/signing/vectors.json")
        let vector = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file)).rs256
        token = vector.token
        privateKeyPEM = vector.privateKeyPEM
    }

    func key(tokenURL: String) throws -> GoogleServiceAccountKey {
        let file = [
            "type": "service_account", "project_id": "warp-test", "private_key_id": "testkid1",
            "private_key": privateKeyPEM, "client_email": "biller@warp-test.iam.gserviceaccount.com",
            "token_uri": tokenURL,
        ]
        return try GoogleServiceAccountKey(json: Secret(String(decoding: JSONEncoder().encode(file), as: UTF8.self)))
    }
}
