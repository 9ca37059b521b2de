import Drivers
import Foundation
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Notifications", .needsPostgres)
struct NotificationTests {
    typealias World = NotificationWorld

    @Test("a notice reaches whoever has asked for its kind and may hear of its customer, once")
    func fanOut() async throws {
        try await World.with { world in
            try await world.subscribe("https://ops.example.com/all")
            try await world.subscribe("fraud@ops.example.com", kinds: ["fraud.alert"])
            try await world.subscribe("https://ada.example.com/all", customer: World.ada)
            try await world.subscribe("bills@ada.example.com", customer: World.ada, kinds: ["payment.failed"])
            try await world.subscribe("https://bob.example.com/all", customer: World.bob)
            let fraud = Notice(
                kind: "fraud.alert", customer: World.ada, data: "{}", key: "1", audience: .operators)
            // Written together, as one batch of a daemon's does.
            #expect(try await world.post(World.low("1"), World.low("2", of: World.bob), fraud) == 6)
            #expect(try await world.post(World.low("1"), World.low("2", of: World.bob), fraud) == 0)
            let told = try await world.pool.query(
                """
                SELECT event_key || ' ' || target AS told FROM billing.wallet_notifications ORDER BY event_key, target
                """
            ).map { try $0.value("told") as String }
            #expect(
                told == [
                    "balance.low:1 https://ada.example.com/all", "balance.low:1 https://ops.example.com/all",
                    "balance.low:2 https://bob.example.com/all", "balance.low:2 https://ops.example.com/all",
                    "fraud.alert:1 fraud@ops.example.com", "fraud.alert:1 https://ops.example.com/all",
                ])
        }
    }

    @Test("a target that two subscriptions name hears of an event once")
    func sharedTarget() async throws {
        try await World.with { world in
            try await world.subscribe("same@example.com")
            try await world.subscribe("same@example.com", customer: World.ada)
            #expect(try await world.post(World.low("1")) == 1)
        }
    }

    @Test("a transaction that is undone tells nothing, and the same event may be told by a later one")
    func undone() async throws {
        try await World.with { world in
            try await world.subscribe("ops@example.com")
            await #expect(throws: CancellationError.self) {
                try await world.pool.withTransaction { transaction in
                    try world.notifications.post([World.low("1")], in: transaction, at: World.noon)
                    throw CancellationError()
                }
            }
            #expect(try await world.count("pending") == 0)
            #expect(try await world.post(World.low("1")) == 1)
        }
    }

    @Test("two transactions that notice the same events in other orders both come to their end")
    func crossing() async throws {
        try await World.with { world in
            try await world.subscribe("ops@example.com")
            let notices = (1...200).map { World.low("\($0)") }
            try await withThrowingTaskGroup(of: Int.self) { group in
                for batch in [notices, notices.reversed(), notices.shuffled()] {
                    group.addTask {
                        try await world.pool.withTransaction { transaction in
                            try world.notifications.post(batch, in: transaction, at: World.noon)
                        }
                    }
                }
                var written = 0
                for try await count in group { written += count }
                #expect(written == 200)
            }
        }
    }

    @Test("a subscription stands once, and one that was removed is taken up with a new secret")
    func subscriptions() async throws {
        try await World.with { world in
            let first = try #require(try await world.subscribe("https://ops.example.com/"))
            #expect(try await world.subscribe("https://ops.example.com/") == nil)
            try await world.subscribe("https://ops.example.com/", customer: World.ada)
            let isRemoved = try await world.pool.withTransaction {
                try world.notifications.unsubscribe(first, in: $0)
            }
            #expect(isRemoved)
            #expect(
                try await world.notifications.subscriptions(in: world.pool).map(\.subscription.customer) == [World.ada])
            #expect(try await world.post(World.low("1", of: World.bob)) == 0)
            #expect(try await world.subscribe("https://ops.example.com/", kinds: ["balance.low"]) == first)
            #expect(try await world.post(World.low("1", of: World.bob)) == 1)
            let statuses = try await world.notifications.subscriptions(in: world.pool)
            #expect(statuses.map(\.subscription.kinds) == [["balance.low"], []])
            #expect(statuses.map(\.pending) == [1, 0])
        }
    }

    @Test("settled rows are forgotten when they are old, waiting ones never")
    func forgetting() async throws {
        try await World.with { world in
            try await world.subscribe("ops@example.com")
            try await world.post(World.low("1"), World.low("2"), World.low("3"))
            try await world.pool.execute(
                """
                UPDATE billing.wallet_notifications SET state = 'sent', sent_at = created_at WHERE event_key = 'balance.low:1'
                """)
            try await world.pool.execute(
                "UPDATE billing.wallet_notifications SET state = 'failed' WHERE event_key = 'balance.low:2'")
            world.time.move(seconds: 90 * 86_400)
            try await world.sender().keepUp()
            #expect(try await world.rows().count == 3)
            #expect(world.metrics.value(.notificationsPending) == 1)
            world.time.move(seconds: 1)
            try await world.sender().keepUp()
            #expect(try await world.rows() == ["pending 0 0"])
        }
    }

    @Test(
        "a webhook's target is a URL without a user, an e-mail's a bare address",
        arguments: [
            ("https://ops.example.com:8443/a?b=c", NotificationSubscription.Channel.webhook, true),
            ("http://10.0.0.1/", .webhook, true), ("ftp://ops.example.com/", .webhook, false),
            ("https://user:password@ops.example.com/", .webhook, false), ("https:///x", .webhook, false),
            ("https://ops.example.com/#a", .webhook, false), ("https://ops.example.com/a b", .webhook, false),
            ("file:///etc/passwd", .webhook, false), ("ops@example.com", .email, true),
            ("Ops <ops@example.com>", .email, false), ("ops@example.com\r\nBcc: all@example.com", .email, false),
        ])
    func targets(target: String, channel: NotificationSubscription.Channel, isTaken: Bool) {
        #expect((NotificationSubscription.fault(of: target, channel) == nil) == isTaken)
    }
}

@Suite("Configuration of notifications")
struct NotificationConfigTests {
    private func faults(_ values: [String: String]) -> [String] {
        switch ConfigCheck(keys: NotificationConfig.keys).read(values: values) {
        case .checked: []
        case .faulty(let faults): faults.map(\.key)
        }
    }

    @Test("mail needs a server, a sender, and a login that nobody can read on the way")
    func checks() {
        let mail = [
            "notifications.smtpUrl": "smtp://mail.example.com:587", "notifications.from": "WARP <b@example.com>",
        ]
        let login = ["notifications.smtpUser": "warp", "notifications.smtpPassword": "secret"]
        func with(_ more: [String: String]) -> [String] { faults(mail.merging(more) { $1 }) }
        #expect(faults([:]).isEmpty)
        #expect(with([:]).isEmpty)
        #expect(with(login).isEmpty)
        #expect(with(["notifications.smtpStartTls": "none"]).isEmpty)
        #expect(with(["notifications.smtpUrl": "https://mail.example.com"]) == ["notifications.smtpUrl"])
        #expect(with(["notifications.from": "nobody"]) == ["notifications.from"])
        #expect(with(["notifications.smtpUser": "warp"]) == ["notifications.smtpPassword"])
        #expect(with(login.merging(["notifications.smtpStartTls": "offered"]) { $1 }) == ["notifications.smtpUser"])
        #expect(
            with(login.merging(["notifications.smtpUrl": "smtps://m", "notifications.smtpStartTls": "none"]) { $1 })
                .isEmpty)
    }
}
