/// What has become of a load job.
public enum BigQueryJobState: Sendable, Equatable {
    /// It waits or runs.
    case running
    /// All its rows are in the table.
    case loaded(rows: Int64?)
    /// None of them is, and its id is used up.
    case failed(reason: String, message: String)

    /// Reads `Job` of the API. A job that was answered with 200 may have failed all the same.
    init(_ body: [UInt8]) throws(BigQueryError) {
        let job: JobAnswer = try BigQueryJSON.decode(body)
        guard job.status.state == "DONE" else {
            self = .running
            return
        }
        guard let fault = job.status.errorResult else {
            self = .loaded(rows: job.statistics?.load?.outputRows.flatMap { Int64($0) })
            return
        }
        self = .failed(reason: fault.reason ?? "unknown", message: String((fault.message ?? "").prefix(500)))
    }
}

extension BigQueryClient {
    /// What has become of a job; nil for one that was never made.
    public func job(_ id: String) async throws(BigQueryError) -> BigQueryJobState? {
        let location = configuration.location.map { "?location=\(OAuth1.encoded($0))" } ?? ""
        do throws(BigQueryError) {
            let answer = try await send(
                .get, "jobs/\(OAuth1.encoded(id))\(location)", timeout: Self.exchangeTimeout)
            return try BigQueryJobState(answer.body)
        } catch .refused(status: 404, _, _) {
            return nil
        }
    }
}

/// `Job` of the API, as far as it is read.
private struct JobAnswer: Decodable {
    struct Status: Decodable {
        let state: String
        let errorResult: Fault?
    }
    struct Fault: Decodable {
        let reason: String?
        let message: String?
    }
    struct Statistics: Decodable { let load: Load? }
    struct Load: Decodable { let outputRows: String? }

    let status: Status
    let statistics: Statistics?
}
