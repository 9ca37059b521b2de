import Core
import DaemonKit
import Drivers

/// A table of API usage as the operator described it: makes the queries and reads the rows.
///
/// Rows are ordered by (time, id). Every query bounds the time, so that BigQuery reads only the partitions that it must. Names are quoted
/// one and all: `at` is a reserved word.
struct BigQueryUsageTable: Sendable {
    /// A field of the record, and the column that holds it.
    struct Field: Sendable, Equatable {
        let name: String
        let column: String
    }

    /// `project.dataset.table`
    let name: String
    let idColumn: String
    let timeColumn: String
    let fields: [Field]

    /// What every record has, whatever the columns.
    static let ownFields = ["record_type", "id", "at"]
    /// Fields that hold text, also where their column is a number.
    private static let textFields: Set<String> = ["customer_ban", "api", "status", "vendor"]

    /// Rows behind a mark and before an instant, in order.
    func newRows(after mark: UsageMark, before end: Microseconds, limit: Int, pageRows: Int) -> BigQueryQuery {
        BigQueryQuery(
            """
            SELECT \(selection)
            FROM `\(name)` AS t
            WHERE \(time) >= @mark_time AND \(time) < @until_time AND (\(time) > @mark_time OR \(id) > @mark_id)
            ORDER BY \(time), \(id)
            LIMIT \(limit)
            """,
            parameters(of: mark) + [.init("until_time", .timestamp, end.text)], pageRows: pageRows)
    }

    /// How many rows there are in each hour from an instant up to a mark.
    func hours(from start: Microseconds, through mark: UsageMark, pageRows: Int) -> BigQueryQuery {
        BigQueryQuery(
            """
            SELECT TIMESTAMP_TRUNC(\(time), HOUR) AS `hour`, COUNT(*) AS `row_count`
            FROM `\(name)` AS t
            WHERE \(time) >= @from_time AND \(isThrough)
            GROUP BY 1
            """,
            parameters(of: mark) + [.init("from_time", .timestamp, start.text)], pageRows: pageRows)
    }

    /// All rows of some hours up to a mark, in any order.
    func rows(of hours: Range<Microseconds>, through mark: UsageMark, pageRows: Int) -> BigQueryQuery {
        BigQueryQuery(
            """
            SELECT \(selection)
            FROM `\(name)` AS t
            WHERE \(time) >= @from_time AND \(time) < @until_time AND \(isThrough)
            """,
            parameters(of: mark) + [
                .init("from_time", .timestamp, hours.lowerBound.text),
                .init("until_time", .timestamp, hours.upperBound.text),
            ], pageRows: pageRows)
    }

    private var time: String { "t.`\(timeColumn)`" }
    /// As text whatever its type, and never NULL, so that every row has its place.
    private var id: String { "COALESCE(CAST(t.`\(idColumn)` AS STRING), '')" }
    private var isThrough: String { "\(time) <= @mark_time AND (\(time) < @mark_time OR \(id) <= @mark_id)" }

    private var selection: String {
        (["\(id) AS `id`", "\(time) AS `at`"] + fields.map { "t.`\($0.column)` AS `\($0.name)`" }).joined(
            separator: ", ")
    }

    private func parameters(of mark: UsageMark) -> [BigQueryQuery.Parameter] {
        [.init("mark_time", .timestamp, mark.time.text), .init("mark_id", .string, mark.id)]
    }
}

extension BigQueryUsageTable {
    /// The rows of a page.
    func rows(of page: BigQueryPage) throws(BigQueryUsageError) -> [UsageRow] {
        try check(page.columns)
        var rows: [UsageRow] = []
        rows.reserveCapacity(page.rows.count)
        for cells in page.rows {
            guard let id = cells[0].text, let time = cells[1].text.flatMap({ Int64($0) }).map(Microseconds.init) else {
                throw .badColumn("a row without an id or a time")
            }
            rows.append(
                UsageRow(mark: UsageMark(time: time, id: id), json: json(id: id, time: time, cells, page.columns)))
        }
        return rows
    }

