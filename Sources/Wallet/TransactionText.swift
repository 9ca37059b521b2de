import Core
import DaemonKit

extension CustomerReads.Entry {
    /// As an object of JSON.
    func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in zip(Self.names, values) { json.field(name, value) }
        }
    }

    /// The columns of CSV, and the fields of JSON.
    static let names = [
        "id", "type", "amount", "balance_before", "balance_after", "description", "reference_type", "reference_id",
        "created_at",
    ]

    /// In the order of the names.
    var values: [String] {
        [
            id.text, type, amount.text(.ledger), balanceBefore.text(.ledger), balanceAfter.text(.ledger), description,
            reference.type, reference.id, createdAt.text,
        ]
    }
}

/// Transactions as CSV (RFC 4180): a line of names, then a line for each.
enum TransactionCSV {
    static let head = CSVText.line(CustomerReads.Entry.names)

    static func lines(_ entries: [CustomerReads.Entry]) -> String {
        entries.map { CSVText.line($0.values) }.joined()
    }
}
