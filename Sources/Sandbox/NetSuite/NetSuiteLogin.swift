import Core
import Drivers
import Foundation
import Hummingbird

/// NetSuite's two doors: access tokens for a signed assertion (OAuth 2.0), and requests that are signed one by one (TBA).
actor NetSuiteLogin {
    /// How far a request's time stamp may be off, in seconds.
    private static let clockTolerance = 300.0

    private let account: NetSuiteAccount
    private var expiryByToken: [String: Date] = [:]
    private var nonces: Set<String> = []

    init(account: NetSuiteAccount) {
        self.account = account
    }

    func expireTokens() {
        expiryByToken = [:]
    }

    /// `POST /services/rest/auth/oauth2/v1/token`.
    func token(for body: [UInt8], _ request: Request) -> Response {
        do throws(TokenRefusal) {
            guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true else {
                throw TokenRefusal("invalid_request", "the body must be form-encoded")
            }
            let form = FormFields(String(decoding: body, as: UTF8.self))
            guard form["grant_type"] == "client_credentials",
                form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            else { throw TokenRefusal("unsupported_grant_type", "client_credentials with a JWT assertion is expected") }
            guard let assertion = form["client_assertion"] else {
                throw TokenRefusal("invalid_request", "client_assertion is missing")
            }
            try check(assertion, audience: "\(request.baseURL)\(request.uri.path)")
        } catch {
            return error.answer
        }
        let token = "\(UUID().uuidString)\(UUID().uuidString)".replacing("-", with: "")
        expiryByToken[token] = Date.now.addingTimeInterval(Double(account.tokenSeconds))
        return Response(
            json: .object([
                "access_token": .string(token), "expires_in": .string(String(account.tokenSeconds)),
                "token_type": .string("bearer"),
            ]))
    }

    /// Lets a request in that carries a living access token or a good signature.
    func admit(_ request: Request) throws(NetSuiteFault) {
        let authorization = request.headers[.authorization] ?? ""
        if authorization.hasPrefix("Bearer ") {
            guard let expiry = expiryByToken[String(authorization.dropFirst(7))], expiry > .now else {
                throw .login("Invalid login attempt: the access token is unknown or has expired.")
            }
        } else if authorization.hasPrefix("OAuth ") {
            try checkSigned(request, OAuthHeader(authorization))
        } else {
            throw .login("Invalid login attempt: no credentials.")
        }
    }

    private func check(_ assertion: String, audience: String) throws(TokenRefusal) {
        guard let login = account.machineToMachine else {
            throw TokenRefusal("invalid_client", "this account has no machine-to-machine login")
        }
        // RS256 is refused as by NetSuite; PS384 and longer are more than this stand-in can check.
        let algorithms = [SignatureAlgorithm.ps256, .es256]
        let header = assertion.prefix { $0 != "." }
        guard let head = Base64.decode(header).flatMap(Self.json) else {
            throw TokenRefusal("invalid_request", "the assertion is no JWT")
        }
        guard let algorithm = algorithms.first(where: { $0.rawValue == head["alg"]?.string }) else {
            throw TokenRefusal("invalid_client", "alg must be PS256 or ES256")
        }
        guard head["typ"]?.string == "JWT", head["kid"]?.string == login.certificateID else {
            throw TokenRefusal("invalid_client", "typ must be JWT and kid the certificate's id")
        }
        guard let claims = login.publicKey.claims(ofToken: assertion, algorithm).flatMap({ Self.json($0.claims) })
        else {
            throw TokenRefusal("invalid_client", "the signature does not fit the certificate")
        }
        try checkClaims(claims, login, audience: audience)
    }

    private func checkClaims(
        _ claims: JSONValue, _ login: NetSuiteAccount.MachineToMachine, audience: String
    ) throws(TokenRefusal) {
        let now = Int(Date.now.timeIntervalSince1970)
        guard claims["iss"]?.string == login.clientID else {
            throw TokenRefusal("invalid_client", "iss is not the client")
        }
        guard claims["aud"]?.string == audience else { throw TokenRefusal("invalid_client", "aud must be \(audience)") }
        guard let scope = claims["scope"]?.string, scope.split(separator: ",").contains("rest_webservices") else {
            throw TokenRefusal("invalid_scope", "scope must hold rest_webservices")
        }
        guard let issued = claims["iat"]?.integer, let expiry = claims["exp"]?.integer,
            issued <= now + Int(Self.clockTolerance), expiry > now, expiry - issued <= 3600
        else { throw TokenRefusal("invalid_grant", "iat and exp must hold now and be at most an hour apart") }
    }

    private func checkSigned(_ request: Request, _ header: OAuthHeader) throws(NetSuiteFault) {
        guard let login = account.tokenBased else { throw .login("Token-based authentication is not enabled.") }
        guard header["realm"] == login.realm, header["oauth_consumer_key"] == login.consumerKey,
            header["oauth_token"] == login.token
        else { throw .login("Invalid login attempt: realm, consumer key or token.") }
        guard header["oauth_signature_method"] == "HMAC-SHA256", (header["oauth_version"] ?? "1.0") == "1.0" else {
            throw .login("Invalid login attempt: the signature method must be HMAC-SHA256.")
        }
        guard let timestamp = header["oauth_timestamp"].flatMap(Double.init),
            abs(timestamp - Date.now.timeIntervalSince1970) <= Self.clockTolerance
        else { throw .login("Invalid login attempt: the time stamp is off.") }
        guard let nonce = header["oauth_nonce"], nonce.count >= 6, nonces.insert(nonce).inserted else {
            throw .login("Invalid login attempt: the nonce was used before.")
        }
        let base = header.baseString(
            method: request.method.rawValue, url: request.baseURL + request.uri.path, query: request.uri.query)
        let key = "\(PercentEncoding.encode(login.consumerSecret))&\(PercentEncoding.encode(login.tokenSecret))"
        let signature = Base64.encode(Digest.hmacSHA256(key: Array(key.utf8), Array(base.utf8)))
        guard header["oauth_signature"] == signature else {
            throw .login("Invalid login attempt: the signature does not fit. Base string: \(base)")
        }
    }

    private static func json(_ bytes: [UInt8]) -> JSONValue? {
        do throws(JSONValue.ParsingError) { return try JSONValue(parsing: bytes) } catch { return nil }
    }
}

/// A refusal of the token endpoint, in OAuth's form.
private struct TokenRefusal: Error {
    let code: String
    let detail: String

    init(_ code: String, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    var answer: Response {
        Response(
            status: .badRequest, json: .object(["error": .string(code), "error_description": .string(detail)]))
    }
}
