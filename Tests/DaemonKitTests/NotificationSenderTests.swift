import Drivers
import Foundation
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Sender of notifications", .needsPostgres)
struct NotificationSenderTests {
    typealias World = NotificationWorld

    @Test("a webhook arrives signed, with the facts and an id")
    func webhook() async throws {
        let peer = try HTTPPeer { _, _ in answer(204) }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url + "/warp?x=1")
            try await world.post(World.low("1"))
            try await running(world.sender()) { try await eventually { try await world.count("sent") == 1 } }
            let request = try #require(peer.requests.first)
            #expect(peer.requests.count == 1)
            #expect(request.hasPrefix("POST /warp?x=1 HTTP/1.1\r\n"))
            #expect(request.header("Content-Type") == "application/json")
            let id = try #require(request.header("Warp-Notification-Id"))
            #expect(
                request.requestBody == """
                    {"id":"\(id)","kind":"balance.low","at":"2026-11-22T12:00:00.000Z",\
                    "customer_id":"00000000-0000-0000-0000-000000000001","data":{"balance": "4.1200"}}
                    """)
            let timestamp = try #require(request.header("Warp-Timestamp").flatMap { Int64($0) })
            // The real clock, not the daemons', which stands at noon of some day.
            #expect(abs(Clock.system.now() / 1_000 - timestamp) < 60)
            let signed = Array("\(timestamp).\(request.requestBody)".utf8)
            let signature = Digest.hex(Digest.hmacSHA256(key: Array("whsec_test".utf8), signed))
            #expect(request.header("Warp-Signature") == "v1=\(signature)")
            #expect(world.metrics.value(.notificationsHandled, "webhook", "sent") == 1)
        }
    }

    @Test("what was answered 503 is sent again after a pause that doubles, the same bytes under the same id")
    func retry() async throws {
        let answers = Seen<Int>()
        let peer = try HTTPPeer { _, _ in
            answers.add(1)
            return answer(answers.all.count <= 2 ? 503 : 200)
        }
        defer { peer.stop() }
        try await World.with { world in
            let id = try #require(try await world.subscribe(peer.url))
            try await world.post(World.low("1"))
            try await running(world.sender()) {
                try await eventually { try await world.rows() == ["pending 1 1"] }
                world.time.move(seconds: 1)
                try await eventually { try await world.rows() == ["pending 2 3"] }
                world.time.move(seconds: 2)
                try await eventually { try await world.count("sent") == 1 }
            }
            #expect(Set(peer.requests.map(\.requestBody)).count == 1)
            #expect(peer.notificationIDs.count == 3 && Set(peer.notificationIDs).count == 1)
            let subscription = try await world.notifications.subscriptions(in: world.pool).first?.subscription
            #expect(subscription?.id == id)
            #expect(subscription?.failures == 0 && subscription?.pausedUntil == nil)
        }
    }

    @Test("a receiver that asks to be left alone is, with everything that is for it")
    func retryAfter() async throws {
        let answers = Seen<Int>()
        let peer = try HTTPPeer { _, _ in
            answers.add(1)
            return answers.all.count == 1 ? answer(429, "Retry-After: 120") : answer(200)
        }
        let other = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        defer { other.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            try await world.post(World.low("1"))
            try await running(world.sender(concurrency: 1)) {
                try await eventually { try await world.rows() == ["pending 1 120"] }
                world.time.move(seconds: 119)
                try await world.subscribe(other.url)
                try await world.post(World.low("2"))
                // The one for the other receiver goes out, so the sender has looked.
                try await eventually { other.requests.count == 1 }
                #expect(peer.requests.count == 1)
                world.time.move(seconds: 1)
                try await eventually { try await world.count("sent") == 3 }
            }
            #expect(peer.requests.count == 3)
        }
    }

    @Test("a notification that the receiver alone refuses holds nothing else up")
    func refusedAlone() async throws {
        let peer = try HTTPPeer { request, _ in answer(request.contains("poison") ? 400 : 200) }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            try await world.post(
                Notice(kind: "balance.low", customer: nil, data: #"{"a":"poison"}"#, key: "1"), World.low("2"))
            try await running(world.sender(concurrency: 1)) {
                try await eventually { try await world.rows() == ["pending 1 1", "sent 1 60"] }
            }
        }
    }

    @Test(
        "a row whose sender was killed is sent by another when its lease is over, and the late outcome counts no more")
    func killed() async throws {
        let peer = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            try await world.post(World.low("1"))
            let taken = try await world.notifications.claim(
                limit: 5, leaseSeconds: 60, at: World.noon, in: world.pool)
            #expect(taken.map(\.attempt) == [1])
            try await running(world.sender()) {
                world.time.move(seconds: 59)
                try await world.post(World.low("2"))
                try await eventually { peer.requests.count == 1 }
                #expect(try await world.rows().first == "pending 1 60")
                world.time.move(seconds: 1)
                try await eventually { try await world.count("sent") == 2 }
            }
            #expect(peer.requests.count == 2)
            try await world.notifications.failed(
                taken[0], "late", dueAgain: nil, isPausing: true, in: world.pool)
            #expect(try await world.count("sent") == 2)
        }
    }

    @Test("an outcome that comes after the lease does not touch the attempt of another sender")
    func fenced() async throws {
        try await World.with { world in
            try await world.subscribe("https://ops.example.com/")
            try await world.post(World.low("1"))
            let first = try await world.notifications.claim(limit: 1, leaseSeconds: 60, at: World.noon, in: world.pool)
            let second = try await world.notifications.claim(
                limit: 1, leaseSeconds: 60, at: World.noon + 60_000, in: world.pool)
            #expect(second.map(\.attempt) == [2])
            try await world.notifications.failed(
                first[0], "late", dueAgain: nil, isPausing: false, in: world.pool)
            #expect(try await world.rows() == ["pending 2 120"])
        }
    }

    @Test("two senders send each notification once between them")
    func together() async throws {
        let peer = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            for number in 1...40 { try await world.post(World.low("\(number)")) }
            try await running(world.sender(), world.sender()) {
                try await eventually { try await world.count("sent") == 40 }
            }
            #expect(peer.notificationIDs.count == 40)
            #expect(Set(peer.notificationIDs).count == 40)
        }
    }

    @Test("what nobody takes is given up, counted, and sent again when a person says so")
    func givingUp() async throws {
        let answers = Seen<Int>()
        let peer = try HTTPPeer { _, _ in
            answers.add(1)
            return answer(answers.all.count <= 2 ? 500 : 200)
        }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            try await world.post(World.low("1"))
            try await running(world.sender(giveUpSeconds: 100)) {
                try await eventually { try await world.rows() == ["pending 1 1"] }
                world.time.move(seconds: 100)
                try await eventually { try await world.count("failed") == 1 }
                #expect(world.metrics.value(.notificationsHandled, "webhook", "failed") == 1)
                let undelivered = try await world.notifications.undelivered(limit: 10, in: world.pool)
                #expect(undelivered.map(\.lastError) == ["notification-refused: answered 500"])
                let count = try await world.pool.withTransaction {
                    try world.notifications.retry(only: nil, in: $0, at: world.time.reading())
                }
                #expect(count == 1)
                try await eventually { try await world.count("sent") == 1 }
            }
            #expect(peer.requests.count == 3)
        }
    }

    @Test("what waits for a subscription that was removed is not sent")
    func removed() async throws {
        let peer = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        try await World.with { world in
            let id = try #require(try await world.subscribe(peer.url))
            try await world.post(World.low("1"))
            _ = try await world.pool.withTransaction { try world.notifications.unsubscribe(id, in: $0) }
            try await running(world.sender()) { try await eventually { try await world.count("failed") == 1 } }
            #expect(peer.requests.isEmpty)
        }
    }

    @Test("a redirect is no delivery, and is not followed")
    func redirect() async throws {
        let peer = try HTTPPeer { _, _ in answer(302, "Location: /elsewhere") }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe(peer.url)
            try await world.post(World.low("1"))
            try await running(world.sender()) {
                try await eventually { try await world.rows() == ["pending 1 1"] }
            }
            #expect(peer.requests.count == 1)
        }
    }

    @Test(
        "Retry-After is seconds or a date, and a day at most",
        arguments: [
            ("120", 120), ("0", 0), ("-1", nil), ("soon", nil), ("999999999", 86_400),
            ("Sun, 22 Nov 2026 12:02:00 GMT", 120), ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
            ("Mon, 30 Nov 2026 12:00:00 GMT", 86_400),
        ] as [(String, Int?)])
    func retryAfterForms(text: String, seconds: Int?) {
        #expect(RetryAfter.seconds(text, from: World.noon) == seconds)
    }
}

