import Core
import Drivers
import Hummingbird

extension AuthorizeNetStandIn {
    /// Paths below `/_control/authorize-net`:
    /// - `POST settle`: settles all that waits for it.
    /// - `POST review {"transId": …, "approved": …}`: ends the review of a held transaction.
    /// - `POST decline {"count": …}`: so many of the next charges are declined.
    /// - `POST clock {"seconds": …}`: moves the account's clock on, past a duplicate window.
    /// - `GET transactions?invoiceNumber=…`: what the account has.
    /// - `PUT webhook {"url": …, "key": …, "copies": …, "beforeAnswer": …}`, `DELETE webhook`: where notices go, and how.
    /// - `POST webhook/deliver`: sends notices whose request's answer was lost; `GET webhook/sent`: what was sent.
    func addControls(to router: RouterGroup<SandboxContext>) {
        router.post("settle") { [book] _, _ in
            Response(json: .object(["settled": .number(String(await book.settle()))]))
        }
        router.post("review") { [book, webhooks] request, _ in
            let order = try await Self.order(in: request)
            guard let id = order["transId"]?.scalarText, let approved = order["approved"]?.bool else {
                throw HTTPError(.unprocessableContent, message: "transId and approved")
            }
            guard let transaction = await book.review(id, approved: approved) else { throw HTTPError(.notFound) }
            await webhooks.add("net.authorize.payment.fraud.\(approved ? "approved" : "declined")", transaction)
            await webhooks.deliver()
            return Response(status: .noContent)
        }
        router.post("decline") { [book] request, _ in
            guard let count = try await Self.order(in: request)["count"]?.integer, count >= 0 else {
                throw HTTPError(.unprocessableContent, message: "count: a number")
            }
            await book.declineNext(count)
            return Response(status: .noContent)
        }
        router.post("clock") { [book] request, _ in
            guard let seconds = try await Self.order(in: request)["seconds"]?.integer else {
                throw HTTPError(.unprocessableContent, message: "seconds: a number")
            }
            await book.moveClock(seconds: seconds)
            return Response(status: .noContent)
        }
        router.get("transactions") { [book] request, _ in
            let invoice = request.uri.queryParameters["invoiceNumber"].map(String.init)
            return Response(json: .array(await book.transactions(invoiceNumber: invoice).map(\.control)))
        }
        addWebhookControls(to: router)
    }

    private func addWebhookControls(to router: RouterGroup<SandboxContext>) {
        router.put("webhook") { [webhooks] request, _ in
            let order = try await Self.order(in: request)
            guard let url = order["url"]?.string, let key = order["key"]?.string else {
                throw HTTPError(.unprocessableContent, message: "url and key: texts")
            }
            await webhooks.set(
                AuthorizeNetWebhooks.Settings(
                    url: url, key: Secret(key), copies: order["copies"]?.integer ?? 1,
                    isBeforeAnswer: order["beforeAnswer"]?.bool ?? false))
            return Response(status: .noContent)
        }
        router.delete("webhook") { [webhooks] _, _ in
            await webhooks.set(nil)
            return Response(status: .noContent)
        }
        router.post("webhook/deliver") { [webhooks] _, _ in
            await webhooks.deliver()
            return Response(status: .noContent)
        }
        router.get("webhook/sent") { [webhooks] _, _ in Response(json: await webhooks.log) }
    }

    private static func order(in request: Request) async throws -> JSONValue {
        var request = request
        let body = try await request.bodyBytes()
        do throws(JSONValue.ParsingError) {
            return try JSONValue(parsing: body)
        } catch {
            throw HTTPError(.unprocessableContent, message: "not JSON")
        }
    }
}
