import Core
public import Drivers
import Reference

/// The whole ledger as files, from one moment: `wallets.csv`, `postings.csv`, `transactions.csv`, `journal.csv` (RFC 4180), each in the order of customer and
/// chain index. Verification needs nothing else.
public struct LedgerExport: Sendable {
    let pool: PostgresPool

    /// The files that an export has.
    enum File: String, CaseIterable {
        case wallets, postings, transactions, journal

        var name: String { "\(rawValue).csv" }

        /// The titles of its columns.
        var titles: [String] {
            switch self {
            case .wallets:
                ["customer_id", "chain_length", "chain_head", "balance", "accrued", "receivable", "residue"]
            case .postings: ["customer_id", "chain_index"] + LedgerColumns.posting + ["chain_hash"]
            case .transactions: ["customer_id", "chain_index"] + LedgerColumns.entry + ["chain_hash"]
            case .journal: ["customer_id", "chain_index"] + LedgerColumns.line + ["chain_hash"]
            }
        }
    }

    public init(pool: PostgresPool) {
        self.pool = pool
    }

    /// Writes the files into a directory and returns how many rows they have. `progress` hears of each file as it grows.
    @discardableResult
    public func write(
        to directory: String, progress: @escaping @Sendable (_ file: String, _ rows: Int) -> Void = { _, _ in }
    ) async throws -> Int {
        try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            try transaction.execute("SET LOCAL statement_timeout = 0")
            var total = 0
            for file in File.allCases {
                let draft = try DurableFile.Draft(of: "\(directory)/\(file.name)")
                try draft.append(Self.line(file.titles))
                var rows = 0
                try transaction.stream(file.query, chunk: 5_000) { chunk in
                    for row in chunk { try draft.append(Self.line(try file.fields(of: row))) }
                    rows += chunk.count
                    progress(file.name, rows)
                }
                try draft.commit()
                total += rows
            }
            return total
        }
    }

    private static func line(_ fields: [String]) -> [UInt8] {
        Array((fields.map(quoted).joined(separator: ",") + "\n").utf8)
    }

    private static func quoted(_ field: String) -> String {
        let isPlain = field.utf8.allSatisfy { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 >= 32 }
        return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

extension LedgerExport.File {
    fileprivate var query: SQL {
        switch self {
        case .wallets:
            """
            SELECT customer_id, chain_length, chain_head, balance, accrued, receivable, residue
            FROM billing.wallets ORDER BY customer_id
            """
        case .postings:
            """
            SELECT customer_id, chain_index, rated_id, usage_day, rated_seq, charge, debit, accrued, residue_after, posted_at,
                chain_hash
            FROM billing.usage_postings ORDER BY customer_id, chain_index
            """
        case .transactions:
            """
            SELECT customer_id, chain_index, id, type, amount, balance_before, balance_after, description, reference_type,
                reference_id, created_at, chain_hash
            FROM billing.transactions ORDER BY customer_id, chain_index
            """
        case .journal:
            """
            SELECT customer_id, chain_index, line, debit_account, credit_account, amount, reference_type, reference_id, at,
                chain_hash
            FROM billing.journal ORDER BY customer_id, chain_index, line
            """
        }
    }

    /// A row as its texts.
    fileprivate func fields(of row: PostgresRow) throws -> [String] {
        let customer: CustomerID = try row.value("customer_id")
        if self == .wallets {
            let (balance, accrued, receivable, residue): (Money, Money, Money, Money) = (
                try row.value("balance"), try row.value("accrued"), try row.value("receivable"),
                try row.value("residue")
            )
            return [
                customer.text, String(try row.value("chain_length") as Int64),
                Digest.hex(try row.value("chain_head") ?? []), balance.text(.ledger), accrued.text(.ledger),
                receivable.text(.cents), residue.text(.charge),
            ]
        }
        let index = String(try row.value("chain_index") as Int64)
        let hash = Digest.hex(try row.value("chain_hash"))
        switch self {
        case .wallets, .postings: return [customer.text, index] + (try PostingRow(row)).columns + [hash]
        case .transactions: return [customer.text, index] + (try EntryRow(row)).columns + [hash]
        case .journal: return [customer.text, index] + (try LineRow(row)).columns + [hash]
        }
    }
}

extension PostingRow {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            usage: try row.value("rated_id"), day: try row.value("usage_day"), sequence: try row.value("rated_seq"),
            charge: try row.value("charge"), debit: try row.value("debit"), accrued: try row.value("accrued"),
            residueAfter: try row.value("residue_after"), at: try row.value("posted_at"))
    }
}

extension EntryRow {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.value("id"), kind: try row.value("type"), amount: try row.value("amount"),
            balanceBefore: try row.value("balance_before"), balanceAfter: try row.value("balance_after"),
            description: try row.value("description"), reference: try LedgerReference(row),
            at: try row.value("created_at"))
    }
}

extension LineRow {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            number: try row.value("line"), debit: try row.value("debit_account"),
            credit: try row.value("credit_account"),
            amount: try row.value("amount"), reference: try LedgerReference(row), at: try row.value("at"))
    }
}

extension LedgerReference {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(type: try row.value("reference_type"), id: try row.value("reference_id"))
    }
}
