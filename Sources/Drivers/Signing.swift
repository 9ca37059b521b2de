import COpenSSL

/// The signatures of tokens, by their names in RFC 7518.
public enum SignatureAlgorithm: String, Sendable {
    /// RSA, PKCS #1 v1.5, SHA-256.
    case rs256 = "RS256"
    /// RSA-PSS, SHA-256, a salt of 32 bytes.
    case ps256 = "PS256"
    /// ECDSA on P-256, SHA-256; the signature is r and s, 32 bytes each.
    case es256 = "ES256"
}

/// What can be wrong with a key or a signature's making.
public enum SigningError: Error, Sendable, Equatable {
    /// Not a key in PEM, or not of the kind asked for.
    case badKey(String)
    /// The key can't sign in this way.
    case refused(String)
}

/// A private key that signs.
public struct SigningKey: Sendable {
    private let key: OpenSSLKey

    /// A private key in PEM (PKCS #8 or the older forms), without a passphrase.
    public init(pem: Secret) throws(SigningError) {
        key = try OpenSSLKey(privatePEM: pem.revealed)
    }

    /// A new key on P-256, which nobody else has.
    public static func newP256() throws(SigningError) -> SigningKey {
        SigningKey(key: try OpenSSLKey(newP256: ()))
    }

    private init(key: OpenSSLKey) {
        self.key = key
    }

    /// A P-256 key's public point as a JWK has it: `x` and `y`, 32 bytes each in base64url; nil for another key.
    public var p256Coordinates: (x: String, y: String)? {
        guard let point = key.p256Point, point.count == 65 else { return nil }
        return (Base64.encodeURL(Array(point[1...32])), Base64.encodeURL(Array(point[33...64])))
    }

    /// The message's signature.
    public func sign(_ message: [UInt8], _ algorithm: SignatureAlgorithm) throws(SigningError) -> [UInt8] {
        try key.sign(message, algorithm)
    }

    /// A compact token (RFC 7515): `header.claims.signature`; both parts are JSON objects as given.
    public func token(
        header: String, claims: String, _ algorithm: SignatureAlgorithm
    ) throws(SigningError) -> String {
        let signed = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
        return signed + "." + Base64.encodeURL(try sign(Array(signed.utf8), algorithm))
    }
}

/// A public key that verifies.
public struct VerifyingKey: Sendable {
    private let key: OpenSSLKey

    /// A public key in PEM (`BEGIN PUBLIC KEY`).
    public init(pem: String) throws(SigningError) {
        key = try OpenSSLKey(publicPEM: pem)
    }

    /// A P-256 key from a JWK's `x` and `y`, 32 bytes each in base64url.
    public init(p256X x: String, y: String) throws(SigningError) {
        guard let x = Base64.decode(x), let y = Base64.decode(y), x.count == 32, y.count == 32 else {
            throw .badKey("coordinates of P-256 have 32 bytes")
        }
        key = try OpenSSLKey(p256Point: [4] + x + y)
    }

    /// Whether the signature is this key's over the message.
    public func verifies(_ signature: [UInt8], of message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        key.verifies(signature, of: message, algorithm)
    }

    /// The claims of a compact token (RFC 7515) when its signature is good, nil otherwise. The algorithm is the
    /// caller's, never the token's own word; header and claims are for the caller to check.
    public func claims(
        ofToken token: String, _ algorithm: SignatureAlgorithm
    ) -> (header: [UInt8], claims: [UInt8])? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64.decode(parts[0]), let claims = Base64.decode(parts[1]),
            let signature = Base64.decode(parts[2])
        else { return nil }
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        return verifies(signature, of: signed, algorithm) ? (header, claims) : nil
    }
}
