import Foundation
import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Carries a request that changes something (POST, PUT, PATCH, DELETE) out once for each key that its caller gives it, and answers a repeat byte by
/// byte as the first time, with `Idempotent-Replayed: true`. Stands behind `BearerAuth`, since keys are their callers' own.
///
/// The answer is kept after the handler has committed, not with it: an instance may be killed between the two. Then its claim is over after the
/// lease, and the next request with the key runs the handler again. So a handler must be safe to run twice, two at once included: it names what it
/// makes by the key (`context.idempotencyKey().name(of:)`), so that the second run finds what the first has made.
///
/// Answers of 500 and above, 408, 425, 429 and faults of connections are not kept: a repeat runs. Every other answer is, a refusal too, so a request
/// that was corrected needs a new key. While PostgreSQL is away nothing is claimed, and so nothing is carried out.
public struct IdempotentRequests: RouterMiddleware {
    public typealias Context = DaemonRequestContext

    var answers: KeptAnswers
    /// How long a second request waits for the first one's answer.
    let patience: Duration
    /// Bytes of a body.
    let bodyBytes: Int

    private static let changing: Set<HTTPRequest.Method> = [.post, .put, .patch, .delete]
    private static let transient: Set<Int> = [408, 425, 429]
    private static let pollInterval = Duration.milliseconds(50)

    /// The same for other routes.
    /// - Parameter seconds: after this long a repeat runs the handler again, though nobody knows whether the first one still does.
    public func leased(seconds: Int) -> IdempotentRequests {
        var requests = self
        requests.answers.leaseSeconds = seconds
        return requests
    }

    public func handle(
        _ request: Request, context: DaemonRequestContext,
        next: (Request, DaemonRequestContext) async throws -> Response
    ) async throws -> Response {
        guard Self.changing.contains(request.method) else { return try await next(request, context) }
        let key = try IdempotencyKey(of: request, caller: try context.knownCaller())
        var (request, context) = (request, context)
        let body = try await request.collectBody(upTo: bodyBytes)
        let named = NamedRequest(request, key: key, body: body)
        context.idempotency = key
        let end = ContinuousClock.now + patience
        while true {
            switch try await answers.claim(named) {
            case .claimed(let claim):
                let claimed = ClaimedRequest(named: named, claim: claim, answers: answers, logger: context.logger)
                return try await claimed.carryOut { [request, context] in try await next(request, context) }
            case .done(let answer): return answer.replayed
            case .reused:
                throw APIError.conflict(
                    reason: "IDEMPOTENCY_KEY_REUSED",
                    detail: "this Idempotency-Key was sent with another method, path, query or body")
            case .running, .released:
                guard ContinuousClock.now < end else {
                    throw APIError(
                        .conflict, reason: "IDEMPOTENCY_KEY_BUSY",
                        detail: "the request of this Idempotency-Key is being carried out", retryAfterSeconds: 1)
                }
                try await Task.sleep(for: Self.pollInterval)
            }
        }
    }

    /// Whether an answer of this status is what a repeat gets.
    static func isKept(_ status: Int) -> Bool { status < 500 && !transient.contains(status) }
}

/// A request that is this instance's to carry out.
private struct ClaimedRequest {
    let named: NamedRequest
    let claim: UUID
    let answers: KeptAnswers
    let logger: Logger

    /// Runs the handler and keeps its answer. An answer that could not be kept is given all the same: what it tells was done.
    func carryOut(_ handler: () async throws -> Response) async throws -> Response {
        var response: Response
        do {
            response = try await answer(of: handler)
        } catch {
            await release()
            throw error
        }
        let collected = CollectedBody()
        do {
            try await response.body.write(collected)
        } catch {
            await release()
            throw error
        }
        let body = collected.buffer
        response.body = body.readableBytes == 0 ? ResponseBody() : ResponseBody(byteBuffer: body)
        guard IdempotentRequests.isKept(Int(response.status.code)) else {
            await release()
            return response
        }
        let answer = KeptAnswer(
            status: Int(response.status.code), contentType: response.headers[.contentType],
            body: Array(body.readableBytesView))
        do {
            let kept = try await answers.keep(answer, of: named, claim: claim)
            return kept == answer ? response : kept.replayed
        } catch {
            note("Answer not kept: a repeat runs again", error)
            return response
        }
    }

    /// The handler's answer; a refusal that it throws is one too.
    private func answer(of handler: () async throws -> Response) async throws -> Response {
        do {
            return try await handler()
        } catch {
            let answer = APIError(answering: error)
            guard IdempotentRequests.isKept(Int(answer.status.code)) else { throw error }
            return answer.response()
        }
    }

    /// A claim that cannot be given up is over with its lease.
    private func release() async {
        do {
            try await answers.release(named, claim: claim)
        } catch {
            note("Claim not given up: repeats wait for the end of its lease", error)
        }
    }

    private func note(_ sentence: Logger.Message, _ error: any Error) {
        logger.warning(
            sentence,
            metadata: [
                "http.request": "\(named.request)", "failure.reason": "\(FailureFacts(error).reason)",
                "failure.detail": "\(error)",
            ])
    }
}

/// Takes an answer's body in.
private final class CollectedBody: ResponseBodyWriter, Sendable {
    private let bytes = Mutex(ByteBuffer())

    var buffer: ByteBuffer { bytes.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        bytes.withLock { bytes in _ = bytes.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
