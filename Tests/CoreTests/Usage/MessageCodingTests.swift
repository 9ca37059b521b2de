import Core
import Testing

@Suite("A message's bytes as text")
struct MessageCodingTests {
    static let texts: [(bytes: [UInt8], coding: Int, text: String?)] = [
        (Array("Hello 1".utf8), 0, "Hello 1"),
        ([0x00, 0x02, 0x11, 0x5F, 0x7F], 0, "@$_§à"),
        ([0x1B, 0x65, 0x1B, 0x3C, 0x41], 0, "€[A"),
        // An escape without its character, and octets that are no septets.
        ([0x1B, 0x41, 0x80, 0x1B], 0, "\u{FFFD}\u{FFFD}"),
        ([0x43, 0xE9, 0x00], 3, "Cé\u{FFFD}"),
        ([0x00, 0x43, 0x26, 0x15], 8, "C☕"),
        ([0xD8, 0x3D, 0xDE, 0x00], 8, "😀"),
        // Half a pair, an odd byte, and NUL.
        ([0xD8, 0x3D], 8, "\u{FFFD}"), ([0x00, 0x43, 0x00], 8, "C\u{FFFD}"),
        ([1, 2, 3], 4, nil), ([1], 245, nil), ([], 0, ""),
    ]

    @Test("is decoded by its data coding", arguments: texts)
    func decoding(bytes: [UInt8], coding: Int, text: String?) {
        #expect(MessageText.text(of: bytes, coding: coding) == text)
    }

    @Test("every text of the default alphabet comes back from its septets and stays GSM-7")
    func alphabet() throws {
        let every = try #require(MessageText.text(of: (0..<128).filter { $0 != 0x1B }.map { UInt8($0) }, coding: 0))
        #expect(every.unicodeScalars.count == 127)
        #expect(MessageText(every, coding: 0).encoding == .gsm7)
        #expect(MessageText(every, coding: 0).length == 127)
    }

    @Test("binary content counts 140 bytes in one message and 134 in each of several")
    func binary() {
        #expect([0, 140, 141, 268, 269].map(MessageText.segments(ofBinary:)) == [1, 1, 2, 2, 3])
    }
}
