import Core
import Drivers
import Reference

/// What the reference data in force says of invoices: customers' plans, and which class key is sold as which item.
struct PlanStore: Sendable {
    let pool: PostgresPool

    /// A customer's plan, as far as invoices see it.
    struct Plan: Sendable {
        let id: String
        /// `voice`, `tollfree`, `sms` or `api`: of each a customer has one plan at a time.
        let type: String
        let modifiers: InvoiceModifiers
        /// In force from here until the day before `expiry` (rule R2).
        let effective: UsageDay
        let expiry: UsageDay?

        /// On how many of some days it is in force.
        func activeDays(from first: UsageDay, through last: UsageDay) -> Int {
            let from = max(first, effective)
            let through = min(last, expiry?.advanced(days: -1) ?? last)
            return max(0, through - from + 1)
        }
    }

    /// The plans of customers that have some of their own, in force now or in the past.
    func plans() async throws -> [CustomerID: [Plan]] {
        let rows = try await pool.query(
            """
            SELECT p.id, p.type, p.customer_id, p.rates::text AS rates, p.effective_date, p.expiry_date
            FROM billing.rate_plans AS p
            JOIN billing.reference_activations AS a ON a.load_id = p.load_id
            WHERE a.kind = 'plan' AND a.until_version IS NULL AND p.customer_id IS NOT NULL
            ORDER BY p.customer_id, p.type, p.effective_date, p.id
            """)
        var plans: [CustomerID: [Plan]] = [:]
        for row in rows { plans[try row.value("customer_id"), default: []].append(try Plan(row)) }
        return plans
    }

    /// The item of each class key (rule K4).
    func skus() async throws -> SKUMap {
        let rows = try await pool.query(
            """
            SELECT s.class_key, s.sku
            FROM billing.sku_map AS s
            JOIN billing.reference_activations AS a ON a.load_id = s.load_id
            WHERE a.kind = 'sku' AND a.until_version IS NULL
            """)
        var skus: [String: String] = [:]
        for row in rows { skus[try row.value("class_key")] = try row.value("sku") }
        return SKUMap(skus)
    }
}

extension PlanStore.Plan {
    fileprivate init(_ row: PostgresRow) throws {
        id = try row.value("id")
        type = try row.value("type")
        effective = try row.value("effective_date")
        expiry = try row.value("expiry_date")
        let rates: Core.JSONValue
        let text: String = try row.value("rates")
        do throws(Core.JSONValue.ParsingError) {
            rates = try Core.JSONValue(parsing: text)
        } catch {
            throw BillerError.malformedPlan(id: id, path: "/rates at byte \(error.offset)")
        }
        do throws(InvoiceModifiers.Malformed) {
            modifiers = try InvoiceModifiers(planRates: rates)
        } catch {
            throw BillerError.malformedPlan(id: id, path: error.path)
        }
    }
}

extension InvoiceModifiers {
    /// What a customer's plans change on the invoice of a period. Of each type the plan that was in force last counts; monthly
    /// fees count by the days on which their plan was in force in the fee's month (rules I5, I9).
    init(of plans: [PlanStore.Plan], period: NextPeriod, month: BillingPeriod, billedFrom: UsageDay) {
        var last: [String: PlanStore.Plan] = [:]
        var fees: [Money] = []
        for plan in plans {
            if plan.activeDays(from: period.start, through: period.end) > 0 { last[plan.type] = plan }
            let days = plan.activeDays(from: max(month.start, billedFrom), through: month.end)
            if days > 0, let fee = plan.modifiers.monthlyFee {
                fees.append(
                    Money(rounding: Int128(fee.units) * Int128(days), dividedBy: Int128(month.days), to: .cents))
            }
        }
        self.init(combining: last.keys.sorted().compactMap { last[$0]?.modifiers })
        // By days already: the draft takes it as a whole month's.
        monthlyFee = fees.isEmpty ? nil : fees.total()
    }
}
