import Core
import DaemonKit
import Drivers
import Reference

/// The rows of a range of numbers on some days, as lines of JSON, a page at a time in the order of their numbers.
///
/// Rows at or below the horizon never change, so the same range gives the same bytes whenever it is read.
struct ExportRows: Sendable {
    let pool: PostgresPool
    let table: ExportTable
    let days: [UsageDay]
    let batchID: Identifier128

    /// Rows of one page.
    static let pageRows = 2_000

    /// A row as it goes out.
    struct Line: Sendable {
        let number: Int64
        let day: UsageDay
        let amount: Money
        /// With its line feed.
        let json: [UInt8]
    }

    /// The rows of (after, through] from the first one on, a page of them.
    func page(after: Int64, through: Int64) async throws -> [Line] {
        let columns = SQL(verbatim: table.columns.map { $0.name }.joined(separator: ", "))
        let rows = try await pool.query(
            """
            SELECT \(columns)
            FROM \(identifier: table.source)
            WHERE usage_day = ANY (\(days)) AND \(identifier: table.sequence) > \(after)
                AND \(identifier: table.sequence) <= \(through)
            ORDER BY \(identifier: table.sequence)
            LIMIT \(Self.pageRows)
            """)
        let writer = LineWriter(table, batchID: batchID.text)
        return try rows.map { try writer.line($0) }
    }
}

/// Writes rows as BigQuery takes them. What is NULL is left out.
private struct LineWriter {
    let columns: [ExportColumn]
    let batchID: String
    let numberAt: Int
    let dayAt: Int
    let amountAt: Int

    init(_ table: ExportTable, batchID: String) {
        columns = table.columns
        self.batchID = batchID
        let position = { (name: String) in
            guard let position = table.columns.firstIndex(where: { $0.name == name }) else {
                preconditionFailure("\(table.rawValue) has a column \(name)")
            }
            return position
        }
        numberAt = position(table.sequence)
        dayAt = position("usage_day")
        amountAt = position(table.amount)
    }

    func line(_ row: PostgresRow) throws -> ExportRows.Line {
        var writer = JSONWriter(capacity: 1_536)
        var failure: (any Error)?
        writer.object { writer in
            do {
                for (position, column) in columns.enumerated() { try write(column, row, at: position, to: &writer) }
            } catch {
                failure = error
            }
            writer.field(ExportColumns.batch.name, batchID)
        }
        if let failure { throw failure }
        writer.newline()
        let amount: Money? = try row.value(at: amountAt)
        return ExportRows.Line(
            number: try row.value(at: numberAt), day: try row.value(at: dayAt), amount: amount ?? .zero,
            json: writer.bytes)
    }

    private func write(_ column: ExportColumn, _ row: PostgresRow, at position: Int, to writer: inout JSONWriter) throws
    {
        if column.mode == .repeated {
            writer.field(column.name, try row.value(at: position, as: [String].self))
            return
        }
        guard let text = try row.value(at: position, as: String?.self) else { return }
        writer.key(column.name)
        switch column.kind {
        case .string, .numeric, .date: writer.string(text)
        case .integer: writer.raw(text.utf8)
        case .boolean: writer.bool(text == "t")
        case .timestamp: writer.string(Self.timestamp(text))
        }
    }

    /// `2026-11-22 15:00:00.004+00`, as PostgreSQL prints it, to the letter and with every digit: `2026-11-22T15:00:00.004Z`.
    private static func timestamp(_ text: String) -> String {
        guard text.hasSuffix("+00"), let space = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return text }
        return text[..<space] + "T" + text[text.index(after: space)...].dropLast(3) + "Z"
    }
}
