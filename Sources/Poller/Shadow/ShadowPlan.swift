import Core
import DaemonKit
import Drivers
import Reference

/// A plan that rates a customer's live usage beside the one that is billed.
struct ShadowPlan: Sendable {
    let id: Int64
    let name: String
    let customer: BAN
    let plan: PlanRow
    /// The last rated number before it began.
    let fromSequence: Int64
    /// The last rated number that it follows; nil while it runs.
    let throughSequence: Int64?
    let startedAt: Instant
    let stoppedAt: Instant?
}

/// Why a shadow plan cannot be started or found.
enum ShadowRefusal: Error, CustomStringConvertible {
    case nameTaken(String)
    case unknown(String)
    case unknownCustomer(String)

    var description: String {
        switch self {
        case .nameTaken(let name): "there is a shadow plan \(name) already; names are not used twice"
        case .unknown(let name): "no shadow plan is called \(name)"
        case .unknownCustomer(let ban): "no customer has the account \(ban)"
        }
    }
}

/// The table `shadow_plans`.
struct ShadowPlanStore: Sendable {
    let pool: PostgresPool

    /// All of them, or those that run or have not come to their end.
    func plans(unfinished: Bool = false) async throws -> [ShadowPlan] {
        try await pool.query(
            """
            SELECT plan.id, plan.name, plan.customer_ban, plan.plan::text AS plan, plan.from_seq, plan.through_seq,
                plan.started_at, plan.stopped_at
            FROM billing.shadow_plans AS plan
            LEFT JOIN billing.poller_progress AS progress ON progress.source = 'shadow:' || plan.id
            WHERE NOT \(unfinished) OR plan.stopped_at IS NULL
                OR plan.through_seq > greatest(plan.from_seq, progress.through_seq)
            ORDER BY plan.id
            """
        ).map { row in
            let name: String = try row.value("name")
            let document = try Core.JSONValue(parsing: Array((try row.value("plan") as String).utf8))
            guard let plan = try PlanFile.read(document, path: "shadow plan \(name)").first else {
                throw PostgresError.decoding(column: "plan", reason: "no plan")
            }
            return ShadowPlan(
                id: try row.value("id"), name: name, customer: try row.value("customer_ban"), plan: plan,
                fromSequence: try row.value("from_seq"), throughSequence: try row.value("through_seq"),
                startedAt: try row.value("started_at"),
                stoppedAt: try row.value("stopped_at"))
        }
    }

    /// The one of a name.
    /// - Throws: `ShadowRefusal.unknown`.
    func plan(named name: String) async throws -> ShadowPlan {
        guard let found = try await plans().first(where: { $0.name == name }) else { throw ShadowRefusal.unknown(name) }
        return found
    }

    /// Starts a plan with what is rated from now on.
    /// - Throws: `ShadowRefusal.nameTaken`.
    func start(_ name: String, _ plan: Core.JSONValue, for customer: BAN, by actor: String, at now: Instant)
        async throws
    {
        let horizon = try await Horizon("rated").through(pool)
        var text = JSONWriter()
        plan.write(to: &text)
        let json = text.text
        try await pool.withTransaction { transaction in
            let made = try transaction.execute(
                """
                INSERT INTO billing.shadow_plans (name, customer_ban, plan, from_seq, started_at, started_by)
                VALUES (\(name), \(customer), \(json)::jsonb, \(horizon), \(now), \(actor))
                ON CONFLICT (name) DO NOTHING
                """)
            guard made == 1 else { throw ShadowRefusal.nameTaken(name) }
            try Self.audit("start", name, by: actor, at: now, in: transaction)
        }
    }

    /// Stops a plan behind what is rated by now; what it rated stays. False where it was stopped before.
    /// - Throws: `ShadowRefusal.unknown`.
    func stop(_ name: String, by actor: String, at now: Instant) async throws -> Bool {
        let plan = try await plan(named: name)
        let horizon = try await Horizon("rated").through(pool)
        return try await pool.withTransaction { transaction in
            let stopped = try transaction.execute(
                """
                UPDATE billing.shadow_plans SET stopped_at = \(now), stopped_by = \(actor), through_seq = \(horizon)
                WHERE id = \(plan.id) AND stopped_at IS NULL
                """)
            guard stopped == 1 else { return false }
            try Self.audit("stop", name, by: actor, at: now, in: transaction)
            return true
        }
    }

    private static func audit(
        _ action: String, _ name: String, by actor: String, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.poller_audit (at, actor, action, subject, detail)
            VALUES (\(now), \(actor), \("shadow-" + action), \(name), '{}')
            """)
    }
}
