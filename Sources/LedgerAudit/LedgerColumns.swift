import Core

/// The columns of the ledger's tables as texts: what the chain covers, and what an export holds behind `customer_id`, `chain_index` and `chain_hash`.
enum LedgerColumns {
    static let posting = [
        "rated_id", "usage_day", "rated_seq", "charge", "debit", "accrued", "residue_after", "posted_at",
    ]
    static let entry = [
        "id", "type", "amount", "balance_before", "balance_after", "description", "reference_type", "reference_id",
        "created_at",
    ]
    static let line = ["line", "debit_account", "credit_account", "amount", "reference_type", "reference_id", "at"]
}

extension PostingRow {
    /// In the order of `LedgerColumns.posting`.
    var columns: [String] {
        [
            usage.text, day.text, String(sequence), charge.text(.charge), debit.text(.ledger), accrued.text(.ledger),
            residueAfter.text(.charge), at.text,
        ]
    }
}

extension EntryRow {
    /// In the order of `LedgerColumns.entry`.
    var columns: [String] {
        [
            id.text, kind, amount.text(.ledger), balanceBefore.text(.ledger), balanceAfter.text(.ledger), description,
            reference.type, reference.id, at.text,
        ]
    }
}

extension LineRow {
    /// In the order of `LedgerColumns.line`.
    var columns: [String] {
        [String(number), debit, credit, amount.text(.charge), reference.type, reference.id, at.text]
    }
}
