/// OAuth 1.0a with HMAC-SHA256, as NetSuite's token-based authentication wants it (RFC 5849 with the newer hash).
public struct OAuth1: Sendable {
    private let realm: String
    private let consumerKey: String
    private let consumerSecret: Secret
    private let token: String
    private let tokenSecret: Secret

    public init(realm: String, consumerKey: String, consumerSecret: Secret, token: String, tokenSecret: Secret) {
        self.realm = realm
        self.consumerKey = consumerKey
        self.consumerSecret = consumerSecret
        self.token = token
        self.tokenSecret = tokenSecret
    }

    /// The value of the `Authorization` header.
    ///
    /// `timestamp` is in seconds since 1970; `nonce` is new for every request. The URL's query is signed too.
    public func authorization(method: String, url: String, nonce: String, timestamp: Int64) -> String {
        let fields = [
            ("realm", realm), ("oauth_nonce", nonce), ("oauth_timestamp", String(timestamp)),
            ("oauth_version", "1.0"), ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_consumer_key", consumerKey), ("oauth_token", token),
            ("oauth_signature", signature(method: method, url: url, nonce: nonce, timestamp: timestamp)),
        ]
        return "OAuth " + fields.map { "\($0.0)=\"\(OAuth1.encoded($0.1))\"" }.joined(separator: ", ")
    }

    /// The signature in base64.
    func signature(method: String, url: String, nonce: String, timestamp: Int64) -> String {
        let key = OAuth1.encoded(consumerSecret.revealed) + "&" + OAuth1.encoded(tokenSecret.revealed)
        let base = baseString(method: method, url: url, nonce: nonce, timestamp: timestamp)
        return Base64.encode(Digest.hmacSHA256(key: Array(key.utf8), Array(base.utf8)))
    }

    /// What is signed (RFC 5849, 3.4.1): method, URL without query, and all parameters sorted.
    func baseString(method: String, url: String, nonce: String, timestamp: Int64) -> String {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var parameters = [
            ("oauth_consumer_key", consumerKey), ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"), ("oauth_timestamp", String(timestamp)),
            ("oauth_token", token), ("oauth_version", "1.0"),
        ]
        if parts.count == 2 { parameters += OAuth1.query(parts[1]) }
        let sorted = parameters.map { (OAuth1.encoded($0.0), OAuth1.encoded($0.1)) }
            .sorted { Array($0.0.utf8) == Array($1.0.utf8) ? OAuth1.isBefore($0.1, $1.1) : OAuth1.isBefore($0.0, $1.0) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return [method.uppercased(), String(parts[0]), sorted].map(OAuth1.encoded).joined(separator: "&")
    }

    /// Bytewise order, which the RFC asks for; Swift orders strings by Unicode.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// The decoded pairs of a query.
    private static func query(_ text: Substring) -> [(String, String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count == 2 ? decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let decoded = Digest.bytes(hex: String(decoding: rest.prefix(2), as: UTF8.self))
            {
                bytes += decoded
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Percent-encoding of everything but letters, digits and `-._~` (RFC 5849, 3.6).
    static func encoded(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += Array("%".utf8) + Array(Digest.hex([byte]).uppercased().utf8)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
