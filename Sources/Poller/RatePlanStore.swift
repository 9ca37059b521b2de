import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// A rate plan as its customer reads it.
struct PublishedPlan: Sendable {
    let id: String
    let name: String
    let type: String
    let customer: CustomerID?
    let effective: UsageDay
    let expiry: UsageDay?
    /// JSON.
    let rates: String
}

/// Reads the plans in force, as the SELECT-only role: row-level security leaves the default plans and the customer's own (M29).
struct RatePlanStore: Sendable {
    let pool: PostgresPool

    /// The plans in force on a UTC day (rule R2) that a customer may see, by type and id; one of them where an id is given.
    func plans(of customer: UUID, on day: UsageDay, id: String? = nil) async throws -> [PublishedPlan] {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                """
                SELECT plans.id, plans.name, plans.type, plans.customer_id, plans.effective_date, plans.expiry_date,
                    plans.rates::text AS rates
                FROM billing.rate_plans AS plans
                JOIN billing.reference_activations AS active
                    ON active.load_id = plans.load_id AND active.until_version IS NULL
                WHERE plans.effective_date <= \(day) AND (plans.expiry_date IS NULL OR plans.expiry_date > \(day))
                    AND (\(id)::text IS NULL OR plans.id = \(id))
                ORDER BY plans.type, plans.id
                """)
            return try rows.map { row in
                PublishedPlan(
                    id: try row.value("id"), name: try row.value("name"), type: try row.value("type"),
                    customer: try row.value("customer_id"), effective: try row.value("effective_date"),
                    expiry: try row.value("expiry_date"), rates: try row.value("rates"))
            }
        }
    }

    /// The account number by which rating knows a customer; any of several, as all have the same plans.
    func ban(of customer: UUID) async throws -> BAN? {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                "SELECT ban FROM billing.customer_bans WHERE customer_id = \(customer) ORDER BY ban LIMIT 1")
            return try rows.first?.value("ban")
        }
    }
}