@Suite("E-mail of notifications", .needsPostgres)
struct NotificationMailTests {
    typealias World = NotificationWorld

    private func mail(_ peer: SMTPPeer) throws -> NotificationMail {
        NotificationMail(
            server: try #require(SMTPServer(url: peer.url, startTLS: .none)),
            from: try #require(MailAddress(parsing: "billing@example.com"))
        ) { NoticeText(subject: "About \($0.kind)", body: "Facts: \($0.data)\n") }
    }

    @Test("an e-mail carries the text of its kind, and the notification's id as its own")
    func message() async throws {
        let peer = try SMTPPeer()
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe("ops@example.net")
            try await world.post(World.low("1"))
            try await running(world.sender(mail: try mail(peer))) {
                try await eventually { try await world.count("sent") == 1 }
            }
            let id: String = try #require(
                try await world.pool.query("SELECT id FROM billing.wallet_notifications").first?.value("id"))
            let message = try #require(peer.messages.first)
            #expect(peer.commands.contains("RCPT TO:<ops@example.net>"))
            #expect(message.contains("\r\nMessage-ID: <\(id)@example.com>\r\n"))
            #expect(message.contains("\r\nSubject: About balance.low\r\n"))
            #expect(message.hasSuffix("\r\n\r\nFacts: {\"balance\": \"4.1200\"}\r\n"))
        }
    }

    @Test("an address that the server refuses for good is given up at once")
    func refused() async throws {
        let peer = try SMTPPeer { $0.hasPrefix("RCPT") ? "550 no such user" : nil }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe("ops@example.net")
            try await world.post(World.low("1"))
            try await running(world.sender(mail: try mail(peer))) {
                try await eventually { try await world.count("failed") == 1 }
            }
            let errors = try await world.notifications.undelivered(limit: 1, in: world.pool).map(\.lastError)
            #expect(errors == ["notification-mail-refused: the mail server answered 550"])
        }
    }

    @Test("without a mail server what is for addresses waits, and webhooks go out")
    func noServer() async throws {
        let peer = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        try await World.with { world in
            try await world.subscribe("ops@example.net")
            try await world.subscribe(peer.url)
            try await world.post(World.low("1"))
            try await running(world.sender()) {
                try await eventually { try await world.rows().sorted() == ["pending 1 1", "sent 1 60"] }
            }
        }
    }

    @Test("a test is sent at once, told of, and not tried again")
    func sentNow() async throws {
        let peer = try SMTPPeer { $0.hasPrefix("RCPT TO:<bad") ? "450 later" : nil }
        defer { peer.stop() }
        try await World.with { world in
            let sender = world.sender(mail: try mail(peer))
            for (target, said) in [
                ("good@example.net", nil),
                ("bad@example.net", "notification-mail-not-taken: the mail server answered 450"),
            ] {
                let id = try #require(try await world.subscribe(target, kinds: ["payment.failed"]))
                let notice = Notice(kind: "notification.test", customer: nil, data: "{}", key: target)
                let begun = try #require(
                    try await world.pool.withTransaction {
                        try world.notifications.beginTest(notice, to: id, in: $0, at: World.noon)
                    })
                #expect(try await sender.sendNow(begun) == said)
            }
            #expect(try await world.rows() == ["failed 1 60", "sent 1 60"])
        }
    }
}
