import Core
import Drivers
import Reference

/// Issued invoices as they are listed and looked up, by the biller's own role or by a customer's (M29).
struct InvoiceList: Sendable {
    let pool: PostgresPool

    /// One invoice in a list.
    struct Entry: Sendable {
        let id: Identifier128
        let sequence: Int64
        let number: String
        let ban: String
        let name: String
        let periodStart: UsageDay
        let periodEnd: UsageDay
        let invoiceDate: UsageDay
        let dueDate: UsageDay
        let subtotal: Money
        let taxes: Money
        let total: Money
        let balancePaid: Money
        let amountDue: Money
        let status: String
        let netSuiteID: String?
    }

    /// Invoices numbered below `before`, newest first; of one customer where a BAN is given.
    func invoices(ban: String? = nil, before: Int64 = .max, limit: Int) async throws -> [Entry] {
        try await pool.withTransaction(readOnly: true) { transaction in
            try InvoiceList.read(ban: ban, customer: nil, before: before, limit: limit, in: transaction)
        }
    }

    /// The document of a number or id; nil where there is none.
    func document(_ numberOrID: String) async throws -> InvoiceDocument? {
        let rows = try await pool.query(
            """
            SELECT document::text AS document FROM billing.invoices
            WHERE invoice_number = \(numberOrID) OR id::text = lower(\(numberOrID))
            """)
        return try rows.first.map { try InvoiceDocument(json: try $0.value("document")) }
    }

    /// The same questions inside a transaction of whichever role.
    static func read(
        ban: String?, customer: CustomerID?, before: Int64, limit: Int, in transaction: PostgresTransaction
    ) throws -> [Entry] {
        let rows = try transaction.query(
            """
            SELECT i.id, i.invoice_seq, i.invoice_number, i.period_start, i.period_end, i.invoice_date, i.due_date,
                i.subtotal, i.taxes, i.total, i.balance_paid, i.amount_due, i.status, i.netsuite_id,
                i.document -> 'customer' ->> 'ban' AS ban, i.document -> 'customer' ->> 'name' AS name
            FROM billing.invoices AS i
            WHERE i.invoice_seq < \(before) AND i.invoice_number IS NOT NULL
                AND (\(customer)::uuid IS NULL OR i.customer_id = \(customer))
                AND (\(ban)::text IS NULL
                    OR i.customer_id IN (SELECT customer_id FROM billing.customer_bans WHERE ban = \(ban)))
            ORDER BY i.invoice_seq DESC
            LIMIT \(limit)
            """)
        return try rows.map(Entry.init)
    }
}

extension InvoiceList.Entry {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.value("id"), sequence: try row.value("invoice_seq"), number: try row.value("invoice_number"),
            ban: try row.value("ban"), name: try row.value("name"), periodStart: try row.value("period_start"),
            periodEnd: try row.value("period_end"), invoiceDate: try row.value("invoice_date"),
            dueDate: try row.value("due_date"), subtotal: try row.value("subtotal"), taxes: try row.value("taxes"),
            total: try row.value("total"), balancePaid: try row.value("balance_paid"),
            amountDue: try row.value("amount_due"),
            status: try row.value("status"), netSuiteID: try row.value("netsuite_id"))
    }

    /// As lists show it, amounts as text.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id.text)
            json.field("invoice_number", number)
            json.field("customer_ban", ban)
            json.field("customer_name", name)
            json.field("period_start", periodStart.text)
            json.field("period_end", periodEnd.text)
            json.field("invoice_date", invoiceDate.text)
            json.field("due_date", dueDate.text)
            json.field("subtotal", subtotal.text(.cents))
            json.field("taxes", taxes.text(.cents))
            json.field("total", total.text(.cents))
            json.field("balance_paid", balancePaid.text(.ledger))
            json.field("amount_due", amountDue.text(.cents))
            json.field("status", status)
            json.field("netsuite_id", netSuiteID)
        }
    }
}
