import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// What a customer may see of the biller's tables: read as `warp_biller_customer`, whose row-level security lets only the
/// customer's rows through, whatever a query asks (M29).
struct CustomerReads: Sendable {
    let pool: PostgresPool

    /// The cycle of a customer: which days are the current period.
    struct Cycle: Sendable {
        let cycle: BillingCycle
        let billedFrom: UsageDay
    }

    /// One UTC day.
    struct Day: Sendable {
        let day: UsageDay
        let usage: UsageSummary
    }

    /// The customer's invoices numbered below `before`, newest first.
    func invoices(of customer: UUID, before: Int64, limit: Int) async throws -> [InvoiceList.Entry] {
        try await pool.asCustomer(customer) { transaction in
            try InvoiceList.read(ban: nil, customer: nil, before: before, limit: limit, in: transaction)
        }
    }

    /// One invoice by its id, with its number in lists; nil where the customer has none of that id.
    func document(_ id: UUID, of customer: UUID) async throws -> InvoiceDocument? {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                """
                SELECT document::text AS document FROM billing.invoices
                WHERE id = \(id) AND invoice_number IS NOT NULL
                """)
            return try rows.first.map { try InvoiceDocument(json: try $0.value("document")) }
        }
    }

    /// How the customer is billed; nil for an unknown one.
    func cycle(of customer: UUID) async throws -> Cycle? {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                "SELECT cycle, anchor_day, billing_timezone, billed_from FROM billing.customers")
            guard let row = rows.first else { return nil }
            let (length, zone): (String, String) = (try row.value("cycle"), try row.value("billing_timezone"))
            guard let length = BillingCycle.Length(text: length), let clock = ZoneClock(identifier: zone) else {
                throw BillerError.unreadable(table: "customers", column: "cycle", row: customer.uuidString)
            }
            return Cycle(
                cycle: BillingCycle(length, anchorDay: try row.value("anchor_day"), clock: clock),
                billedFrom: try row.value("billed_from"))
        }
    }

    /// The customer's usage of some UTC days, oldest first.
    func days(of customer: UUID, from first: UsageDay, through last: UsageDay) async throws -> [Day] {
        try await pool.asCustomer(customer) { transaction in
            let rows = try transaction.query(
                """
                SELECT usage_date, voice_seconds, voice_charges, sms_count, sms_charges, toll_free_seconds,
                    toll_free_charges, total_charges, record_count
                FROM billing.usage_summary
                WHERE usage_date BETWEEN \(first) AND \(last)
                ORDER BY usage_date
                """)
            return try rows.map { row in
                var usage = UsageSummary()
                usage.records = try row.value("record_count")
                usage.voiceSeconds = try row.value("voice_seconds")
                usage.voiceCharges = try row.value("voice_charges")
                usage.messageUnits = try row.value("sms_count")
                usage.messageCharges = try row.value("sms_charges")
                usage.tollFreeSeconds = try row.value("toll_free_seconds")
                usage.tollFreeCharges = try row.value("toll_free_charges")
                usage.totalCharges = try row.value("total_charges")
                return Day(day: try row.value("usage_date"), usage: usage)
            }
        }
    }
}
