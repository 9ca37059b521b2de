import Core
import DaemonKit
import Drivers
import Reference

/// Invoices, their lines and their cuts. A line's usage is a predicate over sequence numbers, never a mark on a row (M22).
struct InvoiceStore: Sendable {
    let pool: PostgresPool

    /// The last period of a customer that is closed, and the cut it was closed with.
    struct LastCut: Hashable, Sendable {
        let period: ClosedPeriod
        let cut: Int64
    }

    /// An invoice that has a number.
    struct Issued: Hashable, Sendable {
        let id: Identifier128
        let number: String
    }

    /// The last closed period of each customer.
    func lastCuts() async throws -> [CustomerID: LastCut] {
        let rows = try await pool.query(
            """
            SELECT DISTINCT ON (customer_id) customer_id, period_until, period_end, cut_seq
            FROM billing.invoice_cuts
            ORDER BY customer_id, period_from DESC
            """)
        var cuts: [CustomerID: LastCut] = [:]
        for row in rows {
            cuts[try row.value("customer_id")] = LastCut(
                period: ClosedPeriod(end: try row.value("period_end"), until: try row.value("period_until")),
                cut: try row.value("cut_seq"))
        }
        return cuts
    }

    /// The claims of a customer's earlier invoices whose period began in some time: what a bundle's month has had before.
    func claims(of customer: CustomerID, periodsFrom: Range<Instant>) async throws -> [UsageClaim] {
        let rows = try await pool.query(
            """
            SELECT period_from, period_until, previous_cut_seq, cut_seq
            FROM billing.invoice_cuts
            WHERE customer_id = \(customer) AND period_from >= \(periodsFrom.lowerBound)
                AND period_from < \(periodsFrom.upperBound)
            ORDER BY period_from
            """)
        return try rows.map { row in
            UsageClaim(
                customer: customer,
                period: try row.value("period_from") as Instant..<(try row.value("period_until")),
                previousCut: try row.value("previous_cut_seq"), cut: try row.value("cut_seq"))
        }
    }

    /// Issues an invoice: number, invoice, lines and cut in one transaction, so that all of it is there or nothing.
    ///
    /// The row of the number is locked first: runs that issue at the same time go one after the other there, and whoever comes
    /// second for a customer finds that it was billed.
    /// - Throws: `BillerError.superseded` where the customer was billed meanwhile; no number is lost.
    func issue(_ draft: InvoiceMaker.Draft, after last: LastCut?, at now: Instant) async throws -> Issued {
        try await pool.withTransaction { transaction in
            let numbers = try transaction.query(
                """
                UPDATE billing.invoice_numbers SET last_number = last_number + 1 WHERE series = 'WB' RETURNING last_number
                """)
            guard let drawn: Int64 = try numbers.first?.value("last_number") else {
                throw BillerError.unreadable(table: "invoice_numbers", column: "last_number", row: "WB")
            }
            try InvoiceStore.check(draft.customer.id, after: last, in: transaction)
            let digits = String(drawn)
            let number = "WB-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
            var document = draft.document
            document.number = number
            let issued = Issued(id: .random(), number: number)
            Horizon("invoices").lock(in: transaction)
            try InvoiceStore.insert(draft, issued, document, at: now, in: transaction)
            try InvoiceStore.insertLines(draft, of: issued.id, in: transaction)
            try InvoiceStore.insertCut(draft.claim, draft.period, invoice: issued.id, in: transaction)
            return issued
        }
    }

    /// Closes a period that had nothing to bill.
    /// - Throws: `BillerError.superseded` where the customer was billed meanwhile.
    func close(_ claim: UsageClaim, _ period: NextPeriod, after last: LastCut?) async throws {
        try await pool.withTransaction { transaction in
            _ = try transaction.query("SELECT last_number FROM billing.invoice_numbers WHERE series = 'WB' FOR UPDATE")
            try InvoiceStore.check(claim.customer, after: last, in: transaction)
            try InvoiceStore.insertCut(claim, period, invoice: nil, in: transaction)
        }
    }

