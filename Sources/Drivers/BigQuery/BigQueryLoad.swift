import Foundation

/// A load job: rows of JSON that are appended to a table, all or none. Its id makes it happen once: the service refuses an id that it knows.
public struct BigQueryLoad: Sendable {
    /// `[A-Za-z0-9_-]`, at most 1,024 characters.
    public let jobID: String
    public let dataset: String
    public let table: String

    public init(jobID: String, dataset: String, table: String) {
        self.jobID = jobID
        self.dataset = dataset
        self.table = table
    }

    /// The job as the API takes it.
    func job(project: String, location: String?) throws(BigQueryError) -> [UInt8] {
        try BigQueryJSON.encode(
            LoadJob(
                jobReference: .init(projectId: project, jobId: jobID, location: location),
                configuration: .init(
                    load: .init(
                        destinationTable: .init(projectId: project, datasetId: dataset, tableId: table)))))
    }
}

/// What the service says to rows that are sent.
public enum BigQueryLoadAnswer: Sendable, Equatable {
    /// There is a job now, in this state.
    case job(BigQueryJobState)
    /// It knows a job of that id already: `jobs.get` says what became of it.
    case duplicate
    /// It waits for the bytes from this one on.
    case more(from: Int)
    /// It knows nothing of that upload any more.
    case gone
}

extension BigQueryClient {
    /// What a chunk's size must be a multiple of.
    public static let chunkUnit = 256 << 10

    /// Sends a job and all its rows in one request.
    public func load(_ load: BigQueryLoad, rows: [UInt8]) async throws(BigQueryError) -> BigQueryLoadAnswer {
        let boundary = "warp-\(load.jobID)"
        var body = Array("--\(boundary)\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".utf8)
        body.reserveCapacity(rows.count + 2_048)
        body += try load.job(project: configuration.project, location: configuration.location)
        body += Array("\r\n--\(boundary)\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
        body += rows
        body += Array("\r\n--\(boundary)--\r\n".utf8)
        let type = HTTPField("Content-Type", "multipart/related; boundary=\(boundary)")
        return try loadAnswer(
            await exchange(.post, uploadURL("multipart"), [type], body, timeout: Self.uploadTimeout))
    }

    /// Begins an upload in chunks, and says where they go. The URL holds for a week.
    public func beginUpload(_ load: BigQueryLoad, bytes: Int) async throws(BigQueryError) -> String {
        let answer = try await exchange(
            .post, uploadURL("resumable"),
            [
                HTTPField("Content-Type", "application/json; charset=UTF-8"),
                HTTPField("X-Upload-Content-Type", "application/octet-stream"),
                HTTPField("X-Upload-Content-Length", "\(bytes)"),
            ], try load.job(project: configuration.project, location: configuration.location),
            timeout: Self.exchangeTimeout)
        guard (200...299).contains(answer.status) else { throw BigQueryError(answer) }
        guard let location = answer.header("Location") else { throw .unreadable("an upload without a location") }
        return location
    }

    /// Sends a chunk. All but the last one are of a multiple of `chunkUnit`.
    public func upload(
        _ chunk: [UInt8], at offset: Int, of total: Int, to url: String
    ) async throws(BigQueryError) -> BigQueryLoadAnswer {
        try await put(chunk, "bytes \(offset)-\(offset + chunk.count - 1)/\(total)", to: url)
    }

    /// Asks how much of an upload has arrived.
    public func uploaded(of total: Int, to url: String) async throws(BigQueryError) -> BigQueryLoadAnswer {
        try await put([], "bytes */\(total)", to: url)
    }

    private static let uploadTimeout: Duration = .seconds(300)

    private func put(_ body: [UInt8], _ range: String, to url: String) async throws(BigQueryError) -> BigQueryLoadAnswer
    {
        let answer = try await exchange(
            .put, url, [HTTPField("Content-Range", range)], body, timeout: Self.uploadTimeout)
        // An upload that is over, or that was never begun: its URL names nothing.
        if answer.status == 404 || answer.status == 410 { return .gone }
        return try loadAnswer(answer)
    }

    private func loadAnswer(_ answer: HTTPClientResponse) throws(BigQueryError) -> BigQueryLoadAnswer {
        switch answer.status {
        case 200...299: return .job(try BigQueryJobState(answer.body))
        case 308: return .more(from: try Self.next(after: answer.header("Range")))
        case 409: return .duplicate
        default: throw BigQueryError(answer)
        }
    }

    /// `bytes=0-N` says what has arrived; without it, nothing has.
    private static func next(after range: String?) throws(BigQueryError) -> Int {
        guard let range else { return 0 }
        guard range.hasPrefix("bytes=0-"), let last = Int(range.dropFirst("bytes=0-".count)), last >= 0 else {
            throw .unreadable("the range \(range)")
        }
        return last + 1
    }

    private func uploadURL(_ type: String) -> String {
        "\(configuration.url)/upload/bigquery/v2/projects/\(OAuth1.encoded(configuration.project))/jobs?uploadType=\(type)"
    }
}

/// `Job` of the API, as far as a load writes it.
private struct LoadJob: Encodable {
    struct Reference: Encodable {
        let projectId: String
        let jobId: String
        let location: String?
    }
    struct Table: Encodable {
        let projectId: String
        let datasetId: String
        let tableId: String
    }
    struct Configuration: Encodable { let load: Load }
    struct Load: Encodable {
        let destinationTable: Table
        var sourceFormat = "NEWLINE_DELIMITED_JSON"
        var writeDisposition = "WRITE_APPEND"
        var createDisposition = "CREATE_NEVER"
        var maxBadRecords = 0
        var ignoreUnknownValues = false
    }

    let jobReference: Reference
    let configuration: Configuration
}
