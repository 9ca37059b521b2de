import Core
import Drivers
import Reference

/// What is kept of one customer for fraud control: the windows, and the limits that are in force.
struct FraudRecord: Sendable {
    let customer: CustomerID
    private var windows: SpendWindows
    /// The highest number of usage that was seen.
    private(set) var through: Int64
    let limits: SpendLimits
    /// The windows as they were read, and as they are to be kept; nil where there were none.
    private let stored: [UInt8]?
    private var bytes: [UInt8]?
    /// Whether the windows or the limits could not be read: usage is posted all the same, with empty windows or everybody's limits.
    let isUnreadable: Bool

    /// Whether there is something to store.
    var isChanged: Bool { bytes != stored }

    /// Takes what was seen in, in the order of time, and returns what it fires.
    mutating func take(_ sightings: [FraudSighting], highWaterMark: Money?) -> [FiredCheck] {
        var fired: [FiredCheck] = []
        var taken: [FraudSighting] = []
        for sighting in sightings.sorted(by: FraudSighting.precedes) where !sighting.isRepeat(through: through) {
            taken.append(sighting)
            for alert in windows.observe(sighting.event(highWaterMark: highWaterMark), limits: limits) {
                fired.append(
                    FiredCheck(
                        customer: customer, alert: alert, limit: limits.text(of: alert.check),
                        highWaterMark: highWaterMark, unposted: FiredCheck.unposted(among: taken, of: alert)))
            }
        }
        through = max(through, sightings.map(\.sequence).max() ?? 0)
        bytes = windows.bytes
        return fired
    }
}

extension FraudRecord {
    /// The records of some customers whose wallets are locked, with the limits of each: those of the rules, what everybody has instead, and
    /// on top what the customer has.
    static func reading(_ customers: [CustomerID]) -> SQL {
        """
        SELECT c.customer_id, w.windows, w.through_seq, l.limits::text AS limits
        FROM unnest(\(customers)::uuid[]) AS c (customer_id)
        LEFT JOIN billing.fraud_windows AS w ON w.customer_id = c.customer_id
        LEFT JOIN billing.fraud_limits AS l ON l.customer_id = c.customer_id
        UNION ALL
        SELECT NULL, NULL, NULL, limits::text FROM billing.fraud_limits WHERE customer_id IS NULL
        ORDER BY customer_id
        """
    }

    static func read(_ rows: PostgresRows) throws -> [FraudRecord] {
        let common: String? = try rows.first { try $0.value("customer_id", as: CustomerID?.self) == nil }?
            .value("limits")
        let everybody = SpendLimits().with(stored: common)
        return try rows.compactMap { row in
            guard let customer: CustomerID = try row.value("customer_id") else { return nil }
            return try FraudRecord(of: customer, row, everybody: everybody ?? SpendLimits(), everybody == nil)
        }
    }

    private init(
        of customer: CustomerID, _ row: PostgresRow, everybody: SpendLimits, _ isEverybodyUnreadable: Bool
    ) throws {
        self.customer = customer
        stored = try row.value("windows")
        bytes = stored
        through = try row.value("through_seq") ?? 0
        let read = stored.map { SpendWindows(bytes: $0) } ?? SpendWindows()
        windows = read ?? SpendWindows()
        let own = everybody.with(stored: try row.value("limits"))
        limits = own ?? everybody
        isUnreadable = read == nil || own == nil || isEverybodyUnreadable
    }

    /// Stores the windows of several customers. The statement goes out with the next one, or with COMMIT.
    static func store(_ records: [FraudRecord], at now: Instant, in transaction: PostgresTransaction) {
        guard !records.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.fraud_windows AS kept (customer_id, windows, through_seq, updated_at)
            SELECT n.customer_id, n.windows, n.through_seq, \(now)
            FROM unnest(
                \(records.map(\.customer))::uuid[], \(PostgresBlobs(records.map { $0.bytes ?? [] })),
                \(records.map(\.through))::bigint[]
            ) AS n (customer_id, windows, through_seq)
            ON CONFLICT (customer_id) DO UPDATE
            SET windows = excluded.windows, through_seq = excluded.through_seq, updated_at = excluded.updated_at
            """)
    }
}

extension SpendLimits {
    /// These limits with what a stored document says in their place; nil where it is none.
    fileprivate func with(stored text: String?) -> SpendLimits? {
        guard let text else { return self }
        do throws(SpendLimitsDocument.Fault) { return with(try SpendLimitsDocument(parsing: text)) } catch {
            return nil
        }
    }
}
