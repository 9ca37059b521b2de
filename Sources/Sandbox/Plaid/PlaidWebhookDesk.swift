import Core
import DaemonKit
import Drivers

/// Signs webhooks and sends them, and shows the public keys. Its keys are new with every start.
actor PlaidWebhookDesk {
    private struct Key {
        let id: String
        let key: SigningKey
        let created: Int64
        var expired: Int64?
    }

    private let client = HTTPClient()
    private var keys: [Key] = []

    /// Makes a new key; the one before has expired so many seconds ago.
    func rotate(expiredSecondsAgo: Int64 = 0) throws(SigningError) {
        if let last = keys.indices.last { keys[last].expired = seconds - expiredSecondsAgo }
        keys.append(Key(id: PlaidText.newID(), key: try SigningKey.newP256(), created: seconds))
    }

    /// `/webhook_verification_key/get`
    func publicKey(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        guard let key = keys.first(where: { $0.id == body["key_id"]?.string }),
            let (x, y) = key.key.p256Coordinates
        else { throw .input("INVALID_WEBHOOK_VERIFICATION_KEY_ID", "could not find matching key") }
        return [
            "key": .object([
                "alg": .string("ES256"), "crv": .string("P-256"), "kid": .string(key.id), "kty": .string("EC"),
                "use": .string("sig"), "x": .string(x), "y": .string(y), "created_at": .number("\(key.created)"),
                "expired_at": key.expired.map { .number("\($0)") } ?? .null,
            ])
        ]
    }

    /// The header `Plaid-Verification` over a body.
    /// - Parameter ago: how many seconds ago it was signed.
    func token(over body: [UInt8], ago: Int64 = 0) throws(SigningError) -> String {
        if keys.isEmpty { try rotate() }
        guard let key = keys.last else { throw .refused("there is no key") }
        return try key.key.token(
            header: #"{"alg":"ES256","kid":"\#(key.id)","typ":"JWT"}"#,
            claims: #"{"iat":\#(seconds - ago),"request_body_sha256":"\#(Digest.hex(Digest.sha256(body)))"}"#,
            .es256)
    }

    /// Sends `TRANSFER_EVENTS_UPDATE` so many times over, each signed anew, and returns the statuses that came back.
    func send(to url: String, copies: Int) async throws -> [Int] {
        let body = Array(
            #"{"webhook_type":"TRANSFER","webhook_code":"TRANSFER_EVENTS_UPDATE","environment":"sandbox"}"#.utf8)
        var statuses: [Int] = []
        for _ in 0..<copies {
            let answer = try await client.send(
                HTTPClientRequest(
                    .post, url,
                    headers: [
                        HTTPField("Content-Type", "application/json"),
                        HTTPField("Plaid-Verification", try token(over: body)),
                    ],
                    body: body, connectTimeout: .seconds(2), totalTimeout: .seconds(10)))
            statuses.append(answer.status)
        }
        return statuses
    }

    private var seconds: Int64 { Clock.system.now() / 1_000 }
}
