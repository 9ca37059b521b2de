import Core
import Drivers

/// The access token of OAuth 2.0, machine to machine: asked for with a signed assertion, renewed a minute before it ends.
actor NetSuiteLogin {
    private let tokenURL: String
    private let clientID: String
    private let certificateID: String
    private let algorithm: SignatureAlgorithm
    private let key: SigningKey
    private let client: HTTPClient
    /// Seconds since 1970 by the machine's clock: signatures don't use the moved one (M30).
    private let seconds: @Sendable () -> Int64
    private var current: (token: String, until: Int64)?

    init(
        baseURL: String, clientID: String, certificateID: String, algorithm: SignatureAlgorithm, key: SigningKey,
        client: HTTPClient, seconds: @escaping @Sendable () -> Int64
    ) {
        tokenURL = "\(baseURL)/services/rest/auth/oauth2/v1/token"
        self.clientID = clientID
        self.certificateID = certificateID
        self.algorithm = algorithm
        self.key = key
        self.client = client
        self.seconds = seconds
    }

    /// A token that holds for a minute at least.
    func token() async throws(NetSuiteError) -> String {
        let now = seconds()
        if let current, now < current.until { return current.token }
        let answer = try await ask(at: now)
        current = answer
        return answer.token
    }

    /// The token was refused: the next one is a new one.
    func forget() {
        current = nil
    }

    private func ask(at now: Int64) async throws(NetSuiteError) -> (token: String, until: Int64) {
        let form =
            "grant_type=client_credentials&client_assertion_type="
            + "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
            + (try assertion(at: now))
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await client.send(
                HTTPClientRequest(
                    .post, tokenURL, headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
                    body: Array(form.utf8), connectTimeout: .seconds(10), totalTimeout: .seconds(30)))
        } catch {
            throw .notSent("no token: \(error)")
        }
        guard answer.status == 200 else {
            if answer.status == 429 { throw .busy(retryAfterSeconds: nil) }
            if answer.status >= 500 { throw .notSent("no token: NetSuite answered \(answer.status)") }
            throw .loginRefused("\(answer.status) \(answer.text.prefix(300))")
        }
        let document: Core.JSONValue
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: answer.body)
        } catch {
            throw .notSent("no token: the answer is no JSON")
        }
        guard let token = document["access_token"]?.string else { throw .loginRefused("the answer holds no token") }
        // A number or, as NetSuite writes it, a text.
        let expires = document["expires_in"]?.integer ?? document["expires_in"]?.string.flatMap { Int($0) } ?? 300
        return (token, now + Int64(max(0, expires - 60)))
    }

    private func assertion(at now: Int64) throws(NetSuiteError) -> String {
        var header = JSONWriter()
        header.object { header in
            header.field("typ", "JWT")
            header.field("alg", algorithm.rawValue)
            header.field("kid", certificateID)
        }
        var claims = JSONWriter()
        claims.object { claims in
            claims.field("iss", clientID)
            claims.field("scope", "rest_webservices")
            claims.field("aud", tokenURL)
            claims.field("iat", now)
            claims.field("exp", now + 300)
        }
        do throws(SigningError) {
            return try key.token(header: header.text, claims: claims.text, algorithm)
        } catch {
            throw .loginRefused("the key cannot sign: \(error)")
        }
    }
}
