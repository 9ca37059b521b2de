public import Drivers
import Foundation

/// A daemon's notifications (M28), in its own two tables: notices, each to one receiver, and who wants to be told.
public struct Notifications: Sendable {
    let table: String
    let subscriptions: String

    /// The notifications in a daemon's own tables, `billing.wallet_notifications` and `billing.wallet_subscriptions`.
    public init(table: String, subscriptions: String) {
        self.table = table
        self.subscriptions = subscriptions
    }

    /// Writes each notice for everybody who wants to be told of it, in one statement of the transaction that did what it tells. An event
    /// that was noticed before is not told again.
    /// - Parameter now: milliseconds since 1970 by the daemons' clock.
    /// - Returns: how many rows were written.
    @discardableResult
    public func post(
        _ notices: [Notice], in transaction: PostgresTransaction, at now: Int64
    ) throws(PostgresError) -> Int {
        guard !notices.isEmpty else { return 0 }
        let at = InstantText.text(now)
        // In the order of the key, so that two transactions which notice the same events wait for each other and never in a circle.
        return try transaction.execute(
            """
            INSERT INTO \(identifier: table) (id, event_key, kind, customer_id, payload, subscription_id, channel, target, state,
                next_attempt_at, created_at, pending_since)
            SELECT gen_random_uuid(), n.event_key, n.kind, n.customer_id, n.payload::jsonb, s.id, s.channel, s.target, 'pending',
                \(at)::timestamptz, \(at)::timestamptz, \(at)::timestamptz
            FROM unnest(
                \(notices.map(\.eventKey))::text[], \(notices.map(\.kind))::text[], \(notices.map(\.customer))::uuid[],
                \(notices.map(\.data))::text[], \(notices.map { $0.audience == .operators })::boolean[]
            ) AS n (event_key, kind, customer_id, payload, is_for_operators)
            JOIN \(identifier: subscriptions) AS s
                ON s.customer_id IS NULL OR (s.customer_id = n.customer_id AND NOT n.is_for_operators)
            WHERE s.enabled AND (s.kinds = '{}' OR n.kind = ANY (s.kinds))
            ORDER BY n.event_key, s.channel, s.target, s.id
            ON CONFLICT (event_key, channel, target) DO NOTHING
            """)
    }

    /// Takes rows that are due, the longest due first, and keeps other senders from them until the lease is over.
    func claim(
        limit: Int, leaseSeconds: Int, at now: Int64, in pool: PostgresPool
    ) async throws -> [OutgoingNotification] {
        let at = InstantText.text(now)
        let lease = InstantText.text(now + Int64(leaseSeconds) * 1_000)
        return try await pool.query(
            """
            WITH due AS MATERIALIZED (
                SELECT w.id AS due_id, s.secret, s.kinds, s.enabled, s.failures, s.paused_until, s.customer_id AS owner_id
                FROM \(identifier: table) AS w
                JOIN \(identifier: subscriptions) AS s ON s.id = w.subscription_id
                WHERE w.state = 'pending' AND w.next_attempt_at <= \(at)::timestamptz
                    AND (s.paused_until IS NULL OR s.paused_until <= \(at)::timestamptz OR NOT s.enabled)
                ORDER BY w.next_attempt_at, w.id
                LIMIT \(limit)
                FOR UPDATE OF w SKIP LOCKED
            )
            UPDATE \(identifier: table) AS n
            SET attempts = n.attempts + 1, next_attempt_at = \(lease)::timestamptz
            FROM due
            WHERE n.id = due.due_id
            RETURNING n.id, n.kind, n.customer_id, n.payload::text AS payload, n.created_at, n.pending_since, n.attempts,
                n.subscription_id, n.channel, n.target, due.secret, due.kinds, due.enabled, due.failures, due.paused_until,
                due.owner_id
            """
        ).map { try OutgoingNotification($0) }
    }

