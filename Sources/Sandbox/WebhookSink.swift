import Hummingbird

/// Takes whatever is sent to `/sink/…` and answers 204: alerts and notices of ours end here, and the request log shows them.
struct WebhookSink: OutsideService {
    let name = "sink"
    let concurrentRequests: Int? = nil

    func errorAnswer(status: HTTPResponse.Status) -> Response {
        Response(status: status)
    }

    func addRoutes(to router: RouterGroup<SandboxContext>) {
        for method in [HTTPRequest.Method.post, .put] {
            router.on("/sink/**", method: method) { _, _ in Response(status: .noContent) }
        }
    }

    func addControls(to router: RouterGroup<SandboxContext>) {}
}
