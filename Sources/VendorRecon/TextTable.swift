/// Rows for a person at a terminal: columns as wide as their widest cell, the first to the left, the others to the right.
struct TextTable {
    let titles: [String]
    let rows: [[String]]

    /// The table, a line for the titles and one for each row.
    var text: String {
        let widths = titles.indices.map { column in
            ([titles[column]] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        return ([titles] + rows).map { cells in
            cells.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
