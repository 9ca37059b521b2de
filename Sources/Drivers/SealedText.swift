import COpenSSL

/// A key that hides bytes and shows whether anybody changed them: AES-256-GCM (NIST SP 800-38D).
public struct SealingKey: Sendable {
    /// The length of a key, in bytes.
    public static let length = 32
    /// How many bytes sealing adds: 12 of the nonce in front, 16 of the tag behind.
    public static let addedBytes = nonceLength + tagLength

    private static let nonceLength = 12
    private static let tagLength = 16
    private let key: [UInt8]

    /// A key of 32 bytes; nil for any other length.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == SealingKey.length else { return nil }
        key = bytes
    }

    /// Nonce, hidden bytes and tag. The nonce is random, so the same bytes never look the same twice.
    /// - Parameter context: what `open` must be given too: bytes that were moved to another place don't open there.
    public func seal(_ bytes: [UInt8], for context: [UInt8]) -> [UInt8] {
        let nonce = Digest.random(SealingKey.nonceLength)
        let cipher = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(cipher) }
        var hidden = [UInt8](repeating: 0, count: bytes.count)
        var tag = [UInt8](repeating: 0, count: SealingKey.tagLength)
        var count: Int32 = 0
        let isSealed =
            EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && (context.isEmpty || EVP_EncryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1)
            && (bytes.isEmpty || EVP_EncryptUpdate(cipher, &hidden, &count, bytes, Int32(bytes.count)) == 1)
            && EVP_EncryptFinal_ex(cipher, nil, &count) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(SealingKey.tagLength), &tag) == 1
        precondition(isSealed, "AES-256-GCM is always there")
        return nonce + hidden + tag
    }

    /// The bytes that were sealed; nil where a bit, the key or the context is another.
    public func open(_ sealed: [UInt8], for context: [UInt8]) -> [UInt8]? {
        guard sealed.count >= SealingKey.addedBytes else { return nil }
        let nonce = Array(sealed.prefix(SealingKey.nonceLength))
        var tag = Array(sealed.suffix(SealingKey.tagLength))
        let hidden = Array(sealed.dropFirst(SealingKey.nonceLength).dropLast(SealingKey.tagLength))
        let cipher = EVP_CIPHER_CTX_new()
        defer {
            EVP_CIPHER_CTX_free(cipher)
            ERR_clear_error()
        }
        var bytes = [UInt8](repeating: 0, count: hidden.count)
        var count: Int32 = 0
        let isGenuine =
            EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(SealingKey.tagLength), &tag) == 1
            && (context.isEmpty || EVP_DecryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1)
            && (hidden.isEmpty || EVP_DecryptUpdate(cipher, &bytes, &count, hidden, Int32(hidden.count)) == 1)
            && EVP_DecryptFinal_ex(cipher, nil, &count) == 1
        return isGenuine ? bytes : nil
    }
}
