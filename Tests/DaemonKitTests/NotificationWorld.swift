import Drivers
import Foundation
import Synchronization
import TestSupport

@testable import DaemonKit

/// A migrated database with the wallet's notifications in it, and a clock that stands until it is moved.
struct NotificationWorld {
    let pool: PostgresPool
    let notifications = Notifications(
        table: "billing.wallet_notifications", subscriptions: "billing.wallet_subscriptions")
    let metrics = PrometheusRegistry()
    let time = Hand(noon)

    /// 2026-11-22, noon.
    static let noon: Int64 = 1_795_348_800_000
    static let ada = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
    static let bob = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2))

    /// A clock's hand.
    final class Hand: Sendable {
        private let now: Mutex<Int64>

        init(_ now: Int64) { self.now = Mutex(now) }

        func reading() -> Int64 { now.withLock { $0 } }
        func move(seconds: Int64) { now.withLock { $0 += seconds * 1_000 } }
    }

    static func with(_ body: (NotificationWorld) async throws -> Void) async throws {
        try await withMigratedPool { try await body(NotificationWorld(pool: $0)) }
    }

    /// A subscription; without a customer it is operators'.
    @discardableResult
    func subscribe(_ target: String, customer: UUID? = nil, kinds: [String] = []) async throws -> UUID? {
        try await pool.withTransaction { transaction in
            try notifications.subscribe(
                customer: customer, channel: target.contains("://") ? .webhook : .email, target: target,
                secret: target.contains("://") ? Secret("whsec_test") : nil, kinds: kinds, in: transaction,
                at: time.reading())
        }
    }

    /// Posts notices in a transaction of their own; returns how many rows were written.
    @discardableResult
    func post(_ notices: Notice...) async throws -> Int {
        try await pool.withTransaction { try notifications.post(notices, in: $0, at: time.reading()) }
    }

    /// A low balance of a customer.
    static func low(_ key: String, of customer: UUID? = ada) -> Notice {
        Notice(kind: "balance.low", customer: customer, data: #"{"balance":"4.1200"}"#, key: key)
    }

    /// A sender that looks every 20 ms and takes the longest pause each time.
    func sender(
        concurrency: Int = 4, giveUpSeconds: Int = 1_000_000, mail: NotificationMail? = nil
    ) -> NotificationSender {
        var settings = NotificationSettings()
        settings.concurrency = concurrency
        settings.interval = .milliseconds(20)
        settings.giveUpSeconds = giveUpSeconds
        let time = time
        return NotificationSender(
            notifications, pool: pool, settings: settings, mail: mail,
            loop: testLoop(metrics: metrics, clock: Clock { time.reading() }), upTo: { $0 })
    }

    /// `state attempts` of every row, with the seconds from noon on at which it is due, in the order of the keys.
    func rows() async throws -> [String] {
        try await pool.query(
            """
            SELECT concat_ws(' ', state, attempts, (extract(epoch FROM next_attempt_at) - \(Self.noon / 1_000))::integer) AS row
            FROM billing.wallet_notifications ORDER BY event_key, target
            """
        ).map { try $0.value("row") }
    }

    /// How many rows are in a state.
    func count(_ state: String) async throws -> Int {
        let rows = try await pool.query(
            "SELECT count(*) AS rows FROM billing.wallet_notifications WHERE state = \(state)")
        return try rows.first?.value("rows") ?? 0
    }
}

extension HTTPPeer {
    /// The ids of the notifications that came, in order.
    var notificationIDs: [String] { requests.compactMap { $0.header("Warp-Notification-Id") } }
}

extension String {
    /// A header's value, of a request's text.
    func header(_ name: String) -> String? {
        components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }

    /// A request's body.
    var requestBody: String { components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }
}

/// An answer without a body.
func answer(_ status: Int, _ header: String = "X-A: b") -> String {
    "HTTP/1.1 \(status) Answer\r\n\(header)\r\nContent-Length: 0\r\n\r\n"
}
