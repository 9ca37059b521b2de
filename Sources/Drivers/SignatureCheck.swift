internal import COpenSSL

/// Whether a signature fits a message: the receiving side of webhooks, and of the stand-ins that are as strict as the
/// services they stand for.
public enum SignatureCheck: Sendable {
    /// HMAC with SHA-256 and a shared key.
    case hmacSHA256(key: [UInt8])
    /// RSA PKCS #1 v1.5 with SHA-256; the public key in PEM.
    case rs256(publicKeyPEM: String)
    /// RSA-PSS with SHA-256 and a salt as long as the digest.
    case ps256(publicKeyPEM: String)
    /// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each.
    case es256(publicKeyPEM: String)

    /// False for a signature that doesn't fit, for one of a wrong length, and for a key that is none.
    public func holds(message: [UInt8], signature: [UInt8]) -> Bool {
        switch self {
        case .hmacSHA256(let key):
            return Self.hmac(key, message, matches: signature)
        case .rs256(let pem):
            return Self.verify(pem, message, signature) { _ in true }
        case .ps256(let pem):
            return Self.verify(pem, message, signature) { context in
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                    && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
            }
        case .es256(let pem):
            guard signature.count == 64 else { return false }
            return Self.verify(pem, message, Self.der(signature)) { _ in true }
        }
    }

    private static func hmac(_ key: [UInt8], _ message: [UInt8], matches signature: [UInt8]) -> Bool {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &count) != nil else {
            return false
        }
        return Int(count) == signature.count && CRYPTO_memcmp(digest, signature, Int(count)) == 0
    }

    private static func verify(
        _ pem: String, _ message: [UInt8], _ signature: [UInt8], setting: (OpaquePointer?) -> Bool
    ) -> Bool {
        defer { ERR_clear_error() }
        guard let bio = BIO_new_mem_buf(pem, Int32(pem.utf8.count)) else { return false }
        defer { BIO_free(bio) }
        guard let key = PEM_read_bio_PUBKEY(bio, nil, nil, nil) else { return false }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }

        var keyContext: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &keyContext, EVP_sha256(), nil, key) == 1, setting(keyContext) else {
            return false
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// r and s as the ASN.1 sequence that OpenSSL reads.
    private static func der(_ signature: [UInt8]) -> [UInt8] {
        func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var digits = Array(bytes.drop { $0 == 0 })
            if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
            return [0x02, UInt8(digits.count)] + digits
        }
        let content = integer(signature[..<32]) + integer(signature[32...])
        return [0x30, UInt8(content.count)] + content
    }
}
