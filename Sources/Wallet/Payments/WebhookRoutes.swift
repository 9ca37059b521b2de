import Core
import DaemonKit
import Drivers
import HTTPTypes
import Hummingbird

/// Processors' webhooks: believed by their signature over the very bytes, kept, answered 200, and confirmed by asking afterwards.
struct WebhookRoutes: Sendable {
    let news: ProcessorNews
    let cardKey: Secret?
    let bankWebhooks: PlaidWebhooks?

    private static let bodyBytes = 65_536

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.post("authorize-net", use: authorizeNet)
        group.post("plaid", use: plaid)
    }

    /// `POST /webhooks/v1/authorize-net`, with `X-ANET-Signature`.
    @Sendable
    func authorizeNet(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let body = try await Self.bytes(of: request)
        let signature = Self.header("X-ANET-Signature", request)
        guard let cardKey, AuthorizeNetWebhook.verify(signature: signature, body: body, key: cardKey)
        else { throw APIError.unauthorized }
        let notice: AuthorizeNetWebhook
        do throws(ProcessorError) {
            notice = try AuthorizeNetWebhook(parsing: body)
        } catch {
            throw APIError(.badRequest, reason: error.reason)
        }
        try await news.keep(body, id: notice.notificationID, from: .authorizeNet)
        return Response(status: .ok)
    }

    /// `POST /webhooks/v1/plaid`, with `Plaid-Verification`. It only says "look".
    @Sendable
    func plaid(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let body = try await Self.bytes(of: request)
        guard let bankWebhooks, let token = Self.header("Plaid-Verification", request) else {
            throw APIError.unauthorized
        }
        let told: Bool
        do throws(PlaidWebhookError) {
            let webhook = try await bankWebhooks.verify(token, body: body, now: Clock.system.now() / 1_000)
            told = webhook == .transferEvents
        } catch {
            switch error {
            case .refused: throw APIError.unauthorized
            case .undecided: throw APIError.unavailable(reason: error.reason)
            }
        }
        // Its body is the same each time; its token is not.
        if told { try await news.keep(body, id: Digest.hex(Digest.sha256(token)), from: .plaid) }
        return Response(status: .ok)
    }

    private static func bytes(of request: Request) async throws -> [UInt8] {
        Array(try await request.body.collect(upTo: bodyBytes).readableBytesView)
    }

    private static func header(_ name: String, _ request: Request) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }
}
