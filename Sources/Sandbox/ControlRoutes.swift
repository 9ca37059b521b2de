import Foundation
import Hummingbird

/// What tests and the demo say to the sandbox itself: faults to come, requests seen.
struct ControlRoutes {
    let traffic: Traffic

    func add(to router: RouterGroup<SandboxContext>) {
        router.get("health") { _, _ in Response(status: .ok) }
        router.post("faults") { [traffic] request, _ in
            var request = request
            let body = Data(try await request.bodyBytes())
            do {
                traffic.order(try JSONDecoder().decode(FaultOrder.self, from: body))
            } catch {
                throw HTTPError(.unprocessableContent, message: "not a fault order: \(error)")
            }
            return Response(status: .noContent)
        }
        router.get("faults") { [traffic] _, _ in try Self.json(traffic.pendingOrders) }
        router.delete("faults") { [traffic] _, _ in
            traffic.withdrawOrders()
            return Response(status: .noContent)
        }
        router.get("requests") { [traffic] request, _ in
            try Self.json(traffic.requests(of: request.uri.queryParameters["service"].map(String.init)))
        }
        router.delete("requests") { [traffic] _, _ in
            traffic.forgetRequests()
            return Response(status: .noContent)
        }
        router.get("peaks") { [traffic] _, _ in try Self.json(traffic.peaks) }
    }

    private static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = ByteBuffer(bytes: try encoder.encode(value))
        return Response(
            status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }
}