    /// The receiver has it. Rows are locked before their subscription, here and everywhere.
    func sent(_ notification: OutgoingNotification, at now: Int64, in pool: PostgresPool) async throws {
        try await pool.withTransaction { transaction in
            // Whoever hears of it last: what was sent once is sent.
            try transaction.execute(
                """
                UPDATE \(identifier: table)
                SET state = 'sent', sent_at = \(InstantText.text(now))::timestamptz, last_error = NULL
                WHERE id = \(notification.id) AND state <> 'sent'
                """)
            if notification.subscription.failures > 0 {
                transaction.queue(
                    """
                    UPDATE \(identifier: subscriptions) SET failures = 0, paused_until = NULL
                    WHERE id = \(notification.subscription.id) AND failures > 0
                    """)
            }
        }
    }

    /// The attempt failed: the row is due again at an instant, or, with none, given up.
    /// - Parameter isPausing: whether nothing else is sent there until then.
    func failed(
        _ notification: OutgoingNotification, _ error: String, dueAgain: Int64?, isPausing: Bool, in pool: PostgresPool
    ) async throws {
        let due = dueAgain.map(InstantText.text)
        try await pool.withTransaction { transaction in
            // A lease that is over gives another sender the next attempt's number: what this one has found counts no more.
            try transaction.execute(
                """
                UPDATE \(identifier: table)
                SET state = CASE WHEN \(due)::timestamptz IS NULL THEN 'failed' ELSE 'pending' END,
                    next_attempt_at = coalesce(\(due)::timestamptz, next_attempt_at), last_error = \(error)
                WHERE id = \(notification.id) AND state = 'pending' AND attempts = \(notification.attempt)
                """)
            if isPausing, let due {
                // Failures of one moment count as one: they were claimed together.
                transaction.queue(
                    """
                    UPDATE \(identifier: subscriptions)
                    SET failures = greatest(failures, \(notification.subscription.failures + 1)),
                        paused_until = greatest(paused_until, \(due)::timestamptz)
                    WHERE id = \(notification.subscription.id)
                    """)
            }
        }
    }

    /// How many rows wait.
    func pendingCount(in pool: PostgresPool) async throws -> Int {
        let rows = try await pool.query("SELECT count(*) AS waiting FROM \(identifier: table) WHERE state = 'pending'")
        return try rows.first?.value("waiting") ?? 0
    }

    /// Forgets rows that were settled and are older than an instant, so many at most; returns how many went.
    func forget(before: Int64, limit: Int, in pool: PostgresPool) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM \(identifier: table)
            WHERE id IN (
                SELECT id FROM \(identifier: table)
                WHERE state <> 'pending' AND created_at < \(InstantText.text(before))::timestamptz
                LIMIT \(limit)
            )
            """)
    }
}

extension OutgoingNotification {
    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.value("id")
        kind = try row.value("kind")
        customer = try row.value("customer_id")
        data = try row.value("payload")
        at = try row.milliseconds("created_at")
        pendingSince = try row.milliseconds("pending_since")
        attempt = try row.value("attempts")
        subscription = try NotificationSubscription(row, id: "subscription_id", customer: "owner_id")
    }
}

extension NotificationSubscription {
    init(_ row: PostgresRow, id: String = "id", customer: String = "customer_id") throws(PostgresError) {
        guard let channel = Channel(rawValue: try row.value("channel")) else {
            throw PostgresError.decoding(column: "channel", reason: "no channel")
        }
        self.id = try row.value(id)
        self.customer = try row.value(customer)
        self.channel = channel
        target = try row.value("target")
        secret = (try row.value("secret") as String?).map(Secret.init)
        kinds = try row.value("kinds")
        isEnabled = try row.value("enabled")
        failures = try row.value("failures")
        pausedUntil = (try row.value("paused_until") as Milliseconds?)?.value
    }
}

extension PostgresRow {
    fileprivate func milliseconds(_ column: String) throws(PostgresError) -> Int64 {
        (try value(column) as Milliseconds).value
    }
}

/// A `timestamptz` as milliseconds since 1970.
private struct Milliseconds: PostgresDecodable {
    let value: Int64

    init(postgres cell: PostgresCell) throws(PostgresError) { value = try cell.milliseconds() }
}
