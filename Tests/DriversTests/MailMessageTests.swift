import Foundation
import Testing

@testable import Drivers

@Suite("Mail messages")
struct MailMessageTests {
    private func message(
        from: String = "billing@example.com", to: String = "ops@example.net", subject: String = "Low balance",
        text: String = "Hello", id: String = "5d7c4e3b"
    ) throws -> MailMessage {
        MailMessage(
            from: try #require(MailAddress(parsing: from)), to: try #require(MailAddress(parsing: to)),
            subject: subject,
            text: text, id: id, date: 0)
    }

    /// Head and body as text, lines still ended by CRLF.
    private func parts(_ message: MailMessage) throws -> (head: String, body: String) {
        let text = String(decoding: try message.bytes(), as: UTF8.self)
        let end = try #require(text.range(of: "\r\n\r\n"))
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    @Test(
        "an address is a name or none, and a mailbox without quotes",
        arguments: [
            ("ops@example.net", "ops@example.net"),
            ("  Example Billing <billing@example.com> ", #""Example Billing" <billing@example.com>"#),
            (#""Example, Inc." <billing@example.com>"#, #""Example, Inc." <billing@example.com>"#),
            ("<ops+warp@sub.example.net>", "ops+warp@sub.example.net"),
            ("root@localhost", "root@localhost"),
            ("Bücher <b@example.com>", "=?UTF-8?B?QsO8Y2hlcg==?= <b@example.com>"),
        ])
    func addresses(text: String, header: String) {
        #expect(MailAddress(parsing: text)?.header == header)
    }

    @Test(
        "what could begin another header, command or recipient is no address",
        arguments: [
            "", "ops", "@example.net", "ops@", "ops@example..net", "ops@-example.net", ".ops@example.net",
            "a b@example.net", "ops@example.net, boss@example.net", "ops@example.net\r\nBcc: all@example.net",
            "Ops\nBcc: all@example.net <ops@example.net>", "Ops\u{0} <ops@example.net>", "ops@exämple.net",
            "Ops <ops@example.net> SIZE=1", "ops@example.net>", "<<ops@example.net>", #"a\" <ops@example.net>"#,
            "ops@[127.0.0.1]", "\"o ps\"@example.net",
        ])
    func badAddresses(text: String) {
        #expect(MailAddress(parsing: text) == nil)
    }

    @Test(
        "a subject or an id that would end its line is refused",
        arguments: [
            ("Low\r\nBcc: all@example.net", "5d7c"), ("Low\nbalance", "5d7c"), ("Low\rbalance", "5d7c"),
            ("Low\u{0}", "5d7c"), ("Low", "5d7c>\r\nX: y"), ("Low", ""), ("Low", "a b"), ("Low", "a@b"),
        ])
    func injection(subject: String, id: String) throws {
        let message = try message(subject: subject, id: id)
        let error = #expect(throws: SMTPError.self) { try message.bytes() }
        guard case .invalidMessage = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a subject beyond ASCII travels in encoded words of at most 75 characters, cut between characters")
    func subjects() throws {
        let subject = "Guthaben für Ärzte – " + String(repeating: "€", count: 60)
        let head = try parts(try message(subject: subject)).head
        let start = try #require(head.range(of: "Subject: "))
        let end = try #require(head.range(of: "\r\nDate: "))
        let words = head[start.upperBound..<end.lowerBound].components(separatedBy: "\r\n ")
        #expect(words.count > 1)
        var decoded = ""
        for word in words {
            #expect(word.utf8.count <= 75)
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="))
            let bytes = try #require(Base64.decode(word.dropFirst(10).dropLast(2)))
            decoded += try #require(String(validating: bytes, as: UTF8.self))
        }
        #expect(decoded == subject)
    }

    @Test(
        "a subject that is long, or looks encoded, is encoded too",
        arguments: [String(repeating: "long ", count: 20), "=?UTF-8?B?QQ==?="])
    func encodedSubjects(subject: String) throws {
        let head = try parts(try message(subject: subject)).head
        #expect(!head.contains("Subject: \(subject)"))
        #expect(head.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 85 })
    }

    @Test(
        "a body is quoted-printable",
        arguments: [
            ("plain", "plain\r\n"), ("", ""), ("two\nlines\n", "two\r\nlines\r\n"), ("a\r\nb\rc\n", "a\r\nb\r\nc\r\n"),
            ("\n\nx", "\r\n\r\nx\r\n"), ("1 = 2", "1 =3D 2\r\n"), ("end \n", "end=20\r\n"), ("tab\t\n", "tab=09\r\n"),
            ("5 €", "5 =E2=82=AC\r\n"), ("\u{0}\u{7F}", "=00=7F\r\n"),
        ])
    func bodies(text: String, encoded: String) throws {
        #expect(try parts(try message(text: text)).body == encoded)
    }

    @Test("no line of a body is longer than 76 characters, and all of it comes back")
    func longLines() throws {
        let text = String(repeating: "a", count: 1_000) + "\n" + String(repeating: "ü = €  ", count: 200) + "\nshort"
        let body = try parts(try message(text: text)).body
        #expect(body.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        var decoded: [UInt8] = []
        var rest = Array(body.replacing("=\r\n", with: "").utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "=") {
                decoded += try #require(Digest.bytes(hex: String(decoding: rest.prefix(2), as: UTF8.self)))
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        #expect(String(decoding: decoded, as: UTF8.self) == text.replacing("\n", with: "\r\n") + "\r\n")
    }

    @Test(
        "dates are those of RFC 5322",
        arguments: [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (1_795_366_994_486, "Sun, 22 Nov 2026 17:03:14 +0000"),
            (1_772_323_199_999, "Sat, 28 Feb 2026 23:59:59 +0000"),
        ] as [(Int64, String)])
    func dates(milliseconds: Int64, text: String) {
        #expect(MailMessage.dateText(milliseconds) == text)
    }
}
