import Foundation
import TestSupport
import Testing

@testable import DaemonKit

/// Published test numbers of the issuers, none of which was ever given out.
@Suite("Numbers of cards")
struct CardNumberTests {
    @Test(
        "each issuer's number is found",
        arguments: [
            "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005",
            "6011111111111117", "3530111333300000", "30569309025904", "36227206271667", "38520000023237",
            "6200000000000005",
        ])
    func issuers(number: String) {
        #expect(CardNumbers.appear(in: number.utf8))
        let wrong = String(number.dropLast()) + String((number.last?.wholeNumberValue ?? 0) == 9 ? 0 : 9)
        #expect(!CardNumbers.appear(in: wrong.utf8), "\(wrong) fails the check")
    }

    @Test(
        "it is found however it is written",
        arguments: [
            "4111 1111 1111 1111", "4111-1111-1111-1111", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "card 4111111111111111.",
            "Invoice 12 4111 1111 1111 1111 exp 12/27", "x4111111111111111y", "%B4111111111111111^DOE/JANE^",
            #"{"note":"4111\u00201111\u00201111\u00201111"}"#, #"{"note":"\u0034111111111111111"}"#,
            #"{"note":"4111\t1111\t1111\t1111"}"#, #"{"card":4111111111111111}"#,
            "4111\u{A0}1111\u{2011}1111\u{2013}1111",
            "４１１１１１１１１１１１１１１１", "4111 - 1111 - 1111 - 1111", "3782 822463 10005",
        ])
    func forms(text: String) {
        #expect(CardNumbers.appear(in: text.utf8))
    }

    @Test("it is found in UTF-16, which a reader of JSON understands as well")
    func utf16() throws {
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let bytes = try #require(#"{"note":"4111 1111 1111 1111"}"#.data(using: encoding))
            #expect(CardNumbers.appear(in: bytes))
        }
    }

    @Test(
        "what is no number of a card passes",
        arguments: [
            "4111111111111112", "411111111111111", "1111111111111117", "+1 217 242 0142, +1 617 253 0000",
            "2026-11-22T15:04:05.000Z 2026-12-01", "1795348800000", "20261122150405",
            "4111,1111,1111,1111", "[4111,1111,1111,1111]", "4111.1111.1111.1111",
            // A UUID in which digits happen to make one.
            "41111111-1111-1111-8888-88888888888a", #"{"id":"a4111111-1111-1111-1120-000000000000"}"#,
            // Digits before it in the same group: another number, and not this one.
            "004111111111111111",
        ])
    func others(text: String) {
        #expect(!CardNumbers.appear(in: text.utf8))
    }

    @Test("random numbers of all issuers are found in random places of JSON")
    func anywhere() {
        var random = SeededGenerator(property: 21)
        for _ in 0..<2_000 {
            let number = Self.number(using: &random)
            let json = Self.json(with: Self.written(number, using: &random), using: &random)
            #expect(CardNumbers.appear(in: json.utf8), "\(json)")
        }
    }

    @Test("a million telephone numbers are none, and neither are lists of them")
    func telephoneNumbers() {
        var random = SeededGenerator(property: 28)
        for _ in 0..<20 {
            let numbers = (0..<50_000).map { _ in
                let digits = 2_000_000_000 + random.next() % 8_000_000_000
                return digits.isMultiple(of: 2) ? "\(digits)" : "1\(digits)"
            }
            #expect(!CardNumbers.appear(in: (#"["# + numbers.joined(separator: #"",""#) + #""]"#).utf8))
            #expect(!CardNumbers.appear(in: numbers.prefix(1_000).joined(separator: " ").utf8))
        }
    }

    /// Beginnings, and the lengths that go with them.
    private static let issuers: [(prefixes: ClosedRange<Int>, lengths: [Int])] = [
        (4...4, [13, 16, 19]), (51...55, [16]), (2_221...2_720, [16]), (34...34, [15]), (37...37, [15]),
        (6_011...6_011, [16, 19]), (644...649, [16, 19]), (65...65, [16, 19]), (35...35, [16, 19]),
        (30...30, [14, 16]), (36...36, [14, 19]), (38...38, [14, 16]), (62...62, [16, 17, 18, 19]),
    ]

    private static func number(using random: inout SeededGenerator) -> String {
        let issuer = issuers[Int(random.next() % UInt64(issuers.count))]
        let length = issuer.lengths[Int(random.next() % UInt64(issuer.lengths.count))]
        var digits = String(Int.random(in: issuer.prefixes, using: &random))
        while digits.count < length - 1 { digits += String(random.next() % 10) }
        // The check digit by the definition: double each second digit from the right of the whole, and fill up to tens.
        let sum = digits.reversed().enumerated().reduce(0) { sum, place in
            let digit = (place.element.wholeNumberValue ?? 0) * (place.offset % 2 == 0 ? 2 : 1)
            return sum + digit / 10 + digit % 10
        }
        return digits + String((10 - sum % 10) % 10)
    }

    /// With spaces and hyphens in between, or as it is.
    private static func written(_ number: String, using random: inout SeededGenerator) -> String {
        let style = random.next() % 4
        return number.enumerated().map { place, digit in
            switch style {
            case 1 where place > 0 && place % 4 == 0: " \(digit)"
            case 2 where place > 0 && place % 4 == 0: "-\(digit)"
            case 3 where place > 0 && random.next() % 3 == 0: random.next() % 2 == 0 ? " \(digit)" : "-\(digit)"
            default: "\(digit)"
            }
        }.joined()
    }

    /// Somewhere in a document: a value, a name, an element, deep inside, among words.
    private static func json(with text: String, using random: inout SeededGenerator) -> String {
        let words =
            ["", "my card is ", "ref 12 ", "\\n", "é "][Int(random.next() % 5)] + text
            + ["", " thanks", "."][Int(random.next() % 3)]
        var json =
            switch random.next() % 4 {
            case 0: #"{"a":"b","holder":"\#(words)"}"#
            case 1: #"{"\#(words)":true}"#
            case 2: #"["x",["\#(words)"],1]"#
            default: text.utf8.allSatisfy { $0 != 0x20 && $0 != 0x2D } ? #"{"n":\#(text)}"# : #"{"n":"\#(text)"}"#
            }
        for _ in 0..<random.next() % 4 { json = #"{"id":"7d0c1f1e-2d1c-4c55-9a0e-3c2f8e1b7a10","v":[12.5,\#(json)]}"# }
        return json
    }
}
