import Core
import DaemonKit
import Drivers

extension Plaid {
    /// The version of the API that we were written for.
    static let version = "2020-09-14"
    /// The longest answer that is read, in bytes: 500 events are half a megabyte.
    private static let longestAnswer = 4 << 20

    /// Sends a call and returns the document that answers it. The credentials go as headers, so that no body holds them.
    /// - Parameter isLook: whether the call makes nothing. Only such goes over a kept connection, where libcurl may send it twice: a charge
    ///   is repeated by whoever decides that, and by nobody else.
    func post(
        _ path: String, _ body: [UInt8], isLook: Bool = true
    ) async throws(ProcessorError) -> Core.JSONValue {
        Watchdog.progressed()
        let request = HTTPClientRequest(
            .post, account.url + path,
            headers: [
                HTTPField("Content-Type", "application/json"), HTTPField("Plaid-Version", Plaid.version),
                HTTPField("PLAID-CLIENT-ID", account.clientID), HTTPField("PLAID-SECRET", account.secret.revealed),
            ],
            body: body, connectTimeout: min(account.deadline, .seconds(10)), totalTimeout: account.deadline,
            maxResponseBytes: Plaid.longestAnswer, usesKeptConnection: isLook)
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await client.send(request)
        } catch {
            throw error.outcomeUnknown ? .timedOut("\(error)") : .notReached("\(error)")
        }
        let document: Core.JSONValue?
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: answer.body)
        } catch {
            document = nil
        }
        guard answer.status != 200 else {
            guard let document else { throw .unreadable("an answer that is no JSON") }
            return document
        }
        throw Plaid.failure(status: answer.status, document)
    }

    /// Error codes that blame our account and not the request.
    private static let accountCodes: Set<String> = [
        "INVALID_API_KEYS", "UNAUTHORIZED_ENVIRONMENT", "UNAUTHORIZED_ROUTE_ACCESS", "UNAUTHORIZED_ACCESS",
        "DIRECT_INTEGRATION_NOT_ENABLED", "INCOMPLETE_CUSTOMER_ONBOARDING", "INVALID_PRODUCT",
    ]

    /// Error codes that blame the request's form: a fault of ours, and no word on the customer.
    private static let formCodes: Set<String> = ["MISSING_FIELDS", "UNKNOWN_FIELDS", "INVALID_BODY", "INVALID_HEADERS"]

    /// Plaid asks to go by type and code before the status.
    static func failure(status: Int, _ document: Core.JSONValue?) -> ProcessorError {
        let type = document?["error_type"]?.string
        let code = document?["error_code"]?.string
        let message = document?["display_message"]?.string ?? document?["error_message"]?.string ?? "no message"
        let request = document?["request_id"]?.string ?? "unknown"
        let text = "\(message.prefix(200)) (request \(request.prefix(50)))"
        if status == 429 || type == "RATE_LIMIT_EXCEEDED" { return .busy("too many requests: \(text)") }
        if status >= 500 || type == "API_ERROR" || type == "INSTITUTION_ERROR" {
            return .failing("Plaid answered \(status) \(code ?? "without a code"): \(text)")
        }
        if status == 401 || status == 403 || code.map(accountCodes.contains) == true {
            return .credentials("\(code ?? String(status)): \(text)")
        }
        if let code, formCodes.contains(code) { return .badRequest("\(code): \(text)") }
        guard (400..<500).contains(status), let code else {
            return .unreadable("status \(status) without an error of Plaid's")
        }
        return .refused(code: code, text: text)
    }
}
