/// Rows for a person at a terminal: columns as wide as their widest cell; those that hold amounts or counts stand to the right.
public struct TextTable {
    private var rows: [[String]]
    private let rightColumns: Set<Int>

    /// A table of a line of titles and rows of as many cells.
    /// - Parameter right: the columns, from 0, that stand to the right.
    public init(_ titles: [String], right: Set<Int> = [], rows: [[String]] = []) {
        self.rows = [titles] + rows
        rightColumns = right
    }

    /// Adds a row below the others.
    public mutating func add(_ row: [String]) { rows.append(row) }

    /// The table without a final line break; no line ends in spaces.
    public var text: String {
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
