import Drivers
import Foundation
import Testing

@testable import Sandbox

@Suite("Faults on demand")
struct FaultTests {
    private static let invoices = "/services/rest/record/v1/invoice"
    private static let invoice =
        #"{"externalId":"INV-1","entity":{"externalId":"BAN001"},"item":{"items":[{"item":{"id":"1"},"amount":1.00}]}}"#

    private func withFault(
        _ orders: [String], slots: Int = 5,
        _ body: @Sendable (NetSuiteClient, [HTTPField], SandboxServer) async throws -> Void
    ) async throws {
        try await NetSuiteClient.withStandIn(slots: slots) { client, server in
            let headers = try await client.signIn()
            _ = try await client.send(
                .put, "/services/rest/record/v1/customer/eid:BAN001", "{}", headers: headers)
            for order in orders {
                #expect(try await client.send(.post, "/_control/faults", order).status == 204)
            }
            try await body(client, headers, server)
        }
    }

    @Test("a lost answer: the invoice is there, the client has not heard of it")
    func lostAnswer() async throws {
        try await withFault([#"{"service":"netsuite","kind":"lose_answer","count":1}"#]) { client, headers, _ in
            await #expect(throws: HTTPClientError.self) {
                _ = try await client.send(.post, Self.invoices, Self.invoice, headers: headers)
            }
            let found = try await client.send(.get, "\(Self.invoices)/eid:INV-1", headers: headers)
            #expect(found.status == 200)
        }
    }

    @Test("a dropped request and a 5xx before the work leave nothing behind; a 5xx after it does")
    func beforeAndAfter() async throws {
        try await withFault([
            #"{"service":"netsuite","kind":"drop","count":1,"method":"POST"}"#,
            #"{"service":"netsuite","kind":"5xx","count":1,"status":502,"method":"POST"}"#,
            #"{"service":"netsuite","kind":"5xx_after","count":1,"method":"POST"}"#,
        ]) { client, headers, _ in
            await #expect(throws: HTTPClientError.self) {
                _ = try await client.send(.post, Self.invoices, Self.invoice, headers: headers)
            }
            #expect(try await client.send(.post, Self.invoices, Self.invoice, headers: headers).status == 502)
            let path = "\(Self.invoices)/eid:INV-1"
            #expect(try await client.send(.get, path, headers: headers).status == 404)
            let failed = try await client.send(.post, Self.invoices, Self.invoice, headers: headers)
            #expect(failed.status == 500)
            #expect(try failed.errorCode == "UNEXPECTED_ERROR")
            #expect(try await client.send(.get, path, headers: headers).status == 200)
        }
    }

    @Test("every third request is refused, until the orders are withdrawn")
    func everyThird() async throws {
        try await withFault([#"{"service":"netsuite","kind":"429","every":3,"path":"/invoice/"}"#]) {
            client, headers, _ in
            var statuses: [Int] = []
            for _ in 1...6 {
                statuses.append(try await client.send(.get, "\(Self.invoices)/1", headers: headers).status)
            }
            #expect(statuses == [404, 404, 429, 404, 404, 429])
            #expect(try await client.send(.delete, "/_control/faults").status == 204)
            #expect(try await client.send(.get, "/_control/faults").json() == .array([]))
        }
    }

    @Test("requests beyond the slots are refused with 429, and the log tells the peak")
    func slots() async throws {
        try await withFault(
            [#"{"service":"netsuite","kind":"delay","milliseconds":400}"#], slots: 2
        ) { client, headers, server in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...4 {
                    group.addTask {
                        let client = NetSuiteClient(baseURL: client.baseURL)
                        return try await client.send(.get, "\(Self.invoices)/1", headers: headers).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [404, 404, 429, 429])
            #expect(server.traffic.peaks["netsuite"] == 2)
        }
    }

    @Test("the request log keeps bodies and statuses, and of the credentials only their kind")
    func requestLog() async throws {
        try await withFault([]) { client, headers, _ in
            _ = try await client.send(.post, "/sink/alerts", #"{"balance":"1.00"}"#)
            let sink = try await client.send(.get, "/_control/requests?service=sink").json().elements ?? []
            #expect(sink.map { $0["body"]?.string } == [#"{"balance":"1.00"}"#])
            #expect(sink.map { $0["status"] } == [.number("204")])
            let netsuite = try await client.send(.get, "/_control/requests?service=netsuite").json().elements ?? []
            #expect(netsuite.last?["headers"]?["authorization"] == .string("Bearer"))
            #expect(netsuite.last?["target"]?.string == "/services/rest/record/v1/customer/eid:BAN001")
        }
    }

    @Test("the sandbox listens on loopback and nowhere else", arguments: ["0.0.0.0", "::", "10.0.0.1", "localhost"])
    func loopbackOnly(host: String) {
        #expect(throws: SandboxError.self) {
            _ = try SandboxServer(netsuite: NetSuiteAccount())
                .application(host: host, port: 0, logger: .init(label: "test")) { _ in }
        }
    }
}
