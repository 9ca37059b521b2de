import Core
import DaemonKit
import Drivers

/// Why a dip brought no answer.
enum LRNError: Failure {
    /// No answer within the deadline, or no connection.
    case timedOut(String)
    /// The service answered that it cannot now (429, 5xx).
    case busy(status: Int)
    /// The service refuses us (another 4xx): its address or our token is wrong.
    case refused(status: Int)
    /// An answer that says nothing of the number.
    case unreadable(String)

    var reason: String {
        switch self {
        case .timedOut: "lrn-timeout"
        case .busy: "lrn-busy"
        case .refused: "lrn-refused"
        case .unreadable: "lrn-unreadable"
        }
    }

    var isTransient: Bool {
        switch self {
        case .timedOut, .busy: true
        case .refused, .unreadable: false
        }
    }
}

/// A portability service over HTTP: one number, one answer, at most so many milliseconds. It runs one dip at a time, on a thread of
/// its own; `LRNDips` has several.
struct LRNService: Sendable {
    let url: String
    let token: Secret?
    let deadline: Duration
    let client = HTTPClient()

    private static let longestAnswer = 64 * 1_024

    /// Asks about a number.
    func ask(_ number: NationalNumber) async throws(LRNError) -> LRNAnswer {
        var headers = [HTTPField("Accept", "application/json")]
        if let token { headers.append(HTTPField("Authorization", "Bearer \(token.revealed)")) }
        let separator = url.contains("?") ? "&" : "?"
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await client.send(
                HTTPClientRequest(
                    .get, "\(url)\(separator)number=\(number.text)", headers: headers, connectTimeout: deadline,
                    totalTimeout: deadline, maxResponseBytes: Self.longestAnswer))
        } catch {
            throw error.isTransient ? .timedOut("\(error)") : .unreadable("\(error)")
        }
        switch answer.status {
        case 200: return try Self.answer(in: answer.body, about: number)
        case 429, 500...: throw .busy(status: answer.status)
        case 400..<500: throw .refused(status: answer.status)
        default: throw .unreadable("status \(answer.status)")
        }
    }

    /// Reads `{"number": …, "ported": …, "lrn": …}`.
    static func answer(in body: [UInt8], about number: NationalNumber) throws(LRNError) -> LRNAnswer {
        let document: Core.JSONValue
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: body)
        } catch {
            throw .unreadable("the answer is no JSON")
        }
        guard document["number"]?.string == number.text else { throw .unreadable("the answer is of another number") }
        switch document["ported"]?.bool {
        case false: return .notPorted
        case true:
            guard let lrn = document["lrn"]?.string.flatMap({ NationalNumber(parsing: $0) }) else {
                throw .unreadable("a ported number without its routing number")
            }
            return .ported(lrn)
        case nil: throw .unreadable("the answer does not say whether the number is ported")
        }
    }
}