    private static func check(
        _ customer: CustomerID, after last: LastCut?, in transaction: PostgresTransaction
    ) throws {
        let rows = try transaction.query(
            """
            SELECT period_until FROM billing.invoice_cuts
            WHERE customer_id = \(customer) ORDER BY period_from DESC LIMIT 1
            """)
        let until: Instant? = try rows.first?.value("period_until")
        guard until == last?.period.until else { throw BillerError.superseded(customer: customer) }
    }

    private static func insert(
        _ draft: InvoiceMaker.Draft, _ issued: Issued, _ document: InvoiceDocument, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        let movement = draft.settlement.movement
        let isPaid = movement.amountDue <= .zero
        try transaction.execute(
            """
            INSERT INTO billing.invoices (id, invoice_seq, invoice_number, customer_id, period_start, period_end,
                invoice_date, due_date, subtotal, taxes, balance_paid, accrued_carried, usage_charges, total, amount_due,
                tax_due, tax_from_balance, status, document, paid_at, created_at)
            VALUES (\(issued.id), nextval('billing.invoices_seq'), \(issued.number), \(draft.customer.id),
                \(draft.period.start), \(draft.period.end), \(draft.period.invoiceDate), \(draft.invoice.dueDate),
                \(draft.invoice.subtotal), \(draft.invoice.taxTotal), \(draft.settlement.takenFromBalance),
                \(movement.accruedCarried), \(draft.invoice.charges), \(draft.invoice.total), \(movement.amountDue),
                \(movement.taxDue), \(movement.taxFromBalance), \(isPaid ? "paid" : "sent"), \(try document.json())::jsonb,
                \(isPaid ? now : nil), \(now))
            """)
    }

    private static func insertLines(
        _ draft: InvoiceMaker.Draft, of invoice: Identifier128, in transaction: PostgresTransaction
    ) throws {
        let rows = InvoiceLineRow.rows(of: draft)
        try transaction.execute(
            """
            INSERT INTO billing.invoice_lines (invoice_id, line_number, kind, class_key, sku, description, records,
                quantity, gross, bundle_credit, volume_discount, promotion_credit, net, amount, exempt, export)
            SELECT \(invoice), l.line_number, l.kind, l.class_key, l.sku, l.description, l.records, l.quantity, l.gross,
                l.bundle_credit, l.volume_discount, l.promotion_credit, l.net, l.amount, l.exempt, l.export
            FROM unnest(
                \(Array(1...max(1, rows.count)))::int[], \(rows.map(\.kind))::text[], \(rows.map(\.classKey))::text[],
                \(rows.map(\.sku))::text[], \(rows.map(\.description))::text[], \(rows.map(\.records))::bigint[],
                \(rows.map(\.quantity))::numeric[], \(rows.map(\.gross))::numeric[],
                \(rows.map(\.bundleCredit))::numeric[], \(rows.map(\.volumeDiscount))::numeric[],
                \(rows.map(\.promotionCredit))::numeric[], \(rows.map(\.net))::numeric[],
                \(rows.map(\.amount))::numeric[], \(rows.map(\.isExempt))::boolean[], \(rows.map(\.export))::text[]
            ) AS l (line_number, kind, class_key, sku, description, records, quantity, gross, bundle_credit,
                volume_discount, promotion_credit, net, amount, exempt, export)
            """)
    }

    private static func insertCut(
        _ claim: UsageClaim, _ period: NextPeriod, invoice: Identifier128?, in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.invoice_cuts (invoice_id, customer_id, period_from, period_until, previous_cut_seq, cut_seq,
                period_end)
            VALUES (\(invoice), \(claim.customer), \(claim.period.lowerBound), \(claim.period.upperBound),
                \(claim.previousCut), \(claim.cut), \(period.end))
            """)
    }
}
