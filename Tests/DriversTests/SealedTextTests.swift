import Testing

@testable import Drivers

@Suite("Sealed texts")
struct SealedTextTests {
    private let key: SealingKey
    private let context = Array("v1:k1:method-1".utf8)
    private let text = Array("access-sandbox-1".utf8)

    init() throws {
        key = try #require(SealingKey(Array(0..<32)))
    }

    @Test(
        "AES-256-GCM opens what the specification and another library sealed",
        arguments: [
            // Test cases 13 and 14 of the GCM specification: a key, a nonce and texts of zeros, no context.
            (
                key: [UInt8](repeating: 0, count: 32), context: "",
                sealed: "000000000000000000000000530f8afbc74536b9a963b4f1c4cb738b", text: [UInt8]()
            ),
            (
                key: [UInt8](repeating: 0, count: 32), context: "",
                sealed: "000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
                text: [UInt8](repeating: 0, count: 16)
            ),
            (
                key: [UInt8](0..<32), context: "v1:k1:method-1",
                sealed: "6465666768696a6b6c6d6e6f2978bd030a9a7bed5f0c3b8ab51d47ccb7f7dc71ff489c8387a4bb88fe8e5741",
                text: [UInt8]("access-sandbox-1".utf8)
            ),
        ])
    func vectors(key: [UInt8], context: String, sealed: String, text: [UInt8]) throws {
        let key = try #require(SealingKey(key))
        let sealed = try #require(Digest.bytes(hex: sealed))
        #expect(key.open(sealed, for: Array(context.utf8)) == text)
    }

    @Test("what was sealed opens again, is 28 bytes longer, and never looks the same twice")
    func roundTrip() {
        for length in [0, 1, 15, 16, 17, 120] {
            let text = [UInt8](repeating: 7, count: length)
            let sealed = key.seal(text, for: context)
            #expect(sealed.count == length + SealingKey.addedBytes)
            #expect(key.open(sealed, for: context) == text)
            #expect(key.seal(text, for: context) != sealed)
        }
        #expect(key.open(key.seal(text, for: []), for: []) == text)
    }

    @Test("one changed bit anywhere, in nonce, text or tag, and it does not open")
    func tampering() {
        let sealed = key.seal(text, for: context)
        for bit in 0..<(sealed.count * 8) {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(key.open(changed, for: context) == nil)
        }
    }

    @Test("cut, lengthened, of another context or key, it does not open")
    func foreign() throws {
        let sealed = key.seal(text, for: context)
        for count in 0..<sealed.count { #expect(key.open(Array(sealed.prefix(count)), for: context) == nil) }
        #expect(key.open(sealed + [0], for: context) == nil)
        #expect(key.open(sealed, for: Array("v1:k1:method-2".utf8)) == nil)
        #expect(key.open(sealed, for: []) == nil)
        let other = try #require(SealingKey(Array(1..<33)))
        #expect(other.open(sealed, for: context) == nil)
        // A refusal leaves nothing behind that the next call would stumble over.
        #expect(key.open(sealed, for: context) == text)
    }

    @Test("a key has 32 bytes", arguments: [0, 16, 31, 33])
    func length(count: Int) {
        #expect(SealingKey([UInt8](repeating: 1, count: count)) == nil)
    }
}
