import Core
import DaemonKit
import Drivers
import Reference

/// A hold as its row stores it.
struct HoldRow: Sendable {
    /// Where it stands; what is not open or ended holds nothing any more.
    enum State: String, Sendable {
        case open, ended, captured, released, expired
    }

    /// The id of the usage record that will capture it, made from the call's `sip_uuid`.
    let id: UsageID
    let customer: CustomerID
    var state: State
    var hold: Hold
    /// What was asked when it was granted.
    let question: Identifier128
    let createdAt: Instant

    /// Whether it keeps money back at an instant.
    func isLive(at now: Instant) -> Bool { (state == .open || state == .ended) && !hold.isExpired(at: now) }

    /// The holds of some calls, and those of some customers that keep money back though their time is over. Their wallets are locked.
    static func reading(_ ids: [UsageID], dueOf customers: [CustomerID], at now: Instant) -> SQL {
        """
        \(columns) WHERE usage_id = ANY (\(ids))
        UNION ALL
        \(columns)
        WHERE expires_at <= \(now) AND state IN ('open', 'ended') AND customer_id = ANY (\(customers))
            AND usage_id <> ALL (\(ids))
        """
    }

    static func read(_ rows: PostgresRows) throws -> [HoldRow] { try rows.map(HoldRow.init) }

    /// The holds of some calls that keep money back.
    static func readingOpen(of ids: [UsageID]) -> SQL {
        "\(columns) WHERE usage_id = ANY (\(ids)) AND state IN ('open', 'ended')"
    }

    /// Whose calls these are, as far as holds know.
    static func customers(of ids: [UsageID], in transaction: PostgresTransaction) throws -> [CustomerID] {
        try transaction.query("SELECT DISTINCT customer_id FROM billing.holds WHERE usage_id = ANY (\(ids))")
            .map { try $0.value("customer_id") }
    }

    private static let columns: SQL = """
        SELECT usage_id, sip_uuid, customer_id, state, amount, reserve_seconds, rate_per_minute, terms::text AS terms, question,
            created_at, expires_at
        FROM billing.holds
        """

    private init(_ row: PostgresRow) throws {
        guard let state = State(rawValue: try row.value("state")) else {
            throw PostgresError.decoding(column: "state", reason: "no state of a hold")
        }
        let expires: Instant = try row.value("expires_at")
        id = try row.value("usage_id")
        customer = try row.value("customer_id")
        self.state = state
        question = try row.value("question")
        createdAt = try row.value("created_at")
        hold = Hold(
            id: try row.value("sip_uuid"), amount: try row.value("amount"),
            reserveSeconds: try row.value("reserve_seconds"),
            price: CallPrice(rate: try row.value("rate_per_minute"), terms: try Terms(stored: try row.value("terms"))),
            phase: state == .ended ? .ended(at: expires.advanced(seconds: -Hold.captureSeconds)) : .open(until: expires)
        )
    }

    init(
        id: UsageID, customer: CustomerID, state: State = .open, hold: Hold, question: Identifier128, createdAt: Instant
    ) {
        self.id = id
        self.customer = customer
        self.state = state
        self.hold = hold
        self.question = question
        self.createdAt = createdAt
    }

    /// PostgreSQL's code for that: two customers' questions named the same call at once, and the other one's was answered first.
    static let taken = "23505"

    /// Adds new holds. The statement goes out with the next one, or with COMMIT; it fails with `HoldRow.taken` where a call has meanwhile got a hold of another
    /// customer, whose wallet is locked by others.
    static func add(_ rows: [HoldRow], in transaction: PostgresTransaction) {
        guard !rows.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.holds (usage_id, sip_uuid, customer_id, state, amount, reserve_seconds, rate_per_minute, terms,
                question, created_at, expires_at)
            SELECT n.usage_id, n.sip_uuid, n.customer_id, n.state, n.amount, n.reserve_seconds, n.rate, n.terms::jsonb, n.question,
                n.created_at, n.expires_at
            FROM unnest(
                \(rows.map(\.id))::uuid[], \(PostgresTexts(rows.map(\.hold.id))), \(rows.map(\.customer))::uuid[],
                \(PostgresTexts(rows.map(\.state.rawValue))), \(rows.map(\.hold.amount))::numeric[],
                \(rows.map { Int32($0.hold.reserveSeconds) })::integer[], \(rows.map(\.hold.price.rate))::numeric[],
                \(PostgresTexts(rows.map(\.hold.price.terms.stored))), \(rows.map(\.question))::uuid[],
                \(rows.map(\.createdAt))::timestamptz[], \(rows.map(\.hold.expiresAt))::timestamptz[]
            ) AS n (usage_id, sip_uuid, customer_id, state, amount, reserve_seconds, rate, terms, question, created_at,
                expires_at)
            """)
    }

    /// Writes holds that are there as they are now. The statement goes out with the next one, or with COMMIT.
    static func change(_ rows: [HoldRow], at now: Instant, in transaction: PostgresTransaction) {
        guard !rows.isEmpty else { return }
        transaction.queue(
            """
            UPDATE billing.holds AS h
            SET state = n.state, amount = n.amount, reserve_seconds = n.reserve_seconds, expires_at = n.expires_at,
                closed_at = CASE WHEN n.state NOT IN ('open', 'ended') THEN \(now)::timestamptz END
            FROM unnest(
                \(rows.map(\.id))::uuid[], \(PostgresTexts(rows.map(\.state.rawValue))), \(rows.map(\.hold.amount))::numeric[],
                \(rows.map { Int32($0.hold.reserveSeconds) })::integer[], \(rows.map(\.hold.expiresAt))::timestamptz[]
            ) AS n (usage_id, state, amount, reserve_seconds, expires_at)
            WHERE h.usage_id = n.usage_id
            """)
    }
}

extension Terms {
    /// As a hold stores them: a JSON object, amounts as texts.
    var stored: String {
        var json = JSONWriter()
        json.object { json in
            json.field("initial", increments.initial)
            json.field("subsequent", increments.subsequent)
            json.field("minimum_seconds", minimumSeconds)
            json.field("grace_seconds", graceSeconds)
            json.field("connect_fee", connectFee.text(.full))
            json.field("minimum_charge", minimumCharge.text(.full))
            json.field("maximum_charge", maximumCharge?.text(.full))
        }
        return json.text
    }

    init(stored: String) throws {
        let document = try Core.JSONValue(parsing: Array(stored.utf8))
        guard let initial = document["initial"]?.integer, let subsequent = document["subsequent"]?.integer,
            let minimumSeconds = document["minimum_seconds"]?.integer,
            let graceSeconds = document["grace_seconds"]?.integer,
            let connectFee = try document["connect_fee"]?.string.map({ try Money(parsing: $0) }),
            let minimumCharge = try document["minimum_charge"]?.string.map({ try Money(parsing: $0) })
        else { throw PostgresError.decoding(column: "terms", reason: "no terms of a hold") }
        self.init()
        increments = Increments(Int(initial), Int(subsequent))
        self.minimumSeconds = Int(minimumSeconds)
        self.graceSeconds = Int(graceSeconds)
        self.connectFee = connectFee
        self.minimumCharge = minimumCharge
        maximumCharge = try document["maximum_charge"]?.string.map { try Money(parsing: $0) }
    }
}
