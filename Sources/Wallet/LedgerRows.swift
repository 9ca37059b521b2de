import Core
import Drivers
import Reference

/// The rows that decisions add to the ledger, gathered for one transaction and written in bulk.
struct LedgerRows: Sendable {
    private var entries: [Entry] = []
    private var lines: [Line] = []

    private struct Entry: Sendable {
        let customer: CustomerID
        let entry: LedgerEntry
        let reference: LedgerReference
        let description: String
        let chainIndex: Int64
        let chainHash: [UInt8]
    }

    private struct Line: Sendable {
        let customer: CustomerID
        let line: JournalLine
        let reference: LedgerReference
    }

    /// How many rows of `transactions` there are.
    var entryCount: Int { entries.count }

    /// Takes a decision's rows and moves its wallet on.
    mutating func add(
        _ decision: WalletDecision, to wallet: inout WalletRow, reference: LedgerReference, description: String,
        at now: Instant
    ) {
        wallet.state = decision.wallet
        for entry in decision.entries {
            let link = wallet.chain.append(entry, reference: reference, at: now)
            entries.append(
                Entry(
                    customer: wallet.customer, entry: entry, reference: reference, description: description,
                    chainIndex: link.index, chainHash: link.hash))
        }
        for line in decision.journal {
            lines.append(Line(customer: wallet.customer, line: line, reference: reference))
        }
    }

    /// Inserts everything; numbers are drawn under the sequence's lock (M2).
    func insert(at now: Instant, in transaction: PostgresTransaction) throws {
        try insertEntries(at: now, in: transaction)
        guard !lines.isEmpty else { return }
        try transaction.copy(
            into: "billing.journal",
            columns: [
                "customer_id", "at", "debit_account", "credit_account", "amount", "reference_type", "reference_id",
            ]
        ) { writer in
            for line in lines {
                try writer.row { row in
                    row.identifier(line.customer.value)
                    row.instant(now)
                    row.text(line.line.debit.rawValue)
                    row.text(line.line.credit.rawValue)
                    row.money(line.line.amount, .charge)
                    row.text(line.reference.type)
                    row.text(line.reference.id)
                }
            }
        }
    }

    private func insertEntries(at now: Instant, in transaction: PostgresTransaction) throws {
        guard !entries.isEmpty else { return }
        try transaction.execute("SELECT billing.lock_sequence('transactions')")
        let numbers = try transaction.query(
            """
            SELECT nextval('billing.transactions_seq') AS number FROM generate_series(1, \(entries.count))
            """)
        try transaction.copy(
            into: "billing.transactions",
            columns: [
                "id", "transaction_seq", "customer_id", "type", "amount", "balance_before", "balance_after",
                "description",
                "reference_type", "reference_id", "chain_index", "chain_hash", "created_at",
            ]
        ) { writer in
            for (entry, number) in zip(entries, numbers) {
                let sequence: Int64 = try number.value("number")
                try writer.row { row in
                    row.identifier(.random())
                    row.int8(sequence)
                    row.identifier(entry.customer.value)
                    row.text(entry.entry.kind.rawValue)
                    row.money(entry.entry.amount, .ledger)
                    row.money(entry.entry.balanceBefore, .ledger)
                    row.money(entry.entry.balanceAfter, .ledger)
                    row.text(entry.description)
                    row.text(entry.reference.type)
                    row.text(entry.reference.id)
                    row.int8(entry.chainIndex)
                    row.bytea(entry.chainHash)
                    row.instant(now)
                }
            }
        }
    }
}
