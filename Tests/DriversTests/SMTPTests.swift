import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("SMTP client")
struct SMTPTests {
    private func server(_ peer: SMTPPeer, user: String? = nil, password: Secret? = nil) throws -> SMTPServer {
        try #require(SMTPServer(url: peer.url, startTLS: .none, user: user, password: password))
    }

    private func message(_ text: String = "Hello\n") throws -> MailMessage {
        let from = try #require(MailAddress(parsing: "Example Billing <billing@example.com>"))
        let to = try #require(MailAddress(parsing: "ops@example.net"))
        return MailMessage(
            from: from, to: to, subject: "Low balance", text: text, id: "5d7c4e3b", date: 1_795_366_994_486)
    }

    @Test("a message arrives whole, lines that begin with a dot too")
    func exchange() async throws {
        let peer = try SMTPPeer()
        defer { peer.stop() }
        try await SMTPClient(server: server(peer)).send(message("one\n.two\n.\n..three\n"))
        #expect(
            peer.commands == [
                "EHLO example.com", "MAIL FROM:<billing@example.com>", "RCPT TO:<ops@example.net>", "DATA", "QUIT",
            ])
        #expect(
            peer.messages == [
                """
                From: "Example Billing" <billing@example.com>\r
                To: ops@example.net\r
                Subject: Low balance\r
                Date: Sun, 22 Nov 2026 17:03:14 +0000\r
                Message-ID: <5d7c4e3b@example.com>\r
                Auto-Submitted: auto-generated\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Transfer-Encoding: quoted-printable\r
                \r
                one\r
                ..two\r
                ..\r
                ...three\r

                """
            ])
    }

    @Test("one client sends many messages, each on a connection of its own")
    func several() async throws {
        let peer = try SMTPPeer()
        defer { peer.stop() }
        let client = SMTPClient(server: try server(peer))
        for _ in 1...3 { try await client.send(message()) }
        #expect(peer.messages.count == 3)
        #expect(peer.commands.filter { $0 == "QUIT" }.count == 3)
    }

    @Test("user and password are sent where there are any")
    func login() async throws {
        let peer = try SMTPPeer()
        defer { peer.stop() }
        try await SMTPClient(server: server(peer, user: "warp", password: Secret("secret"))).send(message())
        // A NUL before each, in base64.
        #expect(peer.commands[1...2] == ["AUTH PLAIN", Base64.encode(Array("\0warp\0secret".utf8))])
        #expect(peer.messages.count == 1)
    }

    @Test(
        "the server's answer says whether to try again",
        arguments: [
            (to: "RCPT", answer: "550 no such user", error: SMTPError.refused(code: 550), isTransient: false),
            (to: "RCPT", answer: "450 mailbox busy", error: .refused(code: 450), isTransient: true),
            (to: "MAIL", answer: "421 closing", error: .refused(code: 421), isTransient: true),
            (to: "MAIL", answer: "530 authentication required", error: .loginRefused, isTransient: true),
            (to: ".", answer: "554 spam", error: .refused(code: 554), isTransient: false),
            (to: ".", answer: "451 later", error: .refused(code: 451), isTransient: true),
        ])
    func refusals(to: String, answer: String, error: SMTPError, isTransient: Bool) async throws {
        let peer = try SMTPPeer { $0.hasPrefix(to) ? answer : nil }
        defer { peer.stop() }
        let client = SMTPClient(server: try server(peer))
        let message = try message()
        await #expect(throws: error) { try await client.send(message) }
        #expect(error.isTransient == isTransient)
    }

    @Test("a login that is refused is said so, and no password or message follows")
    func loginRefused() async throws {
        let peer = try SMTPPeer { $0.hasPrefix("AUTH") ? "535 no" : nil }
        defer { peer.stop() }
        let client = SMTPClient(server: try server(peer, user: "warp", password: Secret("wrong")))
        let message = try message()
        await #expect(throws: SMTPError.loginRefused) { try await client.send(message) }
        #expect(peer.messages.isEmpty)
    }

    @Test("where encryption is required and not offered, neither login nor message leaves")
    func unencrypted() async throws {
        let peer = try SMTPPeer()
        defer { peer.stop() }
        let server = try #require(
            SMTPServer(url: peer.url, startTLS: .required, user: "warp", password: Secret("secret")))
        let message = try message()
        let error = await #expect(throws: SMTPError.self) { try await SMTPClient(server: server).send(message) }
        guard case .tls = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(peer.commands.allSatisfy { !$0.hasPrefix("AUTH") && !$0.hasPrefix("MAIL") })
    }

    @Test("nobody listening is transient, and a server that says nothing costs the deadline")
    func away() async throws {
        let message = try message()
        let closed = try #require(SMTPServer(url: "smtp://127.0.0.1:1", startTLS: .none))
        let error = await #expect(throws: SMTPError.self) { try await SMTPClient(server: closed).send(message) }
        guard case .notConnected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let peer = try SMTPPeer { command in
            if command.hasPrefix("RCPT") { Thread.sleep(forTimeInterval: 0.5) }
            return nil
        }
        defer { peer.stop() }
        let slow = try #require(SMTPServer(url: peer.url, startTLS: .none, deadline: .milliseconds(200)))
        await #expect(throws: SMTPError.timedOut) { try await SMTPClient(server: slow).send(message) }
        #expect(peer.messages.isEmpty)
    }

    @Test(
        "a server is smtp or smtps, a host and a port, and nothing that belongs elsewhere",
        arguments: [
            "http://mail.example.com", "mail.example.com", "smtp://", "smtp://user:password@mail.example.com",
            "smtp://mail.example.com/path", "smtp://mail.example.com\r\nRSET",
        ])
    func badServer(url: String) {
        #expect(SMTPServer(url: url) == nil)
    }
}
