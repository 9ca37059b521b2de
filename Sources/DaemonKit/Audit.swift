public import Drivers

/// The daemon's audit trail (M28): who did what to what, in the transaction that did it.
public struct Audit: Sendable {
    private let table: String

    /// The trail in a daemon's own table, `billing.poller_audit`.
    public init(table: String) {
        self.table = table
    }

    /// Adds an event.
    /// - Parameters:
    ///   - actor: `operator:ada`, `service:kamailio`, or `daemon:poller`.
    ///   - action: a verb, and what it was done to: `rate-plan.load`.
    ///   - subject: which one.
    ///   - detail: a JSON object.
    ///   - at: milliseconds since 1970 by the daemons' clock.
    public func record(
        in transaction: PostgresTransaction, actor: String, action: String, subject: String, detail: String = "{}",
        at: Int64
    ) throws(PostgresError) {
        try transaction.execute(
            """
            INSERT INTO \(identifier: table) (at, actor, action, subject, detail)
            VALUES (\(InstantText.text(at))::timestamptz, \(actor), \(action), \(subject), \(detail)::jsonb)
            """)
    }
}
