public import Core
import Drivers

extension Identifier128 {
    /// The first 128 bits of the SHA-256 of some bytes.
    public static func digest(of bytes: [UInt8]) -> Identifier128 {
        let digest = Digest.sha256(bytes)
        func half(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return Identifier128(high: half(digest[0..<8]), low: half(digest[8..<16]))
    }

    /// An identifier that follows from a name: whoever makes it again makes the same one (UUID version 8, RFC 9562).
    public static func named(by bytes: [UInt8]) -> Identifier128 {
        let digest = digest(of: bytes)
        return Identifier128(
            high: digest.high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: digest.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
