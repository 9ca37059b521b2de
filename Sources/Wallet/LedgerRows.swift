import Core
import Drivers
import LedgerAudit
import Reference

/// The events that decisions add to the ledger, gathered for one transaction and written in bulk.
struct LedgerRows: Sendable {
    private(set) var events: [(event: LedgerEvent, link: ChainLink)] = []

    /// Up to so many events are written by statements that share the round trip of the next one, or of COMMIT: while they are on their way the wallets are
    /// locked. Above that, COPY is cheaper.
    private static let few = 1_000

    /// Takes a decision's rows and moves its wallet on. `usage` is the record that a decision on a charge is about: its posting is the balanced entry, and
    /// there are no lines of the journal.
    mutating func add(
        _ decision: WalletDecision, to wallet: inout WalletRow, usage: RatedCharge? = nil,
        reference: LedgerReference, description: String, at now: Instant
    ) {
        precondition(decision.entries.count <= 1, "an event changes a balance once")
        wallet.state = decision.wallet
        var event = LedgerEvent(customer: wallet.customer)
        if let entry = decision.entries.first {
            event.entry = EntryRow(
                id: .timeOrdered(at: now.milliseconds), kind: entry.kind.rawValue, amount: entry.amount,
                balanceBefore: entry.balanceBefore, balanceAfter: entry.balanceAfter, description: description,
                reference: reference, at: now)
        }
        if let usage, let posting = decision.posting {
            event.posting = PostingRow(
                usage: usage.id, day: usage.day, sequence: usage.sequence, charge: posting.charge,
                debit: posting.debit, accrued: posting.accrued, residueAfter: posting.residueAfter, at: now)
        } else {
            event.lines = decision.journal.enumerated().map { place, line in
                LineRow(
                    number: place + 1, debit: line.debit.rawValue, credit: line.credit.rawValue, amount: line.amount,
                    reference: reference, at: now)
            }
        }
        guard event.posting != nil || event.entry != nil || !event.lines.isEmpty else { return }
        events.append((event, wallet.chain.append(event)))
    }

    /// Inserts everything. What the server refuses may be thrown by the next statement, or by COMMIT.
    func insert(in transaction: PostgresTransaction) throws {
        guard events.count > LedgerRows.few else { return queue(in: transaction) }
        try insertPostings(in: transaction)
        try insertEntries(in: transaction)
        try insertLines(in: transaction)
    }

    private func insertPostings(in transaction: PostgresTransaction) throws {
        guard events.contains(where: { $0.event.posting != nil }) else { return }
        try transaction.copy(
            into: "billing.usage_postings",
            columns: [
                "rated_id", "usage_day", "rated_seq", "customer_id", "chain_index", "charge", "debit", "accrued",
                "residue_after", "posted_at", "chain_hash",
            ]
        ) { writer in
            for (event, link) in events {
                guard let posting = event.posting else { continue }
                try writer.row { row in
                    row.identifier(posting.usage.value)
                    row.day(posting.day)
                    row.int8(posting.sequence)
                    row.identifier(event.customer.value)
                    row.int8(link.index)
                    row.money(posting.charge, .charge)
                    row.money(posting.debit, .ledger)
                    row.money(posting.accrued, .ledger)
                    row.money(posting.residueAfter, .charge)
                    row.instant(posting.at)
                    row.bytea(link.hash)
                }
            }
        }
    }

    private func insertEntries(in transaction: PostgresTransaction) throws {
        guard events.contains(where: { $0.event.entry != nil }) else { return }
        try transaction.copy(
            into: "billing.transactions",
            columns: [
                "id", "customer_id", "chain_index", "type", "amount", "balance_before", "balance_after",
                "description", "reference_type", "reference_id", "created_at", "chain_hash",
            ]
        ) { writer in
            for (event, link) in events {
                guard let entry = event.entry else { continue }
                try writer.row { row in
                    row.identifier(entry.id)
                    row.identifier(event.customer.value)
                    row.int8(link.index)
                    row.text(entry.kind)
                    row.money(entry.amount, .ledger)
                    row.money(entry.balanceBefore, .ledger)
                    row.money(entry.balanceAfter, .ledger)
                    row.text(entry.description)
                    row.text(entry.reference.type)
                    row.text(entry.reference.id)
                    row.instant(entry.at)
                    row.bytea(link.hash)
                }
            }
        }
    }

    private func insertLines(in transaction: PostgresTransaction) throws {
        guard events.contains(where: { !$0.event.lines.isEmpty }) else { return }
        try transaction.copy(
            into: "billing.journal",
            columns: [
                "customer_id", "chain_index", "line", "debit_account", "credit_account", "amount", "reference_type",
                "reference_id", "at", "chain_hash",
            ]
        ) { writer in
            for (event, link) in events {
                for line in event.lines {
                    try writer.row { row in
                        row.identifier(event.customer.value)
                        row.int8(link.index)
                        row.int2(Int16(line.number))
                        row.text(line.debit)
                        row.text(line.credit)
                        row.money(line.amount, .charge)
                        row.text(line.reference.type)
                        row.text(line.reference.id)
                        row.instant(line.at)
                        row.bytea(link.hash)
                    }
                }
            }
        }
    }
}
