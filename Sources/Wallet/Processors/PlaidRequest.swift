import Core
import DaemonKit
import Drivers

/// Why a call of Plaid brought no result, told apart by what may have been done.
enum PlaidFailure: Error, Equatable {
    /// Nothing left this machine.
    case notSent(String)
    /// No answer: it may have been done.
    case noAnswer(String)
    /// Plaid or the bank failed on the way: it may have been done.
    case failed(String)
    /// Over the rate that we may ask at: nothing was done.
    case busy(String)
    /// Plaid does not let us in, or not to this product: nothing was done.
    case credentials(String)
    /// Plaid said no to this request.
    case refused(code: String, text: String)
    /// It was answered, but not with what was asked for: it may have been done.
    case unreadable(String)

    var processorError: ProcessorError {
        switch self {
        case .notSent(let text), .noAnswer(let text): .timedOut(text)
        case .failed(let text), .busy(let text): .busy(text)
        case .credentials(let text): .credentials(text)
        case .refused(let code, let text): .refused(code: code, text: text)
        case .unreadable(let text): .unreadable(text)
        }
    }

    /// As the answer to a charge.
    var chargeAnswer: ChargeAnswer {
        switch self {
        case .notSent(let text), .busy(let text), .credentials(let text): .notSent(reason: text)
        case .noAnswer(let text), .failed(let text), .unreadable(let text): .unknown(reason: text)
        case .refused(let code, let text): .declined(code: code, text: text)
        }
    }

    /// In one sentence, for a person.
    var text: String {
        switch self {
        case .notSent(let text), .noAnswer(let text), .failed(let text), .busy(let text), .credentials(let text),
            .unreadable(let text):
            text
        case .refused(let code, let text): "\(code): \(text)"
        }
    }
}

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
    ) async throws(PlaidFailure) -> Core.JSONValue {
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
            throw error.outcomeUnknown ? .noAnswer("\(error)") : .notSent("\(error)")
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

    /// Plaid asks to go by type and code before the status.
    private static func failure(status: Int, _ document: Core.JSONValue?) -> PlaidFailure {
        let type = document?["error_type"]?.string
        let code = document?["error_code"]?.string
        let message = document?["display_message"]?.string ?? document?["error_message"]?.string ?? "no message"
        let request = document?["request_id"]?.string ?? "unknown"
        let text = "\(message.prefix(200)) (request \(request.prefix(50)))"
        if status == 429 || type == "RATE_LIMIT_EXCEEDED" { return .busy("too many requests: \(text)") }
        if status >= 500 || type == "API_ERROR" || type == "INSTITUTION_ERROR" {
            return .failed("Plaid answered \(status) \(code ?? "without a code"): \(text)")
        }
        if status == 401 || status == 403 || code.map(accountCodes.contains) == true {
            return .credentials("\(code ?? String(status)): \(text)")
        }
        guard (400..<500).contains(status), let code else {
            return .unreadable("status \(status) without an error of Plaid's")
        }
        return .refused(code: code, text: text)
    }
}
