import Core
import Testing

/// A sheet of rows in short: `312 0.0100/0.0200 2026-01-01..2026-12-01` is a domestic row with interstate and intrastate,
/// `+44 0.0100 2026-01-01` an international one.
func sheet(_ name: String = "telnyx", _ lines: String...) throws -> RateSheet {
    var sheet = RateSheet(name: name)
    for (index, line) in lines.enumerated() { sheet.append(try entry(line), line: index + 2) }
    sheet.sort()
    return sheet
}

private func entry(_ line: String) throws -> RateDeck.Entry {
    let parts = line.split(separator: " ")
    let isInternational = parts[0].hasPrefix("+")
    let rates = try parts[1].split(separator: "/").map { try Rate(parsing: $0) }
    var row = RateRow()
    if isInternational {
        row.rate = rates[0]
    } else {
        row.interstate = rates[0]
        row.intrastate = rates.count > 1 ? rates[1] : nil
    }
    if parts.count > 3 { row.terms.initialIncrement = Int(parts[3]) }
    let days = parts[2].split(separator: ".", omittingEmptySubsequences: true).map(String.init)
    return RateDeck.Entry(
        scope: isInternational ? .international : .domestic,
        prefix: try #require(Prefix(parsing: isInternational ? parts[0].dropFirst() : parts[0])), row: row,
        effective: try #require(UsageDay(parsing: days[0])), end: days.count > 1 ? UsageDay(parsing: days[1]) : nil)
}

/// A sheet as the lines that made it, without terms.
func lines(_ sheet: RateSheet) -> [String] {
    sheet.rows.map { row in
        let rates = [row.rates.interstate ?? row.rates.rate, row.rates.intrastate].compactMap { $0?.text }
        let days = row.effective.text + (row.end.map { "..\($0.text)" } ?? "")
        return "\(row.scope == .international ? "+" : "")\(row.prefix.text) \(rates.joined(separator: "/")) \(days)"
    }
}
