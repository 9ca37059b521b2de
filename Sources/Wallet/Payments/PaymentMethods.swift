import Core
import DaemonKit
import Drivers
import Reference

/// A way of paying that a customer has stored with a processor: we keep its token, never a number.
struct PaymentMethod: Sendable, Equatable {
    let id: Identifier128
    let customer: CustomerID
    let type: Payment.Method
    let isDefault: Bool
    /// `active`, `relink` (the bank wants a login) or `removed`.
    let status: String
    let lastFour: String?
    let expiry: UsageDay?
    let holder: String?
    /// Authorize.Net's customer profile, or Plaid's account.
    let account: String?
    /// The card's payment profile, or the sealed access token.
    let token: String?
    let createdAt: Instant

    static let columns: SQL = """
        m.id, m.customer_id, m.type, m.is_default, m.status, m.last_four, m.expiry_date, m.holder, m.processor_account,
        m.processor_token, m.created_at
        """

    init(_ row: PostgresRow) throws {
        id = try row.value("id")
        customer = try row.value("customer_id")
        type = try row.name("type")
        isDefault = try row.value("is_default")
        status = try row.value("status")
        lastFour = try row.value("last_four")
        expiry = try row.value("expiry_date")
        holder = try row.value("holder")
        account = try row.value("processor_account")
        token = try row.value("processor_token")
        createdAt = try row.value("created_at")
    }

    init(
        id: Identifier128, customer: CustomerID, type: Payment.Method, isDefault: Bool, lastFour: String?,
        expiry: UsageDay?, holder: String?, account: String, token: String, createdAt: Instant
    ) {
        self.id = id
        self.customer = customer
        self.type = type
        self.isDefault = isDefault
        status = "active"
        self.lastFour = lastFour
        self.expiry = expiry
        self.holder = holder
        self.account = account
        self.token = token
        self.createdAt = createdAt
    }
}

/// The table of payment methods, and the customers' profiles at Authorize.Net.
struct PaymentMethods: Sendable {
    let pool: PostgresPool
    private static let audit = Audit(table: "billing.wallet_audit")

    /// Those of a customer that are not removed, the default first.
    func list(of customer: CustomerID) async throws -> [PaymentMethod] {
        try await pool.query(
            """
            SELECT \(PaymentMethod.columns) FROM billing.payment_methods AS m
            WHERE m.customer_id = \(customer) AND m.status <> 'removed'
            ORDER BY m.is_default DESC, m.created_at, m.id
            """
        ).map(PaymentMethod.init)
    }

    /// One of them, removed or not.
    func read(_ id: Identifier128) async throws -> PaymentMethod? {
        try await pool.query(
            "SELECT \(PaymentMethod.columns) FROM billing.payment_methods AS m WHERE m.id = \(id)"
        ).first.map(PaymentMethod.init)
    }

    /// Stores a method; the customer's first one, and one that is to be, is the default. A repeat changes nothing.
    func add(_ method: PaymentMethod, by actor: String, at now: Instant) async throws {
        try await pool.withTransaction { transaction in
            try Self.lock(method.customer, in: transaction)
            let others = try transaction.query(
                """
                SELECT 1 FROM billing.payment_methods
                WHERE customer_id = \(method.customer) AND status = 'active' AND is_default
                """)
            let isDefault = method.isDefault || others.isEmpty
            if isDefault { try Self.clearDefault(of: method.customer, in: transaction) }
            let processor = method.type == .card ? "authorize_net" : "mustache"
            let added = try transaction.execute(
                """
                INSERT INTO billing.payment_methods (id, customer_id, type, is_default, processor, processor_token, last_four,
                    expiry_date, status, created_at, processor_account, holder)
                VALUES (\(method.id), \(method.customer), \(method.type.rawValue), \(isDefault), \(processor), \(method.token),
                    \(method.lastFour), \(method.expiry), 'active', \(now), \(method.account), \(method.holder))
                ON CONFLICT (id) DO NOTHING
                """)
            guard added == 1 else { return }
            try Self.audit.record(
                in: transaction, actor: actor, action: "payment-method.add", subject: method.id.text,
                at: now.milliseconds)
        }
    }

    /// Makes one the default, or keeps a bank from being charged until its customer has logged in again.
    func change(
        _ id: Identifier128, of customer: CustomerID, isDefault: Bool, by actor: String, at now: Instant
    ) async throws -> PaymentMethod? {
        try await pool.withTransaction { transaction in
            try Self.lock(customer, in: transaction)
            if isDefault { try Self.clearDefault(of: customer, in: transaction) }
            let changed = try transaction.query(
                """
                UPDATE billing.payment_methods AS m SET is_default = \(isDefault)
                WHERE m.id = \(id) AND m.customer_id = \(customer) AND m.status <> 'removed'
                RETURNING \(PaymentMethod.columns)
                """
            ).first.map(PaymentMethod.init)
            guard let changed else { throw APIError.notFound() }
            try Self.audit.record(
                in: transaction, actor: actor, action: "payment-method.change", subject: id.text, at: now.milliseconds)
            return changed
        }
    }

    /// Takes one away: its token is forgotten. False where it is gone already.
    func remove(_ id: Identifier128, of customer: CustomerID, by actor: String, at now: Instant) async throws -> Bool {
        try await pool.withTransaction { transaction in
            try Self.lock(customer, in: transaction)
            let removed = try transaction.execute(
                """
                UPDATE billing.payment_methods
                SET status = 'removed', is_default = false, processor_token = NULL, removed_at = \(now)
                WHERE id = \(id) AND customer_id = \(customer) AND status <> 'removed'
                """)
            guard removed == 1 else { return false }
            try Self.audit.record(
                in: transaction, actor: actor, action: "payment-method.remove", subject: id.text, at: now.milliseconds)
            return true
        }
    }

    /// The bank of an account wants a login before it may be debited again.
    func wantLogin(_ id: Identifier128) async throws {
        try await pool.execute(
            "UPDATE billing.payment_methods SET status = 'relink' WHERE id = \(id) AND status = 'active'")
    }

    /// A customer's profile at Authorize.Net; nil where there is none yet.
    func profile(of customer: CustomerID) async throws -> String? {
        try await pool.query("SELECT profile_id FROM billing.processor_customers WHERE customer_id = \(customer)")
            .first?.value("profile_id")
    }

    /// Keeps a new profile; where another instance was faster, its profile is the one.
    func keep(profile: String, of customer: CustomerID, at now: Instant) async throws -> String {
        try await pool.execute(
            """
            INSERT INTO billing.processor_customers (customer_id, profile_id, created_at)
            VALUES (\(customer), \(profile), \(now)) ON CONFLICT (customer_id) DO NOTHING
            """)
        return try await self.profile(of: customer) ?? profile
    }

    /// One change of a customer's methods at a time.
    private static func lock(_ customer: CustomerID, in transaction: PostgresTransaction) throws {
        _ = try transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended(\("payment-methods:" + customer.text), 0))")
    }

    private static func clearDefault(of customer: CustomerID, in transaction: PostgresTransaction) throws {
        try transaction.execute(
            "UPDATE billing.payment_methods SET is_default = false WHERE customer_id = \(customer) AND is_default")
    }
}
