public import Drivers
public import Foundation

extension NotificationSubscription {
    /// What is wrong with a target, as a person should read it; nil where it can be used.
    public static func fault(of target: String, _ channel: Channel) -> String? {
        switch channel {
        case .email:
            return MailAddress(parsing: target).map(\.address) == target ? nil : "'\(target)' is no address"
        case .webhook:
            guard target.utf8.count <= 1_000, target.utf8.allSatisfy({ $0 > 32 && $0 < 127 }),
                let parts = URLComponents(string: target),
                ["http", "https"].contains(parts.scheme?.lowercased() ?? ""),
                parts.host?.isEmpty == false, parts.user == nil, parts.password == nil, parts.fragment == nil
            else { return "'\(target)' is no http or https URL, or has a user or a fragment" }
            return nil
        }
    }
}

/// A subscription as operators look at it.
public struct NotificationSubscriptionStatus: Sendable {
    /// The subscription.
    public let subscription: NotificationSubscription
    /// Notifications that wait, and that were given up.
    public let pending: Int
    /// Notifications that were given up.
    public let failed: Int
}

/// A notification that did not arrive, as operators look at it.
public struct UndeliveredNotification: Sendable {
    /// Its id.
    public let id: UUID
    /// What happened.
    public let kind: String
    /// `pending` or `failed`.
    public let state: String
    /// Attempts so far.
    public let attempts: Int
    /// What the last attempt came to.
    public let lastError: String?
    /// Where it goes.
    public let target: String
}

extension Notifications {
    /// Adds a subscription, or takes up one that was removed, with a new secret.
    /// - Returns: its id; nil where there is such a one already.
    public func subscribe(
        customer: UUID?, channel: NotificationSubscription.Channel, target: String, secret: Secret?, kinds: [String],
        in transaction: PostgresTransaction, at now: Int64
    ) throws(PostgresError) -> UUID? {
        let rows = try transaction.query(
            """
            INSERT INTO \(identifier: subscriptions) AS s (id, customer_id, channel, target, secret, kinds, created_at)
            VALUES (gen_random_uuid(), \(customer)::uuid, \(channel.rawValue), \(target), \(secret?.revealed), \(kinds)::text[],
                \(InstantText.text(now))::timestamptz)
            ON CONFLICT (customer_id, channel, target) DO UPDATE
            SET enabled = true, secret = excluded.secret, kinds = excluded.kinds, failures = 0, paused_until = NULL
            WHERE NOT s.enabled
            RETURNING s.id
            """)
        return try rows.first?.value("id")
    }

    /// Ends a subscription; what waits for it is given up by the sender. False where there is none.
    public func unsubscribe(_ id: UUID, in transaction: PostgresTransaction) throws(PostgresError) -> Bool {
        try transaction.execute("UPDATE \(identifier: subscriptions) SET enabled = false WHERE id = \(id) AND enabled")
            > 0
    }

    /// Every subscription that is not removed, operators' first.
    public func subscriptions(in pool: PostgresPool) async throws -> [NotificationSubscriptionStatus] {
        try await pool.query(
            """
            SELECT s.id, s.customer_id, s.channel, s.target, NULL::text AS secret, s.kinds, s.enabled, s.failures, s.paused_until,
                count(*) FILTER (WHERE n.state = 'pending') AS pending, count(*) FILTER (WHERE n.state = 'failed') AS failed
            FROM \(identifier: subscriptions) AS s
            LEFT JOIN \(identifier: table) AS n ON n.subscription_id = s.id
            WHERE s.enabled
            GROUP BY s.id
            ORDER BY s.customer_id NULLS FIRST, s.created_at, s.id
            """
        ).map { row in
            NotificationSubscriptionStatus(
                subscription: try NotificationSubscription(row), pending: try row.value("pending"),
                failed: try row.value("failed"))
        }
    }

    /// What did not arrive, the oldest first.
    public func undelivered(limit: Int, in pool: PostgresPool) async throws -> [UndeliveredNotification] {
        try await pool.query(
            """
            SELECT id, kind, state, attempts, last_error, target
            FROM \(identifier: table)
            WHERE state <> 'sent'
            ORDER BY created_at, id
            LIMIT \(limit)
            """
        ).map { row in
            UndeliveredNotification(
                id: try row.value("id"), kind: try row.value("kind"), state: try row.value("state"),
                attempts: try row.value("attempts"), lastError: try row.value("last_error"),
                target: try row.value("target"))
        }
    }

    /// Puts back what was given up and makes what waits due now: one notification, or all of them. Receivers are left alone no longer.
    /// - Returns: how many notifications.
    public func retry(
        only id: UUID?, in transaction: PostgresTransaction, at now: Int64
    ) throws(PostgresError) -> Int {
        let at = InstantText.text(now)
        let rows = try transaction.query(
            """
            UPDATE \(identifier: table) AS n
            SET state = 'pending', next_attempt_at = \(at)::timestamptz, pending_since = \(at)::timestamptz
            FROM \(identifier: subscriptions) AS s
            WHERE s.id = n.subscription_id AND s.enabled AND n.state <> 'sent' AND (\(id)::uuid IS NULL OR n.id = \(id))
            RETURNING n.subscription_id
            """)
        let subscribed = Set(try rows.map { row throws(PostgresError) in try row.value("subscription_id") as UUID })
        try transaction.execute(
            """
            UPDATE \(identifier: subscriptions) SET failures = 0, paused_until = NULL
            WHERE id = ANY (\(subscribed.sorted())::uuid[])
            """)
        return rows.count
    }

    /// Writes a notice for one subscription alone, as if it were being sent: whoever calls sends it with `NotificationSender.sendNow`.
    /// Nil where there is no such subscription.
    public func beginTest(
        _ notice: Notice, to subscription: UUID, in transaction: PostgresTransaction, at now: Int64
    ) throws(PostgresError) -> OutgoingNotification? {
        let at = InstantText.text(now)
        let lease = InstantText.text(now + Int64(NotificationSettings().leaseSeconds) * 1_000)
        let rows = try transaction.query(
            """
            WITH s AS (
                SELECT id AS subscription_id, customer_id AS owner_id, channel, target, secret, kinds, enabled, failures, paused_until
                FROM \(identifier: subscriptions)
                WHERE id = \(subscription) AND enabled
            ), n AS (
                INSERT INTO \(identifier: table) (id, event_key, kind, customer_id, payload, subscription_id, channel, target, state,
                    attempts, next_attempt_at, created_at, pending_since)
                SELECT gen_random_uuid(), \(notice.eventKey), \(notice.kind), \(notice.customer)::uuid, \(notice.data)::jsonb,
                    s.subscription_id, s.channel, s.target, 'pending', 1, \(lease)::timestamptz, \(at)::timestamptz,
                    \(at)::timestamptz
                FROM s
                RETURNING id, kind, customer_id, payload::text AS payload, created_at, pending_since, attempts
            )
            SELECT n.id, n.kind, n.customer_id, n.payload, n.created_at, n.pending_since, n.attempts, s.subscription_id, s.owner_id,
                s.channel, s.target, s.secret, s.kinds, s.enabled, s.failures, s.paused_until
            FROM n CROSS JOIN s
            """)
        return try rows.first.map { row throws(PostgresError) in try OutgoingNotification(row) }
    }
}