    /// The counts of a page, by hour.
    func hours(of page: BigQueryPage) throws(BigQueryUsageError) -> [Microseconds: Int] {
        var hours: [Microseconds: Int] = [:]
        for cells in page.rows {
            guard cells.count == 2, let hour = cells[0].text.flatMap({ Int64($0) }),
                let count = cells[1].text.flatMap({ Int($0) })
            else { throw .badColumn("an hour and its count") }
            hours[Microseconds(hour)] = count
        }
        return hours
    }

    private func check(_ columns: [BigQueryColumn]) throws(BigQueryUsageError) {
        guard columns.count == fields.count + 2 else { throw .badColumn("\(columns.count) columns came") }
        guard columns[1].type == "TIMESTAMP" else {
            throw .badColumn("\(timeColumn) is of type \(columns[1].type) and not TIMESTAMP")
        }
        for (field, column) in zip(fields, columns.dropFirst(2)) {
            guard column.mode != "REPEATED", !["RECORD", "STRUCT"].contains(column.type) else {
                throw .badColumn("\(field.column) is an array or a record")
            }
        }
    }

    /// A row as a sender would write it. NULL is left out, so that a column that is added later leaves older rows what they are.
    private func json(id: String, time: Microseconds, _ cells: [BigQueryCell], _ columns: [BigQueryColumn]) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.field("record_type", "api.usage")
            writer.field("id", id)
            writer.field("at", time.text)
            for (index, field) in fields.enumerated() {
                guard let text = cells[index + 2].text else { continue }
                writer.key(field.name)
                Self.write(text, of: columns[index + 2].type, isText: Self.textFields.contains(field.name), to: &writer)
            }
        }
        return writer.bytes
    }

    private static func write(_ text: String, of type: String, isText: Bool, to writer: inout JSONWriter) {
        switch type {
        case "INTEGER", "INT64", "NUMERIC", "BIGNUMERIC", "FLOAT", "FLOAT64":
            // A FLOAT may be NaN, which JSON doesn't have.
            isText || !text.utf8.allSatisfy(isOfNumber) ? writer.string(text) : writer.raw(text.utf8)
        case "BOOLEAN", "BOOL": writer.bool(text == "true")
        case "TIMESTAMP": writer.string(Int64(text).map { Microseconds($0).text } ?? text)
        default: writer.string(text)
        }
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}

/// A row of the table: its place in the order, and the record as JSON.
struct UsageRow: Sendable, Equatable {
    let mark: UsageMark
    let json: [UInt8]
}

/// A place in the order of rows: every row at or before it has been read.
struct UsageMark: Sendable, Hashable {
    let time: Microseconds
    let id: String
}

/// An instant as BigQuery keeps it: microseconds since 1970, UTC.
struct Microseconds: Sendable, Hashable, Comparable {
    let count: Int64

    init(_ count: Int64) {
        self.count = count
    }

    init(of instant: Instant) {
        count = instant.milliseconds * 1_000
    }

    /// `2026-11-22T17:03:14.486123Z`
    var text: String {
        let rest = ((count % 1_000) + 1_000) % 1_000
        let digits = String(1_000 + rest).dropFirst()
        return Instant(milliseconds: (count - rest) / 1_000).text.dropLast() + digits + "Z"
    }

    /// The start of its hour.
    var hour: Microseconds {
        let rest = count % Microseconds.inHour
        return Microseconds(count - (rest < 0 ? rest + Microseconds.inHour : rest))
    }

    /// The start of its hour, as PostgreSQL keeps it.
    var hourInstant: Instant { Instant(milliseconds: hour.count / 1_000) }

    func advanced(seconds: Int) -> Microseconds { Microseconds(count + Int64(seconds) * 1_000_000) }

    static func < (left: Microseconds, right: Microseconds) -> Bool { left.count < right.count }

    private static let inHour: Int64 = 3_600_000_000
}

/// Why rows that BigQuery gave can't be taken.
enum BigQueryUsageError: Failure, Equatable {
    /// A column is not what the configuration says.
    case badColumn(String)
    /// Another instance has moved the cursor meanwhile: what was read is durable, and is read on from there.
    case overtaken

    var reason: String {
        switch self {
        case .badColumn: "bigquery-bad-column"
        case .overtaken: "bigquery-overtaken"
        }
    }

    var isTransient: Bool { self == .overtaken }
}
