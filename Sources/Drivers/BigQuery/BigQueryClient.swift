/// BigQuery over its REST API: one request at a time, each with a deadline, with an access token where one is needed.
///
/// Nothing is tried again here but a request whose token was refused: the error says what it is, the caller decides.
public struct BigQueryClient: Sendable {
    /// Where the service is, and as whom it is asked.
    public struct Configuration: Sendable {
        /// `https://bigquery.googleapis.com`, or an emulator's.
        public var url: String
        /// The project in which jobs run.
        public var project: String
        /// Where the data lies: `US`, `europe-west3`. Without one the service finds out by itself.
        public var location: String?
        public var login: BigQueryLogin
        /// How long a query may run.
        public var queryTimeout: Duration

        public init(
            url: String, project: String, location: String? = nil, login: BigQueryLogin,
            queryTimeout: Duration = .seconds(300)
        ) {
            self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
            self.project = project
            self.location = location
            self.login = login
            self.queryTimeout = queryTimeout
        }
    }

    let configuration: Configuration
    private let client: HTTPClient

    /// How long one request may wait for its query; whoever stops the daemon waits no longer than that.
    private static let patience: Duration = .seconds(10)
    /// Above the 10 MB that the service puts into a page, which count before they are written as JSON.
    private static let maxPageBytes = 64 << 20

    /// The project in which jobs run and tables lie.
    public var project: String { configuration.project }

    public init(configuration: Configuration, client: HTTPClient = HTTPClient()) {
        self.configuration = configuration
        self.client = client
    }

    /// Runs a query and returns its first page. Sending the same query again is safe: it only reads.
    public func query(_ query: BigQueryQuery) async throws(BigQueryError) -> BigQueryPage {
        let deadline = Deadline(after: configuration.queryTimeout)
        let body = query.body(location: configuration.location, timeout: BigQueryClient.patience)
        var answer: QueryAnswer = try await read(
            .post, "queries", body: try body.encoded(), timeout: BigQueryClient.patience)
        while !answer.jobComplete {
            guard let job = answer.jobReference else { throw .unreadable("a query that runs on, without a job") }
            guard deadline.remainingMilliseconds > 0 else {
                await cancel(job)
                throw .slow(afterSeconds: Int(configuration.queryTimeout.components.seconds))
            }
            answer = try await results(of: job, pageRows: query.pageRows, token: nil)
        }
        return try BigQueryPage(answer, pageRows: query.pageRows)
    }

    /// The page behind a page; nil behind the last one.
    public func page(after page: BigQueryPage) async throws(BigQueryError) -> BigQueryPage? {
        guard let token = page.nextToken else { return nil }
        guard let job = page.job else { throw .unreadable("a page token without a job") }
        return try BigQueryPage(
            try await results(of: job, pageRows: page.pageRows, token: token), pageRows: page.pageRows)
    }

    private func results(
        of job: BigQueryJob, pageRows: Int, token: String?
    ) async throws(BigQueryError) -> QueryAnswer {
        var parameters = [
            ("maxResults", "\(pageRows)"), ("timeoutMs", "\(BigQueryClient.patience.wholeMilliseconds)"),
            ("formatOptions.useInt64Timestamp", "true"),
        ]
        if let location = job.location ?? configuration.location { parameters.append(("location", location)) }
        if let token { parameters.append(("pageToken", token)) }
        let text = parameters.map { "\($0.0)=\(OAuth1.encoded($0.1))" }.joined(separator: "&")
        return try await read(
            .get, "queries/\(OAuth1.encoded(job.jobId))?\(text)", timeout: BigQueryClient.patience)
    }

    /// A query that nobody waits for any more costs money; but the failure that is told is that it was slow.
    private func cancel(_ job: BigQueryJob) async {
        let location = (job.location ?? configuration.location).map { "?location=\(OAuth1.encoded($0))" } ?? ""
        do throws(BigQueryError) {
            _ = try await send(.post, "jobs/\(OAuth1.encoded(job.jobId))/cancel\(location)", timeout: .zero)
        } catch {
            // It ends by itself.
        }
    }
}

extension BigQueryClient {
    /// How long one exchange beside queries may take.
    static let exchangeTimeout: Duration = .seconds(60)

    /// Sends a request below the project's path and reads the answer.
    func read<Answer: Decodable>(
        _ method: HTTPClientRequest.Method, _ path: String, body: [UInt8] = [], timeout: Duration
    ) async throws(BigQueryError) -> Answer {
        try BigQueryJSON.decode(try await send(method, path, body: body, timeout: timeout).body)
    }

    /// Sends a request below the project's path; an answer that is no success is thrown.
    @discardableResult
    func send(
        _ method: HTTPClientRequest.Method, _ path: String, body: [UInt8] = [], timeout: Duration
    ) async throws(BigQueryError) -> HTTPClientResponse {
        let answer = try await exchange(
            method, "\(configuration.url)/bigquery/v2/projects/\(OAuth1.encoded(configuration.project))/\(path)",
            [HTTPField("Content-Type", "application/json")], body, timeout: timeout)
        guard (200...299).contains(answer.status) else { throw BigQueryError(answer) }
        return answer
    }

    /// Sends with an access token; one that was refused is renewed once. Any other answer is the caller's to judge.
    func exchange(
        _ method: HTTPClientRequest.Method, _ url: String, _ headers: [HTTPField], _ body: [UInt8], timeout: Duration
    ) async throws(BigQueryError) -> HTTPClientResponse {
        let answer = try await exchangeOnce(method, url, headers, body, timeout: timeout)
        guard answer.status == 401 else { return answer }
        await configuration.login.forget()
        return try await exchangeOnce(method, url, headers, body, timeout: timeout)
    }

    /// - Parameter timeout: how long the service may take for its work, beside the way there and back.
    private func exchangeOnce(
        _ method: HTTPClientRequest.Method, _ url: String, _ headers: [HTTPField], _ body: [UInt8], timeout: Duration
    ) async throws(BigQueryError) -> HTTPClientResponse {
        var headers = headers
        if let token = try await configuration.login.token(client) {
            headers.append(HTTPField("Authorization", "Bearer \(token)"))
        }
        // Queries change nothing and a load is known by its job id, so a kept connection that turns out to be dead does no harm.
        let request = HTTPClientRequest(
            method, url, headers: headers, body: body, connectTimeout: .seconds(10),
            totalTimeout: timeout + .seconds(20), maxResponseBytes: BigQueryClient.maxPageBytes,
            usesKeptConnection: true)
        do throws(HTTPClientError) {
            return try await client.send(request)
        } catch {
            throw BigQueryError(error)
        }
    }
}
