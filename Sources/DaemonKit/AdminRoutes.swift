import Foundation
import Hummingbird
import NIOCore

/// `/healthz` (the process works), `/readyz` (what it depends on is there), `/metrics` (Prometheus text).
struct AdminRoutes {
    let name: String
    let readiness: Readiness
    let watchdog: Watchdog
    let metrics: PrometheusRegistry

    func add(to router: Router<DaemonRequestContext>) {
        router.get("/healthz") { _, _ in
            let stuck = watchdog.stuckWorkers()
            return json(
                Health(status: stuck.isEmpty ? "ok" : "stuck", daemon: name, stuckWorkers: stuck),
                status: stuck.isEmpty ? .ok : .serviceUnavailable)
        }
        router.get("/readyz") { _, _ in
            let isReady = readiness.isReady
            let dependencies = readiness.snapshot.mapValues(DependencyState.init)
            return json(
                ReadinessAnswer(ready: isReady, daemon: name, summary: readiness.summary, dependencies: dependencies),
                status: isReady ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.render())))
        }
    }

    private func json(_ value: some Encodable, status: HTTPResponse.Status) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let body = try encoder.encode(value)
            return Response(
                status: status, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        } catch {
            preconditionFailure("texts and flags always encode: \(error)")
        }
    }
}

private struct Health: Encodable {
    let status: String
    let daemon: String
    let stuckWorkers: [String]
}

private struct ReadinessAnswer: Encodable {
    let ready: Bool
    let daemon: String
    let summary: String
    let dependencies: [String: DependencyState]
}

private struct DependencyState: Encodable {
    let state: String
    let required: Bool
    let reason: String?

    init(_ entry: Readiness.Entry) {
        required = entry.isRequired
        switch entry.state {
        case .up:
            state = "up"
            reason = nil
        case .away(let why):
            state = "away"
            reason = why
        }
    }
}
