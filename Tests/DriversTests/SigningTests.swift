import Foundation
import Testing

@testable import Drivers

@Suite("Signatures")
struct SigningTests {
    private let vectors: SigningVectors

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../Fixtures/signing/vectors.json")
        vectors = try JSONDecoder().decode(SigningVectors.self, from: Data(contentsOf: file))
    }

    @Test("OAuth 1.0a: base string, signature and header are those of the vectors")
    func oauth1() throws {
        #expect(vectors.oauth1.count == 5)
        for vector in vectors.oauth1 {
            let oauth = OAuth1(
                realm: vector.realm, consumerKey: vector.consumerKey, consumerSecret: Secret(vector.consumerSecret),
                token: vector.token, tokenSecret: Secret(vector.tokenSecret))
            let timestamp = try #require(Int64(vector.timestamp))
            #expect(
                oauth.baseString(
                    method: vector.method, url: vector.url, nonce: vector.nonce, timestamp: timestamp)
                    == vector.baseString)
            #expect(
                oauth.signature(method: vector.method, url: vector.url, nonce: vector.nonce, timestamp: timestamp)
                    == vector.signature)
            #expect(
                oauth.authorization(method: vector.method, url: vector.url, nonce: vector.nonce, timestamp: timestamp)
                    == vector.authorization)
        }
    }

    @Test("RS256 makes exactly the token of the vector, and its public key verifies it")
    func rs256() throws {
        let vector = vectors.rs256
        let key = try SigningKey(pem: Secret(vector.privateKeyPEM))
        #expect(try key.token(header: vector.header, claims: vector.claims, .rs256) == vector.token)
        let verified = try VerifyingKey(pem: vector.publicKeyPEM).claims(ofToken: vector.token, .rs256)
        #expect(verified.map { String(decoding: $0.claims, as: UTF8.self) } == vector.claims)
    }

    @Test("PS256: the vector's token verifies, and so does ours")
    func ps256() throws {
        let verifier = try VerifyingKey(pem: vectors.ps256.publicKeyPEM)
        #expect(verifier.claims(ofToken: vectors.ps256.token, .ps256) != nil)
        let signer = try SigningKey(pem: Secret(vectors.ps256.privateKeyPEM))
        let token = try signer.token(header: #"{"alg":"PS256"}"#, claims: #"{"iss":"us"}"#, .ps256)
        #expect(verifier.claims(ofToken: token, .ps256) != nil)
        #expect(verifier.claims(ofToken: token, .rs256) == nil)
    }

    @Test("ES256: the vector's token verifies by its JWK, ours by PEM, and 64 bytes are the signature")
    func es256() throws {
        let webhook = try VerifyingKey(p256X: vectors.es256.x, y: vectors.es256.y)
        #expect(webhook.claims(ofToken: vectors.es256.token, .es256) != nil)
        let signer = try SigningKey(pem: Secret(vectors.es256.privateKeyPEM))
        let verifier = try VerifyingKey(pem: vectors.es256.publicKeyPEM)
        for number in 0..<50 {
            let message = Array("message \(number)".utf8)
            let signature = try signer.sign(message, .es256)
            #expect(signature.count == 64)
            #expect(verifier.verifies(signature, of: message, .es256))
            #expect(!webhook.verifies(signature, of: message, .es256))
        }
    }

    @Test("a new P-256 key signs what its own coordinates verify, and no other key's; an RSA key has none")
    func newKeys() throws {
        let (first, second) = (try SigningKey.newP256(), try SigningKey.newP256())
        let (own, foreign) = (try #require(first.p256Coordinates), try #require(second.p256Coordinates))
        let signature = try first.sign([1, 2, 3], .es256)
        #expect(try VerifyingKey(p256X: own.x, y: own.y).verifies(signature, of: [1, 2, 3], .es256))
        #expect(try !VerifyingKey(p256X: foreign.x, y: foreign.y).verifies(signature, of: [1, 2, 3], .es256))
        let rsa = try SigningKey(pem: Secret(vectors.rs256.privateKeyPEM))
        #expect(rsa.p256Coordinates == nil)
    }

    @Test("a changed byte, a foreign algorithm or half a token is not verified")
    func forged() throws {
        let verifier = try VerifyingKey(p256X: vectors.es256.x, y: vectors.es256.y)
        var token = vectors.es256.token
        token.replaceSubrange(token.startIndex...token.startIndex, with: "f")
        #expect(verifier.claims(ofToken: token, .es256) == nil)
        #expect(verifier.claims(ofToken: vectors.es256.token, .rs256) == nil)
        #expect(verifier.claims(ofToken: "a.b", .es256) == nil)
        #expect(verifier.claims(ofToken: "..", .es256) == nil)
        #expect(!verifier.verifies([], of: [1], .es256))
        #expect(!verifier.verifies([UInt8](repeating: 0, count: 64), of: [1], .es256))
    }

    @Test("what is not a key is refused, and an RSA key does not make an ES256 signature")
    func badKeys() throws {
        #expect(throws: SigningError.self) { try SigningKey(pem: Secret("-----BEGIN NOTHING-----")) }
        #expect(throws: SigningError.self) { try VerifyingKey(pem: vectors.rs256.privateKeyPEM) }
        #expect(throws: SigningError.self) { try VerifyingKey(p256X: "AAAA", y: "AAAA") }
        let rsa = try SigningKey(pem: Secret(vectors.rs256.privateKeyPEM))
        #expect(throws: SigningError.self) { try rsa.sign([1], .es256) }
    }

    @Test("HMAC-SHA512 of a webhook is that of the vector, with the key as text and as bytes")
    func hmacSHA512() throws {
        let vector = vectors.hmacSHA512
        let message = Array(vector.message.utf8)
        let asText = Digest.hmacSHA512(key: Array(vector.key.utf8), message)
        #expect("sha512=" + Digest.hex(asText).uppercased() == vector.signature)
        let asBytes = Digest.hmacSHA512(key: try #require(Digest.bytes(hex: vector.key)), message)
        #expect("sha512=" + Digest.hex(asBytes).uppercased() == vector.signatureOfDecodedKey)
    }

    @Test("HMAC-SHA256 and SHA-256 are those of RFC 4231 and FIPS 180-4")
    func hashes() {
        let mac = Digest.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        #expect(Digest.hex(mac) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            Digest.hex(Digest.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Digest.hex(Digest.hmacSHA256(key: [], []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("secrets are compared whole, and random bytes are not twice the same")
    func secrets() {
        #expect(Digest.areEqual([1, 2], [1, 2]))
        #expect(!Digest.areEqual([1, 2], [1, 3]))
        #expect(!Digest.areEqual([1, 2], [1, 2, 3]))
        #expect(Digest.areEqual([], []))
        #expect(Digest.random(16).count == 16)
        #expect(Digest.random(16) != Digest.random(16))
    }

    @Test(
        "base64 and base64url are those of RFC 4648",
        arguments: [
            ("", "", ""), ("f", "Zg==", "Zg"), ("fo", "Zm8=", "Zm8"), ("foo", "Zm9v", "Zm9v"),
            ("foobar", "Zm9vYmFy", "Zm9vYmFy"), ("??>>", "Pz8+Pg==", "Pz8-Pg"),
        ])
    func base64(text: String, standard: String, url: String) {
        let bytes = Array(text.utf8)
        #expect(Base64.encode(bytes) == standard)
        #expect(Base64.encodeURL(bytes) == url)
        #expect(Base64.decode(standard) == bytes)
        #expect(Base64.decode(url) == bytes)
    }

    @Test("what is not base64 is nil", arguments: ["Z", "Zg=", "Zg===", "Zh==", "Z g=", "=", "Zm9v===="])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}

private struct SigningVectors: Decodable {
    struct OAuth: Decodable {
        let method, url, realm, nonce, timestamp, baseString, signature, authorization: String
        let consumerSecret, tokenSecret: String

        var consumerKey: String { parameter("oauth_consumer_key") }
        var token: String { parameter("oauth_token") }

        private func parameter(_ name: String) -> String {
            let tail = authorization.split(separator: "\(name)=\"", maxSplits: 1).last ?? ""
            return String(tail.prefix { $0 != "\"" })
        }
    }
    struct RSA: Decodable {
        let header, claims, privateKeyPEM, publicKeyPEM, token: String
    }
    struct PSS: Decodable {
        let privateKeyPEM, publicKeyPEM, token: String
    }
    struct EC: Decodable {
        let x, y, token, privateKeyPEM, publicKeyPEM: String
    }
    struct HMAC: Decodable {
        let key, message, signature, signatureOfDecodedKey: String
    }
    let oauth1: [OAuth]
    let rs256: RSA
    let ps256: PSS
    let es256: EC
    let hmacSHA512: HMAC
}
