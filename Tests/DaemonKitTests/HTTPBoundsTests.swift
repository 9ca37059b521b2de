import Hummingbird
import NIOCore
import TestSupport
import Testing

@testable import DaemonKit

@Suite("What one client may take of a daemon")
struct HTTPBoundsTests {
    @Test("a body that drips on beyond its time is cut off without an answer; one within it is answered")
    func slowBodies() async throws {
        try await serving(bodies: .milliseconds(500)) { port async throws in
            let head = "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40\r\n\r\n"
            let started = ContinuousClock.now
            #expect(try RawRequest.send(head, dripping: 40, port: port).isEmpty)
            // Forty bytes at this pace are two seconds.
            #expect(started.duration(to: .now) < .seconds(1.9))
            let steady = head.replacing("Content-Length: 40", with: "Content-Length: 4")
            #expect(try RawRequest.send(steady, dripping: 4, port: port).hasSuffix("4"))
        }
    }

    @Test("a head of too many fields, too long a field or too many bytes is refused")
    func heads() async throws {
        try await serving(bodies: .seconds(60)) { port async throws in
            let many = (0..<150).map { "X-\($0): 1\r\n" }.joined()
            let long = "X: \(String(repeating: "y", count: 20_000))\r\n"
            let large = (0..<90).map { "X-\($0): \(String(repeating: "z", count: 1_000))\r\n" }.joined()
            for fields in [many, long, large] {
                let request =
                    "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)Content-Length: 0\r\n\r\n"
                #expect(!(try RawRequest.send(request, port: port).contains(" 200 ")))
            }
            let few = (0..<50).map { "X-\($0): 1\r\n" }.joined()
            let request = "POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(few)Content-Length: 0\r\n\r\n"
            #expect(try RawRequest.send(request, port: port).contains(" 200 "))
        }
    }

    /// Serves `POST /length`, which answers how long the body is, within these bounds.
    private func serving(bodies limit: TimeAmount, _ body: (Int) async throws -> Void) async throws {
        let router = Router(context: DaemonRequestContext.self)
        router.post("/length") { request, _ in
            "\(try await request.body.collect(upTo: 1_000).readableBytes)"
        }
        let (ports, opened) = AsyncStream<Int>.makeStream()
        let server = Application(
            router: router, server: .http1(configuration: HTTPBounds.configuration(body: limit)),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { opened.yield($0.localAddress?.port ?? 0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await port in ports.prefix(1) { try await body(port) }
            group.cancelAll()
        }
    }
}
