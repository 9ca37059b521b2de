import COpenSSL

/// Hashes and what goes with them.
public enum Digest {
    /// SHA-256: 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { sha256($0) }
    }

    /// SHA-256 of the text's UTF-8.
    public static func sha256(_ text: String) -> [UInt8] {
        sha256(Array(text.utf8))
    }

    /// SHA-256 of bytes in place.
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { target, count in
            var length: UInt32 = 0
            let code = EVP_Digest(bytes.baseAddress, bytes.count, target.baseAddress, &length, EVP_sha256(), nil)
            precondition(code == 1, "SHA-256 is always there")
            count = Int(length)
        }
    }

    /// HMAC-SHA256: 32 bytes.
    public static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        hmac(key: key, message, EVP_sha256(), length: 32)
    }

    /// HMAC-SHA512: 64 bytes.
    public static func hmacSHA512(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        hmac(key: key, message, EVP_sha512(), length: 64)
    }

    private static func hmac(
        key: [UInt8], _ message: [UInt8], _ algorithm: OpaquePointer?, length: Int
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { target, count in
            var written: UInt32 = 0
            // A null key means "the key of the last call", so an empty one needs an address.
            let keyBytes = key.isEmpty ? [0] : key
            let code = HMAC(
                algorithm, keyBytes, Int32(key.count), message, message.count, target.baseAddress, &written)
            precondition(code != nil, "HMAC refuses its arguments")
            count = Int(written)
        }
    }

    /// Whether two secrets are equal, in a time that does not depend on where they differ.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Bytes that nobody can guess.
    public static func random(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            let code = RAND_bytes(target.baseAddress, Int32(count))
            precondition(code == 1, "the system has no randomness")
            initialized = count
        }
    }

    /// Lower-case hexadecimal.
    public static func hex(_ bytes: [UInt8]) -> String {
        String(PostgresText.hex(bytes).dropFirst(2))
    }

    /// Bytes of hexadecimal in either case; nil for anything else.
    public static func bytes(hex: some StringProtocol) -> [UInt8]? {
        Array("\\x\(hex)".utf8).withUnsafeBufferPointer { DecimalDigits.bytes(hex: $0) }
    }
}

/// SHA-256 of bytes that come in parts.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer?

    /// Of nothing yet.
    public init() {
        context = EVP_MD_CTX_new()
        precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "SHA-256 is always there")
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Adds bytes in place.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 takes any bytes")
    }

    /// The 32 bytes; nothing can be added afterwards.
    public consuming func finish() -> [UInt8] {
        let context = context
        return [UInt8](unsafeUninitializedCapacity: 32) { target, count in
            precondition(EVP_DigestFinal_ex(context, target.baseAddress, nil) == 1, "SHA-256 is always there")
            count = 32
        }
    }
}
