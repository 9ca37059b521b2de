import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("HTTP client")
struct HTTPClientTests {
    let client = HTTPClient()

    @Test("a request arrives as it was made, and the answer comes back whole")
    func exchange() async throws {
        let peer = try HTTPPeer { _, _ in
            "HTTP/1.1 201 Created\r\nX-Answer: one\r\nx-empty:\r\nContent-Length: 5\r\n\r\nhello"
        }
        let response = try await client.send(
            request(
                .post, peer.url + "/records?x=1", headers: [HTTPField("Content-Type", "application/json")], body: "{}"))
        #expect(response.status == 201)
        #expect(response.text == "hello")
        #expect(response.header("x-answer") == "one")
        #expect(response.header("X-EMPTY") == "")
        #expect(response.header("x-none") == nil)
        let sent = try #require(peer.requests.first)
        #expect(sent.hasPrefix("POST /records?x=1 HTTP/1.1\r\n"))
        #expect(sent.contains("\r\nContent-Type: application/json\r\n"))
        #expect(sent.contains("\r\nContent-Length: 2\r\n"))
        #expect(!sent.lowercased().contains("expect:"))
        #expect(sent.hasSuffix("\r\n\r\n{}"))
        peer.stop()
    }

    @Test(
        "every method goes out by its name, with a length where a body may be",
        arguments: [
            (HTTPClientRequest.Method.get, false), (.head, false), (.post, true), (.put, true), (.patch, true),
            (.delete, false),
        ])
    func methods(method: HTTPClientRequest.Method, hasLength: Bool) async throws {
        let peer = try HTTPPeer { _, _ in "HTTP/1.1 204 No Content\r\n\r\n" }
        #expect(try await client.send(request(method, peer.url)).status == 204)
        let sent = try #require(peer.requests.first)
        #expect(sent.hasPrefix("\(method.rawValue) / HTTP/1.1\r\n"))
        #expect(sent.contains("Content-Length: 0") == hasLength)
        peer.stop()
    }

    @Test("a redirect and a failure are answers like any other")
    func statuses() async throws {
        let peer = try HTTPPeer { request, _ in
            request.hasPrefix("GET /moved")
                ? "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
                : "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
        }
        let moved = try await client.send(request(.get, peer.url + "/moved"))
        #expect(moved.status == 302)
        #expect(moved.header("location") == "/elsewhere")
        #expect(try await client.send(request(.get, peer.url)).header("retry-after") == "7")
        #expect(peer.requests.count == 2)
        peer.stop()
    }

    @Test("a GET uses the kept connection, a POST a new one, so that libcurl never sends it twice by itself")
    func keptConnections() async throws {
        let peer = try HTTPPeer { _, _ in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }
        for _ in 1...3 { _ = try await client.send(request(.get, peer.url)) }
        #expect(peer.connectionCount == 1)
        for _ in 1...2 { _ = try await client.send(request(.post, peer.url)) }
        #expect(peer.connectionCount == 3)
        peer.stop()
    }

    @Test("a peer that takes the request and closes leaves the outcome unknown, and is asked once")
    func closedAfterRequest() async throws {
        let peer = try HTTPPeer { request, _ in
            request.hasPrefix("GET") ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : nil
        }
        _ = try await client.send(request(.get, peer.url))
        let error = await #expect(throws: HTTPClientError.self) { try await client.send(request(.post, peer.url)) }
        #expect(error?.isTransient == true)
        #expect(error?.outcomeUnknown == true)
        #expect(peer.requests.filter { $0.hasPrefix("POST") }.count == 1)
        peer.stop()
    }

    @Test("a peer that never answers costs the total deadline, and the outcome is unknown")
    func silentPeer() async throws {
        let peer = try SilentPeer(name: "http.sock")
        let client = HTTPClient(options: HTTPClient.Options(unixSocketPath: peer.socketPath))
        let start = ContinuousClock.now
        await #expect(throws: HTTPClientError.timedOut(wasSent: true)) {
            try await client.send(request(.get, "http://localhost/", totalTimeout: .milliseconds(200)))
        }
        #expect(start.duration(to: .now) < .seconds(2))
    }

    @Test("nobody listening is transient, and certainly nothing was done")
    func refused() async throws {
        let peer = try HTTPPeer { _, _ in nil }
        peer.stop()
        try await Task.sleep(for: .milliseconds(50))
        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(request(.post, "http://127.0.0.1:1/"))
        }
        guard case .notConnected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.isTransient == true)
        #expect(error?.outcomeUnknown == false)
    }

    @Test("an answer longer than the limit is not read to its end")
    func tooLong() async throws {
        let peer = try HTTPPeer { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 100_000)
        }
        var request = request(.get, peer.url)
        request.maxResponseBytes = 1_000
        await #expect(throws: HTTPClientError.bodyTooLarge(limit: 1_000)) { try await client.send(request) }
        #expect(try await client.send(self.request(.get, peer.url)).body.count == 100_000)
        peer.stop()
    }

    @Test(
        "what can't be sent is refused before it is",
        arguments: ["file:///etc/passwd", "not a url", "ftp://127.0.0.1/"])
    func badURL(url: String) async throws {
        let error = await #expect(throws: HTTPClientError.self) { try await client.send(request(.get, url)) }
        #expect(error?.outcomeUnknown == false)
        guard case .invalidRequest = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a header can't bring a second one with it")
    func headerInjection() async throws {
        await #expect(throws: HTTPClientError.invalidRequest("header X-A")) {
            try await client.send(
                request(.get, "http://127.0.0.1:1/", headers: [HTTPField("X-A", "1\r\nX-B: 2")]))
        }
    }

    private func request(
        _ method: HTTPClientRequest.Method, _ url: String, headers: [HTTPField] = [], body: String = "",
        totalTimeout: Duration = .seconds(5)
    ) -> HTTPClientRequest {
        HTTPClientRequest(
            method, url, headers: headers, body: Array(body.utf8), connectTimeout: .seconds(1),
            totalTimeout: totalTimeout)
    }
}
