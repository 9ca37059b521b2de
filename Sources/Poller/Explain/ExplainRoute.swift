import Core
import DaemonKit
import Hummingbird

/// `GET /internal/v1/usage/{id}/explain`: how stored usage came to its charge, for operators and services.
struct ExplainRoute: Sendable {
    let explainer: UsageExplainer

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("usage/{id}/explain", use: explain)
    }

    @Sendable
    func explain(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let text = try context.parameters.require("id")
        guard let id = UsageID(parsing: text) else {
            throw APIError.invalid(pointer: "/id", reason: "BAD_ID", detail: "the id of a record is a UUID")
        }
        guard let explained = try await explainer.explain(id) else {
            throw APIError.notFound("no rated or parked usage has this id")
        }
        return .json(explained.json)
    }
}
