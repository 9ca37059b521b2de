import Core
import Drivers
import Foundation
import Testing

@testable import Sandbox

typealias JSONValue = Core.JSONValue

/// A client as a test needs it: it signs in and sends whatever the test says, right or wrong.
struct NetSuiteClient: Sendable {
    static let certificateID = "cert-1"
    static let clientID = "client-1"

    let baseURL: String
    let http = HTTPClient()

    /// An account with both logins, and the stand-in for it on a free port.
    static func withStandIn(
        slots: Int = 5, _ body: @Sendable (NetSuiteClient, SandboxServer) async throws -> Void
    ) async throws {
        var account = NetSuiteAccount(
            machineToMachine: .init(
                clientID: clientID, certificateID: certificateID,
                publicKey: try VerifyingKey(pem: try key("p256-public"))),
            tokenBased: .init(
                realm: "1234567_SB1", consumerKey: "consumer", consumerSecret: "consumer secret+", token: "token",
                tokenSecret: "token/secret"))
        account.concurrentRequests = slots
        let server = SandboxServer(netsuite: account)
        try await server.withRunning { baseURL in
            try await body(NetSuiteClient(baseURL: baseURL), server)
        }
    }

    static func key(_ name: String) throws -> String {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: tests.appending(path: "Fixtures/netsuite/\(name).pem"), encoding: .utf8)
    }

    var tokenURL: String { "\(baseURL)/services/rest/auth/oauth2/v1/token" }

    func send(
        _ method: HTTPClientRequest.Method, _ path: String, _ body: String = "", headers: [HTTPField] = [],
        timeout: Duration = .seconds(10)
    ) async throws -> HTTPClientResponse {
        try await http.send(
            HTTPClientRequest(
                method, baseURL + path, headers: headers, body: Array(body.utf8), connectTimeout: .seconds(2),
                totalTimeout: timeout))
    }

    /// A signed assertion; the arguments make it wrong.
    func assertion(
        algorithm: SignatureAlgorithm = .es256, keyName: String = "p256-private", kid: String = certificateID,
        audience: String? = nil, lifetime: Int = 300
    ) throws -> String {
        let now = Int(Date.now.timeIntervalSince1970)
        return try SigningKey(pem: Secret(try Self.key(keyName))).token(
            header: #"{"typ":"JWT","alg":"\#(algorithm.rawValue)","kid":"\#(kid)"}"#,
            claims: """
                {"iss":"\(Self.clientID)","scope":"rest_webservices","aud":"\(audience ?? tokenURL)",\
                "iat":\(now),"exp":\(now + lifetime)}
                """,
            algorithm)
    }

    func askForToken(_ assertion: String) async throws -> HTTPClientResponse {
        try await send(
            .post, "/services/rest/auth/oauth2/v1/token",
            """
            grant_type=client_credentials&client_assertion=\(assertion)\
            &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer
            """,
            headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")])
    }

    /// The headers of a client that has signed in.
    func signIn() async throws -> [HTTPField] {
        let answer = try await askForToken(try assertion())
        let token = try #require(try JSONValue(parsing: answer.body)["access_token"]?.string)
        return [
            HTTPField("Authorization", "Bearer \(token)"), HTTPField("Content-Type", "application/json"),
            HTTPField("X-NetSuite-PropertyNameValidation", "Error"), HTTPField("Prefer", "transient"),
        ]
    }
}

extension HTTPClientResponse {
    func json() throws -> JSONValue { try JSONValue(parsing: body) }

    /// NetSuite's `o:errorCode`.
    var errorCode: String? {
        get throws { try json()["o:errorDetails"]?.elements?.first?["o:errorCode"]?.string }
    }
}
