import Foundation
import Synchronization
import Testing

@testable import Drivers

@Suite("BigQuery")
struct BigQueryTests {
    /// Two rows of (id, at), the second with a NULL.
    static let rows = """
        "schema":{"fields":[{"name":"id","type":"STRING","mode":"NULLABLE"},{"name":"at","type":"TIMESTAMP"}]},\
        "rows":[{"f":[{"v":"q1"},{"v":"1795359600000004"}]},{"f":[{"v":"q\\u00002"},{"v":null}]}]
        """
    static let job = #""jobReference":{"projectId":"p","jobId":"job/1","location":"EU"}"#
    static let query = BigQueryQuery(
        "SELECT id FROM `p.d.t` WHERE at >= @from", [.init("from", .timestamp, "2026-11-01T00:00:00.000000Z")],
        pageRows: 500)

    @Test("a query goes out as documented, and its rows come back as text, NULL and NUL included")
    func exchange() async throws {
        let peer = try HTTPPeer { _, _ in reply(200, "{\"jobComplete\":true,\(Self.job),\(Self.rows)}") }
        let page = try await client(peer).query(Self.query)
        #expect(page.columns.map(\.type) == ["STRING", "TIMESTAMP"])
        #expect(page.rows == [[.text("q1"), .text("1795359600000004")], [.text("q\u{0}2"), .null]])
        #expect(try await client(peer).page(after: page) == nil)
        let sent = try #require(peer.requests.first)
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
        peer.stop()
    }

    @Test("a query that runs on is asked about until it is done, then its pages follow, each with the job's location")
    func polling() async throws {
        let peer = try HTTPPeer { request, _ in
            if request.hasPrefix("POST") { return reply(200, "{\"jobComplete\":false,\(Self.job)}") }
            if request.contains("pageToken=next%2F2") { return reply(200, "{\"jobComplete\":true,\(Self.rows)}") }
            let polls = counter.withLock { count in
                count += 1
                return count
            }
            return polls < 3
                ? reply(200, "{\"jobComplete\":false,\(Self.job)}")
                : reply(200, "{\"jobComplete\":true,\(Self.job),\(Self.rows),\"pageToken\":\"next/2\"}")
        }
        let counter = counter
        _ = counter
        let first = try await client(peer).query(Self.query)
        let second = try #require(try await client(peer).page(after: first))
        #expect(second.rows == first.rows)
        #expect(try await client(peer).page(after: second) == nil)
        let paths = peer.requests.map { $0.split(separator: " ")[1] }
        #expect(paths.count == 5)
        #expect(
            paths.last == """
                /bigquery/v2/projects/p/queries/job%2F1?maxResults=500&timeoutMs=10000\
                &formatOptions.useInt64Timestamp=true&location=EU&pageToken=next%2F2
                """)
        peer.stop()
    }
}
