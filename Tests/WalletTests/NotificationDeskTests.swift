import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

@Suite("Operators and notifications", .needsPostgres)
struct NotificationDeskTests {
    private func desk(_ world: WalletWorld) -> NotificationDesk {
        NotificationDesk(pool: world.store.pool, actor: "operator:ada", now: world.noon)
    }

    private func audit(_ world: WalletWorld) async throws -> [String] {
        try await world.admin.query("SELECT concat_ws(' ', actor, action) AS row FROM billing.wallet_audit ORDER BY id")
            .map { try $0.value("row") }
    }

    @Test("adding, testing and removing a subscription leave their audit rows, and the secret is in none")
    func trail() async throws {
        try await WalletWorld.with { world in
            let desk = desk(world)
            let url = "https://ops.example.com/"
            let added = try #require(
                try await desk.add(customer: nil, channel: .webhook, target: url, kinds: ["fraud.alert"]))
            let secret = try #require(added.secret?.revealed)
            #expect(secret.hasPrefix("whsec_") && secret.utf8.count == 49)
            let again = try await desk.add(customer: nil, channel: .webhook, target: url, kinds: [])
            #expect(again == nil)
            let mail = try #require(
                try await desk.add(
                    customer: WalletWorld.prepaid, channel: .email, target: "a@example.com", kinds: []))
            #expect(mail.secret == nil)
            #expect(try await desk.beginTest(of: UUID()) == nil)
            let test = try #require(try await desk.beginTest(of: added.id))
            #expect(test.kind == "notification.test")
            #expect(try await desk.remove(added.id))
            #expect(try await !desk.remove(added.id))
            #expect(
                try await audit(world) == [
                    "operator:ada subscription.add", "operator:ada subscription.add", "operator:ada subscription.test",
                    "operator:ada subscription.remove",
                ])
            let details = try await world.text("SELECT string_agg(detail::text, ' ') FROM billing.wallet_audit") ?? ""
            #expect(details.contains(url) && !details.contains(secret))
        }
    }

    @Test("what is retried is due now, and counts as new")
    func retry() async throws {
        try await WalletWorld.with { world in
            let desk = desk(world)
            _ = try await desk.add(customer: WalletWorld.prepaid, channel: .email, target: "a@example.com", kinds: [])
            let notices = ["1", "2"].map {
                Notice.autoRechargeDisabled(customer: WalletWorld.prepaid, failures: 3, key: $0)
            }
            let written = try await world.store.pool.withTransaction {
                try Notifications.wallet.post(notices, in: $0, at: world.noon.milliseconds - 86_400_000)
            }
            #expect(written == 2)
            try await world.admin.execute("UPDATE billing.wallet_notifications SET state = 'failed'")
            let id: UUID = try #require(
                try await world.admin.query("SELECT id FROM billing.wallet_notifications ORDER BY event_key").first?
                    .value("id"))
            #expect(try await desk.retry(only: UUID()) == 0)
            #expect(try await desk.retry(only: id) == 1)
            let states: SQL = """
                SELECT string_agg(concat_ws(' ', state, pending_since = \(world.noon), next_attempt_at = \(world.noon)), ', '
                    ORDER BY event_key)
                FROM billing.wallet_notifications
                """
            #expect(try await world.text(states) == "pending t t, failed f f")
            #expect(try await desk.retry(only: nil) == 2)
            #expect(try await world.text(states) == "pending t t, pending t t")
            #expect(
                try await audit(world).suffix(2) == [
                    "operator:ada notification.retry", "operator:ada notification.retry",
                ])
        }
    }

    @Test("a running wallet sends what was posted", .needsServices)
    func sending() async throws {
        let peer = try HTTPPeer { _, _ in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }
        defer { peer.stop() }
        try await WalletWorld.with { world in
            _ = try await desk(world).add(customer: nil, channel: .webhook, target: peer.url, kinds: [])
            let notice = Notice.walletResumed(customer: WalletWorld.prepaid, balance: .zero, key: "1")
            try await world.store.pool.withTransaction { transaction in
                _ = try Notifications.wallet.post([notice], in: transaction, at: world.noon.milliseconds)
            }
            let values = world.database.settings().merging(["postgres.user": "warp_wallet"]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { _ in
                try await eventually { peer.requests.count == 1 }
            }
            #expect(peer.requests.first?.contains(#""kind":"wallet.resumed""#) == true)
        }
    }

    @Test(
        "what the command takes",
        arguments: [
            (["https://ops.example.com/"], true), (["ops@example.com", "--kind", "balance.low"], true),
            (["ops@example.com", "--customer", "00000000-0000-0001-0000-000000000001"], true),
            (["ops@example.com", "--customer", "ada"], false), (["ops@example.com", "--kind", "balance.high"], false),
            (["ftp://ops.example.com/"], false), (["nobody"], false),
        ])
    func arguments(arguments: [String], isTaken: Bool) {
        let parse = { _ = try NotificationsCommand.Add.parse(arguments) }
        if isTaken {
            #expect(throws: Never.self, performing: parse)
        } else {
            #expect(throws: (any Error).self, performing: parse)
        }
    }
}
