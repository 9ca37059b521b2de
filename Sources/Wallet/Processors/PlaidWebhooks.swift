import Core
import DaemonKit
import Drivers

/// What Plaid wants us to look at. It only says "look": the events themselves are asked for.
enum PlaidWebhook: Sendable, Equatable {
    /// There are new transfer events.
    case transferEvents
    /// An item's customer must log in to the bank again, now or soon.
    case loginRequired(item: String)
    /// Of no concern here.
    case other(type: String, code: String)
}

/// Why a webhook is not believed.
enum PlaidWebhookError: Failure, Equatable {
    /// It is not Plaid's, or too old, or its body is another.
    case refused(String)
    /// Plaid's key could not be had: nobody knows yet, Plaid sends again.
    case undecided(ProcessorError)

    var reason: String {
        switch self {
        case .refused: "webhook-refused"
        case .undecided(let error): error.reason
        }
    }

    var isTransient: Bool {
        switch self {
        case .refused: false
        case .undecided: true
        }
    }
}

/// Checks that a webhook is Plaid's: the header `Plaid-Verification` is a token, signed with ES256 by a key that Plaid names, over the
/// SHA-256 of the body.
///
/// Anybody can post to a webhook's address, so keys are remembered, unknown ones too, and asked for only so often.
actor PlaidWebhooks {
    /// How far the token's time may be off, in seconds.
    static let tolerance: Int64 = 300
    /// How long an answer about a key is good, in seconds: an expired or unknown key is noticed after that.
    static let keptSeconds: Int64 = 3_600
    /// Questions about keys in a minute.
    static let questionsPerMinute = 30
    private static let longestToken = 4_096
    private static let keysKept = 100

    private let plaid: Plaid
    private var keys: [String: KnownKey] = [:]
    private var questions: (minute: Int64, count: Int) = (0, 0)

    private struct KnownKey {
        /// Nil where Plaid knows no such key.
        let key: VerifyingKey?
        /// Seconds since 1970.
        let expiredAt: Int64?
        let learnedAt: Int64
    }

    /// With a connection of its own, so that no charge in progress keeps a webhook waiting.
    init(account: PlaidAccount) {
        plaid = Plaid(account: account)
    }

    /// What the webhook says, once it is proved to be Plaid's.
    /// - Parameters:
    ///   - token: the header `Plaid-Verification`.
    ///   - body: as it was received, byte for byte.
    ///   - now: seconds since 1970 by the machine's clock; signatures don't use the moved one (M30).
    func verify(_ token: String, body: [UInt8], now: Int64) async throws(PlaidWebhookError) -> PlaidWebhook {
        guard token.utf8.count <= PlaidWebhooks.longestToken else { throw .refused("the token is too long") }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = PlaidWebhooks.document(parts[0]),
            let claims = PlaidWebhooks.document(parts[1])
        else { throw .refused("the token is none") }
        guard header["alg"]?.string == SignatureAlgorithm.es256.rawValue else { throw .refused("alg is not ES256") }
        guard let id = header["kid"]?.string, (1...100).contains(id.utf8.count) else {
            throw .refused("no key is named")
        }
        // Before a key is asked for; what the claims say is worth something once the signature fits.
        let window = now - PlaidWebhooks.tolerance...now + PlaidWebhooks.tolerance
        guard let issued = claims["iat"]?.integer, window.contains(Int64(issued)) else {
            throw .refused("iat is not within five minutes")
        }
        let hash = Digest.hex(Digest.sha256(body))
        guard let claimed = claims["request_body_sha256"]?.string,
            Digest.areEqual(Array(hash.utf8), Array(claimed.utf8))
        else { throw .refused("the body is not the one that was signed") }
        let known = try await key(id, now: now)
        guard let key = known.key else { throw .refused("Plaid has no such key") }
        if let expiry = known.expiredAt, expiry <= now { throw .refused("the key has expired") }
        guard key.claims(ofToken: token, .es256) != nil else { throw .refused("the signature does not fit") }
        return try PlaidWebhooks.content(of: body)
    }

    private func key(_ id: String, now: Int64) async throws(PlaidWebhookError) -> KnownKey {
        if let known = keys[id], now - known.learnedAt < PlaidWebhooks.keptSeconds { return known }
        if questions.minute != now / 60 { questions = (now / 60, 0) }
        guard questions.count < PlaidWebhooks.questionsPerMinute else {
            throw .undecided(.busy("too many keys were asked for in this minute"))
        }
        questions.count += 1
        let known: KnownKey
        do throws(ProcessorError) {
            known = try await ask(id, now: now)
        } catch .refused {
            known = KnownKey(key: nil, expiredAt: nil, learnedAt: now)
        } catch {
            throw .undecided(error)
        }
        if keys.count >= PlaidWebhooks.keysKept { keys = [:] }
        keys[id] = known
        return known
    }

    private func ask(_ id: String, now: Int64) async throws(ProcessorError) -> KnownKey {
        var body = JSONWriter()
        body.object { $0.field("key_id", id) }
        let answer = try await plaid.post("/webhook_verification_key/get", body.bytes)
        guard let key = answer["key"], key["kid"]?.string == id, key["kty"]?.string == "EC",
            key["crv"]?.string == "P-256", key["alg"]?.string == SignatureAlgorithm.es256.rawValue,
            let x = key["x"]?.string, let y = key["y"]?.string
        else { throw .unreadable("the answer is no ES256 key of that id") }
        do throws(SigningError) {
            return KnownKey(
                key: try VerifyingKey(p256X: x, y: y), expiredAt: key["expired_at"]?.integer.map(Int64.init),
                learnedAt: now)
        } catch {
            throw .unreadable("the key is none: \(error)")
        }
    }

    private static func document(_ part: Substring) -> Core.JSONValue? {
        guard let bytes = Base64.decode(part) else { return nil }
        do throws(Core.JSONValue.ParsingError) { return try Core.JSONValue(parsing: bytes) } catch { return nil }
    }

    private static func content(of body: [UInt8]) throws(PlaidWebhookError) -> PlaidWebhook {
        let document: Core.JSONValue
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: body)
        } catch {
            throw .refused("the body is no JSON")
        }
        let type = document["webhook_type"]?.string ?? ""
        let code = document["webhook_code"]?.string ?? ""
        switch (type, code) {
        case ("TRANSFER", "TRANSFER_EVENTS_UPDATE"): return .transferEvents
        case ("ITEM", "PENDING_EXPIRATION"), ("ITEM", "PENDING_DISCONNECT"), ("ITEM", "USER_PERMISSION_REVOKED"):
            break
        case ("ITEM", "ERROR") where document["error"]?["error_code"]?.string == "ITEM_LOGIN_REQUIRED": break
        default: return .other(type: type, code: code)
        }
        guard let item = document["item_id"]?.string else { return .other(type: type, code: code) }
        return .loginRequired(item: item)
    }
}
