import COpenSSL

/// An EVP_PKEY. It is never changed, and OpenSSL counts its users atomically, so any thread may use it.
final class OpenSSLKey: @unchecked Sendable {
    private let handle: OpaquePointer

    init(privatePEM pem: String) throws(SigningError) {
        handle = try OpenSSLKey.read(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }
    }

    init(publicPEM pem: String) throws(SigningError) {
        handle = try OpenSSLKey.read(pem) { PEM_read_bio_PUBKEY($0, nil, nil, nil) }
    }

    /// A public P-256 key from its uncompressed point: 4, x, y. A point off the curve is refused.
    init(p256Point point: [UInt8]) throws(SigningError) {
        let key = (OpenSSLKey.p256Header + point).withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            return d2i_PUBKEY(nil, &next, buffer.count)
        }
        guard let key else { throw .badKey(OpenSSLKey.lastError()) }
        handle = key
    }

    /// A new private key on P-256.
    init(newP256: Void) throws(SigningError) {
        let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "prime256v1") == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw .refused(OpenSSLKey.lastError()) }
        handle = key
    }

    /// The uncompressed point of a P-256 key: 4, x, y; nil for another key.
    var p256Point: [UInt8]? {
        var der = [UInt8](repeating: 0, count: max(0, Int(i2d_PUBKEY(handle, nil))))
        der.withUnsafeMutableBufferPointer { target in
            var next = target.baseAddress
            _ = i2d_PUBKEY(handle, &next)
        }
        return der.starts(with: OpenSSLKey.p256Header) ? Array(der.dropFirst(OpenSSLKey.p256Header.count)) : nil
    }

    /// The DER of a public key before its 65-byte point: id-ecPublicKey, prime256v1, bit string.
    private static let p256Header: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    deinit {
        EVP_PKEY_free(handle)
    }

    func sign(_ message: [UInt8], _ algorithm: SignatureAlgorithm) throws(SigningError) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        var length = 0
        guard fits(algorithm), EVP_DigestSignInit(context, &keyContext, EVP_sha256(), nil, handle) == 1,
            prepare(keyContext, algorithm), EVP_DigestSign(context, nil, &length, message, message.count) == 1
        else { throw .refused(OpenSSLKey.lastError()) }
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
            throw .refused(OpenSSLKey.lastError())
        }
        signature.removeLast(signature.count - length)
        if algorithm == .es256 {
            guard let raw = ECDSASignature.raw(der: signature) else { throw .refused("not an ECDSA signature") }
            return raw
        }
        return signature
    }

    func verifies(_ signature: [UInt8], of message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
        var signature = signature
        if algorithm == .es256 {
            guard let der = ECDSASignature.der(raw: signature) else { return false }
            signature = der
        }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        defer { ERR_clear_error() }
        return fits(algorithm) && EVP_DigestVerifyInit(context, &keyContext, EVP_sha256(), nil, handle) == 1
            && prepare(keyContext, algorithm)
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        switch algorithm {
        case .rs256, .ps256: EVP_PKEY_is_a(handle, "RSA") == 1
        case .es256: EVP_PKEY_is_a(handle, "EC") == 1 && EVP_PKEY_get_bits(handle) == 256
        }
    }

    private func prepare(_ context: OpaquePointer?, _ algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm == .ps256 else { return true }
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32) == 1
    }

    private static func read(
        _ pem: String, _ parse: (OpaquePointer?) -> OpaquePointer?
    ) throws(SigningError) -> OpaquePointer {
        let bytes = Array(pem.utf8)
        let key = bytes.withUnsafeBytes { buffer in
            let input = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
            defer { BIO_free(input) }
            return parse(input)
        }
        guard let key else { throw .badKey(lastError()) }
        return key
    }

    private static func lastError() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "not a usable key"
    }
}

/// ECDSA signatures on P-256: DER as OpenSSL has them, r and s as tokens have them.
private enum ECDSASignature {
    static func raw(der: [UInt8]) -> [UInt8]? {
        let parsed = der.withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &next, buffer.count)
        }
        guard let parsed else { return nil }
        defer { ECDSA_SIG_free(parsed) }
        var raw = [UInt8](repeating: 0, count: 64)
        return raw.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress, BN_bn2binpad(ECDSA_SIG_get0_r(parsed), start, 32) == 32,
                BN_bn2binpad(ECDSA_SIG_get0_s(parsed), start + 32, 32) == 32
            else { return nil }
            return Array(target)
        }
    }

    static func der(raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 64, let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let r = raw.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, 32, nil) }
        let s = raw.withUnsafeBufferPointer { BN_bin2bn($0.baseAddress?.advanced(by: 32), 32, nil) }
        guard ECDSA_SIG_set0(signature, r, s) == 1 else { return nil }
        var der = [UInt8](repeating: 0, count: Int(i2d_ECDSA_SIG(signature, nil)))
        der.withUnsafeMutableBufferPointer { target in
            var next = target.baseAddress
            _ = i2d_ECDSA_SIG(signature, &next)
        }
        return der
    }
}
