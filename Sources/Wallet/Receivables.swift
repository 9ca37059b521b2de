import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Books issued invoices into wallets: what accrued becomes receivable, tax on usage that the balance paid is debited (M14, M26).
///
/// Swept from the biller's table by its sequence; an invoice is booked once, since its number moves the progress mark in the
/// same transaction. One that is a draft or waits for its tax is passed over, as by the biller's own sweeps: what it comes to is not
/// known yet, and it draws a new number when it is issued (M25).
struct Receivables: Sendable {
    let pool: PostgresPool
    let now: @Sendable () -> Instant
    let logger: Logger

    /// How many invoices one transaction takes.
    static let batchSize = 200
    private static let progress = Progress(table: "billing.wallet_progress", source: "invoices")

    /// Books every invoice above the mark and at or below the horizon.
    func sweep(upTo horizon: Int64) async throws {
        var booked = 0
        while true {
            let count = try await bookBatch(upTo: horizon)
            booked += count
            if count < Receivables.batchSize { break }
        }
        if booked > 0 { logger.info("Invoices booked", metadata: ["invoice.count": "\(booked)"]) }
    }

    private func bookBatch(upTo horizon: Int64) async throws -> Int {
        let instant = now()
        return try await pool.withTransaction { transaction in
            let through = try Receivables.progress.lockedThrough(in: transaction, now: instant.milliseconds)
            let invoices = try transaction.query(
                """
                SELECT id, invoice_seq, invoice_number, customer_id, accrued_carried, amount_due, tax_due, tax_from_balance
                FROM billing.invoices
                WHERE invoice_seq > \(through) AND invoice_seq <= \(horizon)
                    AND status NOT IN ('draft', 'awaiting_tax')
                ORDER BY invoice_seq
                LIMIT \(Receivables.batchSize)
                """)
            let customers = Set(try invoices.map { try $0.value("customer_id") as CustomerID }).sorted()
            try WalletStore.makeMissingWallets(of: customers, at: instant, in: transaction)
            var wallets = try WalletRow.lock(customers, in: transaction)
            var ledger = LedgerRows()
            var last = horizon
            for invoice in invoices {
                last = try invoice.value("invoice_seq")
                let customer: CustomerID = try invoice.value("customer_id")
                guard var wallet = wallets[customer] else {
                    throw WalletError.unreadableWallet(customer: customer, column: "customer_id")
                }
                let movement = InvoiceMovement(
                    accruedCarried: try invoice.value("accrued_carried"), amountDue: try invoice.value("amount_due"),
                    taxDue: try invoice.value("tax_due"), taxFromBalance: try invoice.value("tax_from_balance"))
                let id: Identifier128 = try invoice.value("id")
                let number: String = try invoice.value("invoice_number")
                ledger.add(
                    try wallet.state.invoiced(movement), to: &wallet,
                    reference: LedgerReference(type: "invoice", id: id.text), description: "Invoice \(number)",
                    at: instant)
                wallets[wallet.customer] = wallet
            }
            try ledger.insert(at: instant, in: transaction)
            try WalletRow.store(wallets.values.sorted { $0.customer < $1.customer }, at: instant, in: transaction)
            let mark = invoices.count < Receivables.batchSize ? horizon : last
            try Receivables.progress.advance(in: transaction, to: mark, now: instant.milliseconds)
            return invoices.count
        }
    }
}
