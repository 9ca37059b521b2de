import Foundation
public import HTTPTypes
public import Hummingbird
import NIOCore

/// An error whose answer a route decides: status, reason, and where in the body it lies.
public struct APIError: Failure {
    /// The status of the answer.
    public let status: HTTPResponse.Status
    /// The stable code (M32).
    public let reason: String
    /// A sentence for the caller; nothing in it that the caller may not know.
    public let detail: String?
    /// The JSON pointer of the field that is wrong.
    public let pointer: String?
    /// After how many seconds to try again.
    public let retryAfterSeconds: Int?
    /// With a 401: what the caller may authenticate with.
    public let challenges: [String]

    /// An answer of any status.
    public init(
        _ status: HTTPResponse.Status, reason: String, detail: String? = nil, pointer: String? = nil,
        retryAfterSeconds: Int? = nil, challenges: [String] = ["Bearer"]
    ) {
        self.status = status
        self.reason = reason
        self.detail = detail
        self.pointer = pointer
        self.retryAfterSeconds = retryAfterSeconds
        self.challenges = challenges
    }

    public var isTransient: Bool { status == .serviceUnavailable }

    /// 422: a field is missing or wrong.
    public static func invalid(pointer: String, reason: String, detail: String? = nil) -> APIError {
        APIError(.unprocessableContent, reason: reason, detail: detail, pointer: pointer)
    }

    /// 404: no such thing, or not the caller's.
    public static func notFound(_ detail: String? = nil) -> APIError {
        APIError(.notFound, reason: "not-found", detail: detail)
    }

    /// 401: no token, or none we know.
    public static let unauthorized = APIError(.unauthorized, reason: "unauthorized")
    /// 403: a known caller who may not do this.
    public static let forbidden = APIError(.forbidden, reason: "forbidden")
    /// 413: the body is larger than the route takes.
    public static let tooLarge = APIError(.contentTooLarge, reason: "body-too-large")

    /// 409: it contradicts what is there.
    public static func conflict(reason: String, detail: String? = nil) -> APIError {
        APIError(.conflict, reason: reason, detail: detail)
    }

    /// 503: try again later.
    public static func unavailable(reason: String, retryAfterSeconds: Int = 1) -> APIError {
        APIError(.serviceUnavailable, reason: reason, retryAfterSeconds: retryAfterSeconds)
    }

    /// The answer to any error that a route threw: an `APIError` as it stands; a transient failure 503; a permanent one 422 when its
    /// reason is a rule's code (the input's fault), otherwise 500; anything unknown 500.
    init(answering error: any Error) {
        switch error {
        case let error as APIError:
            self = error
        case let error as any Failure where error.isTransient:
            self = .unavailable(reason: error.reason)
        case let error as any Failure:
            let isRule = error.reason.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
            self = APIError(isRule ? .unprocessableContent : .internalServerError, reason: error.reason)
        case is NIOTooManyBytesError:
            self = .tooLarge
        case let error as any HTTPResponseError:
            let phrase = error.status.reasonPhrase.lowercased().replacing(" ", with: "-")
            self = APIError(error.status, reason: phrase, detail: (error as? HTTPError)?.body)
        default:
            self = APIError(.internalServerError, reason: FailureFacts(error).reason)
        }
    }

    /// As RFC 9457 has it.
    func response() -> Response {
        let problem = Problem(
            title: status.reasonPhrase, status: status.code, reason: reason, detail: detail, pointer: pointer)
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
        if status == .unauthorized { headers[values: .wwwAuthenticate] = challenges }
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.json())))
    }
}

/// The body of an answer that is an error (RFC 9457).
private struct Problem: Encodable {
    let type = "about:blank"
    let title: String
    let status: Int
    let reason: String
    let detail: String?
    let pointer: String?

    enum CodingKeys: CodingKey { case type, title, status, reason, detail, pointer }

    func json() -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self)
        } catch {
            preconditionFailure("texts and numbers always encode: \(error)")
        }
    }
}

/// Answers errors as problems, counts and times every request. Errors of ours are logged here and nowhere else.
struct APIErrors: RouterMiddleware {
    typealias Context = DaemonRequestContext

    let metrics: PrometheusRegistry

    func handle(
        _ request: Request, context: DaemonRequestContext,
        next: (Request, DaemonRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response: Response
        do {
            response = try await next(request, context)
        } catch {
            let answer = APIError(answering: error)
            if answer.status.code >= 500 {
                context.logger.log(
                    level: answer.isTransient ? .warning : .error, "Request failed",
                    metadata: [
                        "http.route": "\(context.endpointPath ?? "none")", "http.status": "\(answer.status.code)",
                        "failure.reason": "\(answer.reason)", "failure.detail": "\(error)",
                    ])
            }
            response = answer.response()
        }
        let route = context.endpointPath ?? "none"
        metrics.increment(.httpRequests, route, "\(response.status.code)")
        metrics.observe(.httpSeconds, ContinuousClock.now - start, route)
        return response
    }
}

extension Request {
    /// The body as JSON of a type; a field that is missing or wrong is a 422 with its pointer, a body above the bound a 413.
    /// For small bodies; records have their own reader.
    public func json<Value: Decodable>(_ type: Value.Type, upTo bytes: Int = 1 << 20) async throws -> Value {
        let buffer = try await body.collect(upTo: bytes)
        do {
            return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw APIError(decoding: error)
        }
    }
}

extension APIError {
    init(decoding error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .invalid(pointer: Self.pointer(context.codingPath + [key]), reason: "MISSING_FIELD")
        case .valueNotFound(_, let context):
            self = .invalid(pointer: Self.pointer(context.codingPath), reason: "MISSING_FIELD")
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            self = .invalid(
                pointer: Self.pointer(context.codingPath), reason: context.codingPath.isEmpty ? "BAD_JSON" : "BAD_TYPE")
        @unknown default:
            self = .invalid(pointer: "", reason: "BAD_JSON")
        }
    }

    private static func pointer(_ path: [any CodingKey]) -> String {
        path.map { key in
            let text = key.intValue.map(String.init) ?? key.stringValue
            return "/" + text.replacing("~", with: "~0").replacing("/", with: "~1")
        }.joined()
    }
}
