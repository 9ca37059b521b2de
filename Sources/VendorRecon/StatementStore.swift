import Core
import DaemonKit
import Drivers
import Reference

/// The tables of imported statements.
struct StatementStore: Sendable {
    let pool: PostgresPool

    private static let audit = Audit(table: "billing.recon_audit")

    /// What is known of a statement before its lines are written.
    struct Statement: Sendable {
        let id: Identifier128
        let vendor: String
        let fileName: String
        let checksum: [UInt8]
        let format: String
        /// The date of the vendor's invoice over it; disputes are counted from there (rule C5).
        let invoiceDate: UsageDay?
        let lines: Int
        let days: Set<UsageDay>
        let faults: [StatementFault]
    }

    /// The file that was imported with this checksum, if any.
    func importedFile(checksum: [UInt8]) async throws -> String? {
        try await pool.query("SELECT file_name FROM billing.vendor_statements WHERE file_checksum = \(checksum)")
            .first?.value("file_name")
    }

    /// Writes a statement with all its lines in one transaction; nil where another import of the same file came first.
    ///
    /// `eachLine` hands over the lines again, as often as it is called; so a file of any size needs no memory.
    func insert(
        _ statement: Statement, at now: Instant,
        eachLine: @escaping @Sendable ((StatementLine) throws -> Void) throws -> Void
    ) async throws -> Bool {
        for day in statement.days.sorted() {
            _ = try await pool.query("SELECT billing.ensure_partition('vendor_statement_cdr', \(day))")
        }
        return try await pool.withTransaction { transaction in
            let inserted = try transaction.execute(
                """
                INSERT INTO billing.vendor_statements (id, vendor_name, file_name, file_checksum, format, invoice_date, lines,
                    bad_lines, first_day, last_day, imported_at)
                VALUES (\(statement.id), \(statement.vendor), \(statement.fileName), \(statement.checksum),
                    \(statement.format), \(statement.invoiceDate), \(statement.lines), \(statement.faults.count),
                    \(statement.days.min()), \(statement.days.max()), \(now))
                ON CONFLICT (file_checksum) DO NOTHING
                """)
            guard inserted == 1 else { return false }
            try StatementStore.copyLines(of: statement, in: transaction, eachLine)
            try StatementStore.copyFaults(of: statement, in: transaction)
            try StatementStore.audit.record(
                in: transaction, actor: "command:import", action: "statement.import", subject: statement.fileName,
                at: now.milliseconds)
            return true
        }
    }

    private static func copyLines(
        of statement: Statement, in transaction: PostgresTransaction,
        _ eachLine: ((StatementLine) throws -> Void) throws -> Void
    ) throws {
        try transaction.copy(
            into: "billing.vendor_statement_cdr",
            columns: [
                "statement_id", "line", "usage_day", "vendor_name", "callid", "ani", "dni", "start_stamp",
                "billed_seconds",
                "rate", "cost",
            ]
        ) { writer in
            try eachLine { line in
                try writer.row { row in
                    row.identifier(statement.id)
                    row.int8(Int64(line.number))
                    row.day(line.start.usageDay)
                    row.text(statement.vendor)
                    row.text(line.callID)
                    row.text(line.ani?.text)
                    row.text(line.dni?.text)
                    row.instant(line.start)
                    row.int8(Int64(line.billedSeconds))
                    row.rate(line.rate)
                    row.money(line.cost, .charge)
                }
            }
        }
    }

    private static func copyFaults(of statement: Statement, in transaction: PostgresTransaction) throws {
        guard !statement.faults.isEmpty else { return }
        try transaction.copy(
            into: "billing.vendor_statement_faults", columns: ["statement_id", "line", "reason", "bytes"]
        ) { writer in
            for fault in statement.faults {
                try writer.row { row in
                    row.identifier(statement.id)
                    row.int8(Int64(fault.number))
                    row.text(fault.reason)
                    row.text(fault.text)
                }
            }
        }
    }
}
