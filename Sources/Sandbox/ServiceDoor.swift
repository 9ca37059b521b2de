import Hummingbird
import NIOCore

/// Every request of a stood-in service passes here: noted, counted against the slots, and hit by the ordered faults.
struct ServiceDoor: RouterMiddleware {
    let service: any OutsideService
    let traffic: Traffic

    /// The connection was closed on purpose; nobody reads this.
    private struct AnswerLost: Error {}

    func handle(
        _ request: Request, context: SandboxContext, next: (Request, SandboxContext) async throws -> Response
    ) async throws -> Response {
        var request = request
        let body = try await request.bodyBytes()
        let admission = traffic.enter(
            service: service.name, slots: service.concurrentRequests, method: request.method.rawValue,
            target: request.uri.string, headers: Self.loggable(request.headers),
            body: Self.loggable(body))

        switch admission {
        case .busy(let number):
            return refuse(number, .tooManyRequests, fault: nil)
        case .admitted(let number, let faults):
            defer { traffic.leave(service: service.name) }
            return try await answer(request, number, faults, context, next)
        }
    }

    private func answer(
        _ request: Request, _ number: Int, _ faults: [FaultOrder], _ context: SandboxContext,
        _ next: (Request, SandboxContext) async throws -> Response
    ) async throws -> Response {
        let delay = faults.filter { $0.kind == .delay }.compactMap(\.milliseconds).reduce(0, +)
        let fault = faults.first { $0.kind != .delay }
        switch fault?.kind {
        case .drop:
            throw await lose(number, .drop, context)
        case .tooManyRequests:
            return refuse(number, .tooManyRequests, fault: .tooManyRequests)
        case .serverError:
            return refuse(number, HTTPResponse.Status(code: fault?.status ?? 503), fault: .serverError)
        case .loseAnswer, .serverErrorAfter, .delay, nil:
            break
        }

        let response = try await next(request, context)
        if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
        switch fault?.kind {
        case .loseAnswer:
            throw await lose(number, .loseAnswer, context)
        case .serverErrorAfter:
            return refuse(number, HTTPResponse.Status(code: fault?.status ?? 500), fault: .serverErrorAfter)
        case .drop, .tooManyRequests, .serverError, .delay, nil:
            traffic.answered(number, status: response.status.code, fault: delay > 0 ? .delay : nil)
            return response
        }
    }

    private func refuse(_ number: Int, _ status: HTTPResponse.Status, fault: FaultOrder.Kind?) -> Response {
        traffic.answered(number, status: status.code, fault: fault)
        return service.errorAnswer(status: status)
    }

    private func lose(_ number: Int, _ fault: FaultOrder.Kind, _ context: SandboxContext) async -> AnswerLost {
        traffic.answered(number, status: nil, fault: fault)
        context.channel.close(promise: nil)
        return AnswerLost()
    }

    /// Authorize.Net's key stands in each body.
    private static func loggable(_ body: [UInt8]) -> String {
        let text = String(decoding: body, as: UTF8.self)
        guard text.contains("transactionKey") else { return text }
        return text.replacing(/"transactionKey":"[^"]*"/, with: #""transactionKey":"(secret)""#)
    }

    private static func loggable(_ fields: HTTPFields) -> [String: String] {
        var headers: [String: String] = [:]
        for field in fields {
            let name = field.name.canonicalName
            switch name {
            case "authorization": headers[name] = String(field.value.prefix { $0 != " " })
            case "plaid-secret": headers[name] = "(secret)"
            default: headers[name] = field.value
            }
        }
        return headers
    }
}
