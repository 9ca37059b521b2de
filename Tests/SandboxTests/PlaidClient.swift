import Core
import Drivers
import Testing

@testable import Sandbox

/// A client that sends whatever the test says, right or wrong.
struct PlaidClient: Sendable {
    let base: String
    let service: PlaidService
    let server: SandboxServer
    let accessToken: String
    private let http = HTTPClient()

    static func withStandIn(_ body: @Sendable (PlaidClient) async throws -> Void) async throws {
        let service = PlaidService()
        let server = SandboxServer(plaid: service)
        let token = await service.ledger.link()
        try await server.withRunning { base in
            try await body(PlaidClient(base: base, service: service, server: server, accessToken: token))
        }
    }

    func send(
        _ path: String, _ body: JSONObject, method: HTTPClientRequest.Method = .post,
        without: String = "", changing: [String: String] = [:]
    ) async throws -> HTTPClientResponse {
        var headers = [
            "Content-Type": "application/json", "Plaid-Version": "2020-09-14",
            "PLAID-CLIENT-ID": "sandbox-plaid-client", "PLAID-SECRET": "sandbox-plaid-secret",
        ]
        headers[without] = nil
        headers.merge(changing) { _, new in new }
        return try await http.send(
            HTTPClientRequest(
                method, base + path, headers: headers.map { HTTPField($0.key, $0.value) },
                body: method == .get ? [] : Array(JSONValue.object(body).encoded.utf8), connectTimeout: .seconds(2),
                totalTimeout: .seconds(10)))
    }

    /// `CODE` of a refusal, `ok` otherwise.
    func outcome(_ path: String, _ body: JSONObject) async throws -> String {
        let answer = try await send(path, body)
        guard answer.status != 200 else { return "ok" }
        return try answer.json()["error_code"]?.string ?? "no code"
    }

    /// A good authorization's request, with the members of another document in their places.
    func authorization(_ changes: JSONObject = [:]) -> JSONObject {
        var body: JSONObject = [
            "access_token": .string(accessToken), "account_id": .string("account-good"), "type": .string("debit"),
            "network": .string("ach"), "ach_class": .string("ccd"), "amount": .string("10.00"),
            "user": .object(["legal_name": .string("Acme Inc")]), "idempotency_key": .string("K-1"),
        ]
        for (name, value) in changes.members { body[name] = value }
        return body
    }

    /// A good transfer's request, with a fresh authorization.
    func transfer(_ changes: JSONObject = [:], key: String = "K-1") async throws -> JSONObject {
        let answer = try await send(
            "/transfer/authorization/create", authorization(["idempotency_key": .string(key)]))
        var body: JSONObject = [
            "access_token": .string(accessToken), "account_id": .string("account-good"),
            "authorization_id": .string(try #require(try answer.json()["authorization"]?["id"]?.string)),
            "description": .string("Invoice"), "metadata": .object(["payment_id": .string("P-1")]),
        ]
        for (name, value) in changes.members { body[name] = value }
        return body
    }
}

extension JSONObject {
    /// The members of an object in this text.
    init(_ text: String) throws {
        self.init(try #require(try JSONValue(parsing: text).fields))
    }
}
