/// A table for people: columns as wide as their widest cell; those that hold amounts stand to the right.
struct TextTable {
    private var rows: [[String]]
    private let rightColumns: Swift.Set<Int>

    init(_ header: [String], right: Swift.Set<Int> = []) {
        rows = [header]
        rightColumns = right
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return rightColumns.contains(column) ? space + cell : cell + space
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
