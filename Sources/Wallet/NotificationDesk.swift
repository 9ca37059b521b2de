import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// What operators do with notifications; each deed goes with its audit row.
struct NotificationDesk: Sendable {
    let pool: PostgresPool
    let actor: String
    let now: Instant

    private static let audit = Audit(table: "billing.wallet_audit")

    /// A new subscription, and what its owner is to be given.
    struct Added: Sendable {
        let id: UUID
        /// What webhooks are signed with; nil for e-mail. It is shown once.
        let secret: Secret?
    }

    /// Adds a subscription. Nil where the customer, or operators, have the target already.
    func add(
        customer: CustomerID?, channel: NotificationSubscription.Channel, target: String, kinds: [String]
    ) async throws -> Added? {
        let secret = channel == .webhook ? Secret("whsec_" + Base64.encodeURL(Digest.random(32))) : nil
        return try await pool.withTransaction { transaction in
            let id = try Notifications.wallet.subscribe(
                customer: customer?.value.uuid, channel: channel, target: target, secret: secret, kinds: kinds,
                in: transaction, at: now.milliseconds)
            guard let id else { return nil }
            var detail = JSONWriter()
            detail.object { json in
                json.field("customer_id", customer?.text)
                json.field("channel", channel.rawValue)
                json.field("target", target)
                json.field("kinds", kinds)
            }
            try record("subscription.add", id, detail.text, in: transaction)
            return Added(id: id, secret: secret)
        }
    }

    /// Ends a subscription; false where there is none.
    func remove(_ id: UUID) async throws -> Bool {
        try await pool.withTransaction { transaction in
            guard try Notifications.wallet.unsubscribe(id, in: transaction) else { return false }
            try record("subscription.remove", id, in: transaction)
            return true
        }
    }

    /// Makes one notification that was not sent due now, or all; returns how many.
    func retry(only id: UUID?) async throws -> Int {
        try await pool.withTransaction { transaction in
            let count = try Notifications.wallet.retry(only: id, in: transaction, at: now.milliseconds)
            if count > 0 { try record("notification.retry", id, #"{"count": \#(count)}"#, in: transaction) }
            return count
        }
    }

    /// A test for one subscription, to be sent at once; nil where there is no such one.
    func beginTest(of id: UUID) async throws -> OutgoingNotification? {
        try await pool.withTransaction { transaction in
            let begun = try Notifications.wallet.beginTest(
                .test(key: UUID().uuidString.lowercased()), to: id, in: transaction, at: now.milliseconds)
            if begun != nil { try record("subscription.test", id, in: transaction) }
            return begun
        }
    }

    private func record(
        _ action: String, _ id: UUID?, _ detail: String = "{}", in transaction: PostgresTransaction
    ) throws {
        try Self.audit.record(
            in: transaction, actor: actor, action: action, subject: id?.uuidString.lowercased() ?? "all",
            detail: detail,
            at: now.milliseconds)
    }
}

extension NotificationDesk {
    /// The desk of whoever runs a command.
    init(_ context: DaemonContext) {
        pool = context.pool
        actor = "operator:\(ProcessInfo.processInfo.userName)"
        now = Instant(milliseconds: context.clock.now())
    }
}
