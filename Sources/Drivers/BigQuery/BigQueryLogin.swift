import Foundation

/// The access token of OAuth 2.0: asked for when there is none, renewed five minutes before it ends.
public actor BigQueryLogin {
    /// Who says that we may.
    public enum Credentials: Sendable {
        /// Nobody asks: an emulator.
        case none
        /// A service account's key signs an assertion.
        case serviceAccount(GoogleServiceAccountKey)
        /// The machine's own service account, where it runs in Google's cloud: `http://metadata.google.internal`.
        case metadataServer(url: String)
    }

    private let credentials: Credentials
    /// Seconds since 1970 by the machine's clock.
    private let seconds: @Sendable () -> Int64
    private var current: (token: String, until: Int64)?

    private static let earlier: Int64 = 300

    public init(_ credentials: Credentials, seconds: @escaping @Sendable () -> Int64) {
        self.credentials = credentials
        self.seconds = seconds
    }

    /// A token that holds for five minutes at least; nil where none is needed.
    func token(_ client: HTTPClient) async throws(BigQueryError) -> String? {
        let now = seconds()
        if let current, now < current.until { return current.token }
        guard let request = try request(at: now) else { return nil }
        let answer = try await ask(request, client)
        // One that lives no longer than five minutes is asked for anew each time.
        current = (answer.accessToken, now + max(0, answer.expiresIn - BigQueryLogin.earlier))
        return answer.accessToken
    }

    /// The token was refused: the next one is a new one.
    func forget() {
        current = nil
    }

    private func request(at now: Int64) throws(BigQueryError) -> HTTPClientRequest? {
        switch credentials {
        case .none: return nil
        case .serviceAccount(let key):
            let grant = OAuth1.encoded("urn:ietf:params:oauth:grant-type:jwt-bearer")
            let form = "grant_type=\(grant)&assertion=\(try key.assertion(at: now))"
            return HTTPClientRequest(
                .post, key.tokenURL, headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(form.utf8), connectTimeout: .seconds(10), totalTimeout: .seconds(30))
        case .metadataServer(let url):
            return HTTPClientRequest(
                .get, "\(url)/computeMetadata/v1/instance/service-accounts/default/token",
                headers: [HTTPField("Metadata-Flavor", "Google")], connectTimeout: .seconds(10),
                totalTimeout: .seconds(30))
        }
    }

    private func ask(_ request: HTTPClientRequest, _ client: HTTPClient) async throws(BigQueryError) -> TokenAnswer {
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await client.send(request)
        } catch {
            throw error.isTransient ? .notReached("no token: \(error)") : .loginRefused("no token: \(error)")
        }
        guard answer.status == 200 else {
            let detail = "no token: \(answer.status) \(answer.text.prefix(300))"
            throw answer.status == 429 || answer.status >= 500 ? .busy(detail) : .loginRefused(detail)
        }
        do throws(BigQueryError) {
            return try BigQueryJSON.decode(answer.body, names: .convertFromSnakeCase)
        } catch {
            throw .loginRefused("the answer holds no token")
        }
    }

    private struct TokenAnswer: Decodable {
        let accessToken: String
        let expiresIn: Int64
    }
}

/// The key file of a Google service account.
public struct GoogleServiceAccountKey: Sendable {
    /// What we may do with the token.
    private static let scope = "https://www.googleapis.com/auth/bigquery"
    /// How long an assertion holds: the most that is taken.
    private static let lifetime: Int64 = 3_600

    let tokenURL: String
    /// The project to which the account belongs.
    public let project: String?
    private let email: String
    private let keyID: String
    private let key: SigningKey

    private struct File: Decodable {
        let clientEmail: String
        let privateKey: String
        let privateKeyId: String
        let tokenUri: String
        let projectId: String?
    }

    /// Reads the JSON that Google's console hands out.
    public init(json: Secret) throws(BigQueryError) {
        let file: File
        do throws(BigQueryError) {
            file = try BigQueryJSON.decode(Array(json.revealed.utf8), names: .convertFromSnakeCase)
        } catch {
            // The decoder's words may hold parts of the key.
            throw .loginRefused("the credentials are no key file of a service account")
        }
        do throws(SigningError) {
            key = try SigningKey(pem: Secret(file.privateKey))
        } catch {
            throw .loginRefused("the private key of the credentials cannot be read")
        }
        tokenURL = file.tokenUri
        project = file.projectId
        email = file.clientEmail
        keyID = file.privateKeyId
    }

    /// The signed assertion that is given for a token.
    func assertion(at now: Int64) throws(BigQueryError) -> String {
        let header = #"{"alg":"RS256","typ":"JWT","kid":\#(try quoted(keyID))}"#
        let claims = """
            {"iss":\(try quoted(email)),"scope":\(try quoted(Self.scope)),"aud":\(try quoted(tokenURL)),\
            "iat":\(now),"exp":\(now + Self.lifetime)}
            """
        do throws(SigningError) {
            return try key.token(header: header, claims: claims, .rs256)
        } catch {
            throw .loginRefused("the key cannot sign: \(error)")
        }
    }

    private func quoted(_ text: String) throws(BigQueryError) -> String {
        String(decoding: try BigQueryJSON.encode(text), as: UTF8.self)
    }
}
