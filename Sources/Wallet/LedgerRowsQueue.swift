import Core
import Drivers
import LedgerAudit
import Reference

// The same rows as `LedgerRows` copies, as arrays of their columns.

extension LedgerRows {
    /// Queues an INSERT for each table that gets rows.
    func queue(in transaction: PostgresTransaction) {
        queuePostings(in: transaction)
        queueEntries(in: transaction)
        queueLines(in: transaction)
    }

    private func queuePostings(in transaction: PostgresTransaction) {
        let rows = events.compactMap { event, link in event.posting.map { (posting: $0, event: event, link: link) } }
        guard !rows.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.usage_postings (rated_id, usage_day, rated_seq, customer_id, chain_index, charge, debit, accrued,
                residue_after, posted_at, chain_hash)
            SELECT * FROM unnest(
                \(rows.map(\.posting.usage))::uuid[], \(rows.map(\.posting.day))::date[],
                \(rows.map(\.posting.sequence))::bigint[], \(rows.map(\.event.customer))::uuid[],
                \(rows.map(\.link.index))::bigint[], \(rows.map(\.posting.charge))::numeric[],
                \(rows.map(\.posting.debit))::numeric[], \(rows.map(\.posting.accrued))::numeric[],
                \(rows.map(\.posting.residueAfter))::numeric[], \(rows.map(\.posting.at))::timestamptz[],
                \(PostgresBlobs(rows.map(\.link.hash))))
            """)
    }

    private func queueEntries(in transaction: PostgresTransaction) {
        let rows = events.compactMap { event, link in event.entry.map { (entry: $0, event: event, link: link) } }
        guard !rows.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.transactions (id, customer_id, chain_index, type, amount, balance_before, balance_after, description,
                reference_type, reference_id, created_at, chain_hash)
            SELECT * FROM unnest(
                \(rows.map(\.entry.id))::uuid[], \(rows.map(\.event.customer))::uuid[], \(rows.map(\.link.index))::bigint[],
                \(PostgresTexts(rows.map(\.entry.kind))), \(rows.map(\.entry.amount))::numeric[],
                \(rows.map(\.entry.balanceBefore))::numeric[], \(rows.map(\.entry.balanceAfter))::numeric[],
                \(PostgresTexts(rows.map(\.entry.description))), \(PostgresTexts(rows.map(\.entry.reference.type))),
                \(PostgresTexts(rows.map(\.entry.reference.id))), \(rows.map(\.entry.at))::timestamptz[],
                \(PostgresBlobs(rows.map(\.link.hash))))
            """)
    }

    private func queueLines(in transaction: PostgresTransaction) {
        let rows = events.flatMap { event, link in event.lines.map { (line: $0, event: event, link: link) } }
        guard !rows.isEmpty else { return }
        transaction.queue(
            """
            INSERT INTO billing.journal (customer_id, chain_index, line, debit_account, credit_account, amount, reference_type,
                reference_id, at, chain_hash)
            SELECT * FROM unnest(
                \(rows.map(\.event.customer))::uuid[], \(rows.map(\.link.index))::bigint[],
                \(rows.map { Int16($0.line.number) })::smallint[], \(PostgresTexts(rows.map(\.line.debit))),
                \(PostgresTexts(rows.map(\.line.credit))), \(rows.map(\.line.amount))::numeric[],
                \(PostgresTexts(rows.map(\.line.reference.type))), \(PostgresTexts(rows.map(\.line.reference.id))),
                \(rows.map(\.line.at))::timestamptz[], \(PostgresBlobs(rows.map(\.link.hash))))
            """)
    }
}
