import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Drivers

@Suite("Loads into BigQuery")
struct BigQueryLoadTests {
    private static let load = BigQueryLoad(jobID: "rated_cdr_v1_x_a1", dataset: "billing", table: "rated_cdr")
    private static let job = #"""
        {"configuration":{"load":{"createDisposition":"CREATE_NEVER","destinationTable":{"datasetId":"billing",\#
        "projectId":"p","tableId":"rated_cdr"},"ignoreUnknownValues":false,"maxBadRecords":0,\#
        "sourceFormat":"NEWLINE_DELIMITED_JSON","writeDisposition":"WRITE_APPEND"}},\#
        "jobReference":{"jobId":"rated_cdr_v1_x_a1","location":"EU","projectId":"p"}}
        """#

    @Test("job and rows go out in one request as documented")
    func multipart() async throws {
        let service = try Peer { _ in (200, #"{"status":{"state":"RUNNING"}}"#, []) }
        #expect(try await service.client.load(Self.load, rows: Array("{\"a\":1}\n".utf8)) == .job(.running))
        let sent = try #require(service.requests.first)
        #expect(sent.hasPrefix("POST /upload/bigquery/v2/projects/p/jobs?uploadType=multipart HTTP/1.1\r\n"))
        #expect(sent.contains("Content-Type: multipart/related; boundary=warp-rated_cdr_v1_x_a1\r\n"))
        let body = sent.components(separatedBy: "\r\n\r\n--")[1]
        #expect(
            body == """
                warp-rated_cdr_v1_x_a1\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n\(Self.job)\r\n\
                --warp-rated_cdr_v1_x_a1\r\nContent-Type: application/octet-stream\r\n\r\n{"a":1}\n\r\n\
                --warp-rated_cdr_v1_x_a1--\r\n
                """)
    }

    @Test("an upload in chunks says which bytes they are, and hears from which one to go on")
    func chunks() async throws {
        let service = try Peer { request in
            if request.hasPrefix("POST") { return (200, "", ["Location: /session"]) }
            if request.contains("bytes 8-9/10") { return (200, #"{"status":{"state":"DONE"}}"#, []) }
            return (308, "", request.contains("bytes */10") ? [] : ["Range: bytes=0-7"])
        }
        #expect(try await service.client.beginUpload(Self.load, bytes: 10) == "/session")
        let url = service.url + "/session"
        #expect(try await service.client.uploaded(of: 10, to: url) == .more(from: 0))
        #expect(try await service.client.upload([1, 2, 3, 4, 5, 6, 7, 8], at: 0, of: 10, to: url) == .more(from: 8))
        #expect(try await service.client.upload([9, 10], at: 8, of: 10, to: url) == .job(.loaded(rows: nil)))
        let begun = try #require(service.requests.first)
        #expect(begun.contains("X-Upload-Content-Length: 10\r\n") && begun.hasSuffix(Self.job))
        #expect(service.requests[2].contains("Content-Range: bytes 0-7/10\r\n"))
    }

    @Test(
        "what the service says to rows",
        arguments: [(409, BigQueryLoadAnswer.duplicate), (404, .gone), (410, .gone)])
    func answers(status: Int, answer: BigQueryLoadAnswer) async throws {
        let service = try Peer { _ in (status, "{}", []) }
        #expect(try await service.client.upload([1], at: 0, of: 1, to: service.url + "/s") == answer)
    }

    @Test(
        "a job that is done may have failed all the same; one that is not known is none",
        arguments: [
            (
                200, #"{"status":{"state":"DONE"},"statistics":{"load":{"outputRows":"18"}}}"#,
                BigQueryJobState.loaded(rows: 18)
            ),
            (200, #"{"status":{"state":"PENDING"}}"#, .running),
            (
                200, #"{"status":{"state":"DONE","errorResult":{"reason":"invalid","message":"bad row"}}}"#,
                .failed(reason: "invalid", message: "bad row")
            ),
            (404, #"{"error":{"errors":[{"reason":"notFound"}]}}"#, nil),
        ] as [(Int, String, BigQueryJobState?)])
    func jobs(status: Int, body: String, state: BigQueryJobState?) async throws {
        let service = try Peer { _ in (status, body, []) }
        #expect(try await service.client.job("j1") == state)
        #expect(service.requests.first?.hasPrefix("GET /bigquery/v2/projects/p/jobs/j1?location=EU ") == true)
    }

    @Test("a table gets the columns that it lacks, and keeps what it has")
    func columns() async throws {
        let there =
            #"{"schema":{"fields":[{"name":"id","type":"STRING","description":"ours"},{"name":"n","type":"INT64"}]}}"#
        let service = try Peer { _ in (200, there, []) }
        let table = BigQueryTable(
            dataset: "d", name: "t",
            fields: [
                .init(name: "id", type: "STRING", mode: .required), .init(name: "n", type: "INTEGER", mode: .nullable),
                .init(name: "more", type: "NUMERIC", mode: .nullable),
            ], partitionField: "day", clusterFields: ["id"])
        try await service.client.ensureTable(table)
        let patch = try #require(service.requests.last)
        #expect(patch.hasPrefix("PATCH /bigquery/v2/projects/p/datasets/d/tables/t HTTP/1.1"))
        #expect(patch.contains("\"description\" : \"ours\"") && patch.contains("\"name\" : \"more\""))
    }

    @Test("a column of another type is refused: nobody can change it in place")
    func otherType() async throws {
        let service = try Peer { _ in (200, #"{"schema":{"fields":[{"name":"id","type":"INTEGER"}]}}"#, []) }
        let table = BigQueryTable(
            dataset: "d", name: "t", fields: [.init(name: "id", type: "STRING", mode: .nullable)],
            partitionField: "day", clusterFields: [])
        await #expect(throws: BigQueryError.self) { try await service.client.ensureTable(table) }
        #expect(service.requests.count == 1)
    }
}

/// A service that answers each request with status, body and header lines.
private struct Peer {
    let client: BigQueryClient
    private let peer: HTTPPeer

    init(_ answer: @escaping @Sendable (_ request: String) -> (Int, String, [String])) throws {
        peer = try HTTPPeer { request, _ in
            let (status, body, headers) = answer(request)
            let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers
            return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
        }
        client = BigQueryClient(
            configuration: .init(
                url: peer.url, project: "p", location: "EU", login: BigQueryLogin(.none, seconds: { 0 })))
    }

    var url: String { peer.url }
    var requests: [String] { peer.requests }
}
