import Core
import Drivers
import LedgerAudit
import Reference

/// What an issued invoice means to the wallet.
struct IssuedInvoice: Sendable {
    let id: Identifier128
    /// Its `invoice_seq`: the order in which invoices meet a wallet.
    let sequence: Int64
    let customer: CustomerID
    let movement: InvoiceMovement
    private let number: String

    /// The columns of `invoices AS i` that a row needs.
    static let columns: SQL = """
        i.id, i.invoice_seq, i.invoice_number, i.customer_id, i.accrued_carried, i.amount_due, i.tax_due, i.tax_from_balance
        """

    init(_ row: PostgresRow) throws {
        id = try row.value("id")
        sequence = try row.value("invoice_seq")
        customer = try row.value("customer_id")
        number = try row.value("invoice_number")
        movement = InvoiceMovement(
            accruedCarried: try row.value("accrued_carried"), amountDue: try row.value("amount_due"),
            taxDue: try row.value("tax_due"), taxFromBalance: try row.value("tax_from_balance"))
    }

    /// What booking invoices came to.
    struct Booking: Sendable {
        /// Those that a wallet refused, with the reason.
        var refused: [(invoice: IssuedInvoice, reason: WalletRefusal)] = []
        /// The wallets as they are now.
        var wallets: [WalletRow] = []
    }

    /// Books invoices in their order into locked wallets.
    static func book(
        _ invoices: [IssuedInvoice], at now: Instant, in transaction: PostgresTransaction
    ) throws -> Booking {
        let customers = Set(invoices.map(\.customer)).sorted()
        try WalletStore.makeMissingWallets(of: customers, at: now, in: transaction)
        var wallets = try WalletRow.lock(customers, in: transaction)
        var ledger = LedgerRows()
        var booking = Booking()
        for invoice in invoices {
            guard var wallet = wallets[invoice.customer] else {
                throw WalletError.unreadableWallet(customer: invoice.customer, column: "customer_id")
            }
            do throws(WalletRefusal) {
                ledger.add(
                    try wallet.state.invoiced(invoice.movement), to: &wallet,
                    reference: LedgerReference(type: "invoice", id: invoice.id.text),
                    description: "Invoice \(invoice.number)", at: now)
                wallets[invoice.customer] = wallet
            } catch {
                booking.refused.append((invoice, error))
            }
        }
        try ledger.insert(in: transaction)
        booking.wallets = try WalletRow.store(
            wallets.values.sorted { $0.customer < $1.customer }, at: now, in: transaction)
        return booking
    }

    /// Puts a refused invoice aside; one that was refused before counts the attempt.
    func park(_ reason: WalletRefusal, at now: Instant, in transaction: PostgresTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO billing.parked_invoices AS parked (invoice_id, invoice_seq, customer_id, reason, parked_at)
            VALUES (\(id), \(sequence), \(customer), \(reason.rawValue), \(now))
            ON CONFLICT (invoice_id) DO UPDATE
            SET invoice_seq = excluded.invoice_seq, reason = excluded.reason, attempts = parked.attempts + 1,
                resolved_at = NULL
            """)
    }
}
