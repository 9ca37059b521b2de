import Core
import DaemonKit
import Drivers
import Reference

/// What differs from the rules' limits and actions (rule F8): a document of everybody, and one of each customer that has its own.
struct FraudLimits: Sendable {
    let pool: PostgresPool
    private static let audit = Audit(table: "billing.wallet_audit")

    /// The document of a customer, or of everybody; empty where there is none.
    func read(of customer: CustomerID?) async throws -> SpendLimitsDocument {
        try await pool.withTransaction(readOnly: true) { try FraudLimits.read(of: customer, in: $0) }
    }

    static func read(of customer: CustomerID?, in transaction: PostgresTransaction) throws -> SpendLimitsDocument {
        let rows = try transaction.query(
            """
            SELECT limits::text AS limits
            FROM billing.fraud_limits
            WHERE customer_id IS NOT DISTINCT FROM \(customer)::uuid
            """)
        return try rows.first.map { try document(stored: $0.value("limits")) } ?? SpendLimitsDocument()
    }

    /// Customers that have limits of their own.
    func own() async throws -> [CustomerID: SpendLimitsDocument] {
        let rows = try await pool.query(
            "SELECT customer_id, limits::text AS limits FROM billing.fraud_limits WHERE customer_id IS NOT NULL")
        var own: [CustomerID: SpendLimitsDocument] = [:]
        for row in rows { own[try row.value("customer_id")] = try FraudLimits.document(stored: row.value("limits")) }
        return own
    }

    /// Changes the document of a customer, or of everybody; returns what it is now.
    func change(
        of customer: CustomerID?, actor: String, at now: Instant,
        _ change: @Sendable (inout SpendLimitsDocument) throws -> Void
    ) async throws -> SpendLimitsDocument {
        try await pool.withTransaction { transaction in
            if let customer {
                let known = try transaction.query(
                    "SELECT customer_id FROM billing.customers WHERE customer_id = \(customer)")
                guard !known.isEmpty else { throw FraudError.unknownCustomer }
            }
            // One change at a time, a first one too.
            try transaction.execute("LOCK TABLE billing.fraud_limits IN SHARE ROW EXCLUSIVE MODE")
            var document = try FraudLimits.read(of: customer, in: transaction)
            try change(&document)
            try transaction.execute(
                """
                INSERT INTO billing.fraud_limits (customer_id, limits, updated_by, updated_at)
                VALUES (\(customer), \(document.text)::jsonb, \(actor), \(now))
                ON CONFLICT (customer_id) DO UPDATE
                SET limits = excluded.limits, updated_by = excluded.updated_by, updated_at = excluded.updated_at
                """)
            try FraudLimits.audit.record(
                in: transaction, actor: actor, action: "fraud-limits.set", subject: customer?.text ?? "everybody",
                detail: document.text, at: now.milliseconds)
            return document
        }
    }

    /// A document as its row holds it.
    static func document(stored text: String) throws(FraudError) -> SpendLimitsDocument {
        do throws(SpendLimitsDocument.Fault) {
            return try SpendLimitsDocument(parsing: text)
        } catch {
            throw .unreadableLimits(error.message)
        }
    }
}

/// What can go wrong with fraud control.
enum FraudError: Failure {
    /// Stored limits that are none: a hand in the table.
    case unreadableLimits(String)
    /// Stored text that names no check, action or state: a hand in the table.
    case unreadableReview(Identifier128)
    /// Nobody has this id.
    case unknownCustomer
    /// No such review.
    case unknownReview
    /// The review was decided so already, or asks for no decision.
    case reviewDecided(FraudReview.State)

    var reason: String {
        switch self {
        case .unreadableLimits: "unreadable-limits"
        case .unreadableReview: "unreadable-review"
        case .unknownCustomer: "unknown-customer"
        case .unknownReview: "unknown-review"
        case .reviewDecided: "review-decided"
        }
    }

    var isTransient: Bool { false }
}
