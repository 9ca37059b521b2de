import Core
import DaemonKit

/// A comparison of two decks as a table, CSV and JSON.
struct DeckReport {
    let diff: DeckDiff
    let effect: DeckEffect?

    /// How many changes there are of each kind, and the greatest of them.
    func text(limit: Int) -> String {
        let counts = DeckDiff.Kind.allCases.map { "\($0.rawValue) \(diff.count($0))" }.joined(separator: ", ")
        var lines = [
            "deck \(diff.new.name): \(diff.old.rows.count) → \(diff.new.rows.count) rows, compared from \(diff.today.text) on",
            "  \(counts), unchanged \(diff.unchanged)",
        ]
        let otherTerms = diff.changes.count(where: \.hasOtherTerms)
        if otherTerms > 0 { lines.append("  other increments, fees or bounds: \(otherTerms)") }
        if let effect {
            lines.append(
                "  traffic at old rates \(effect.before.text(.charge)), at those of \(effect.day.text) "
                    + "\(effect.after.text(.charge)) USD")
            if effect.unpricedSeconds > 0 {
                lines.append("  \(DeckReport.minutes(effect.unpricedSeconds)) minutes are no longer priced")
            }
        }
        let greatest = greatest(limit)
        guard !greatest.isEmpty else { return lines.joined(separator: "\n") }
        var table = TextTable(
            ["change", "prefix", "from", "until", "column", "old", "new", "%"]
                + (effect == nil ? [] : ["minutes", "USD"]),
            right: [5, 6, 7, 8, 9])
        for place in greatest { table.add(row(place)) }
        lines.append(table.text)
        if diff.changes.count > greatest.count { lines.append("… and \(diff.changes.count - greatest.count) more") }
        return lines.joined(separator: "\n")
    }

    /// The places of the changes that matter most: by their effect on traffic where it is known, else by percentage.
    private func greatest(_ limit: Int) -> [Int] {
        guard limit > 0 else { return [] }
        if let effect, !effect.byChange.isEmpty { return effect.greatest(limit) }
        let weights = diff.changes.map { diff.greatest($0)?.percentage.hundredths.magnitude ?? 0 }
        return Array(weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }.prefix(limit))
    }

    private func row(_ place: Int) -> [String] {
        let change = diff.changes[place]
        let column = diff.greatest(change)?.column ?? (change.scope == .international ? .rate : .interstate)
        let prices = diff.prices(change, column)
        var cells = [
            change.kind.rawValue + (change.hasOtherTerms ? " terms" : ""),
            (change.scope == .international ? "+" : "") + change.prefix.text, change.from.text,
            change.until?.text ?? "", column.name, prices.old?.text ?? "", prices.new?.text ?? "",
            diff.percentage(change, column)?.text ?? "",
        ]
        if let effect {
            let part = effect.byChange[place]
            cells += [part.map { DeckReport.minutes($0.seconds) } ?? "", part?.effect.text(.charge) ?? ""]
        }
        return cells
    }

    /// Whole minutes and tenths, cut off.
    private static func minutes(_ seconds: Int64) -> String { "\(seconds / 60).\(seconds % 60 / 6)" }

    // MARK: CSV

    private static let columns: [RateRow.Column] = [.interstate, .intrastate, .local, .indeterminate, .rate]

    /// All changes; a column that a row takes from another is filled in (rule R5).
    func csv(_ withHeader: Bool = true) -> String {
        var text = ""
        if withHeader {
            let prices = DeckReport.columns.flatMap { ["old_\($0.name)", "new_\($0.name)", "pct_\($0.name)"] }
            text =
                (["deck", "change", "other_terms", "scope", "prefix", "from", "until", "line"] + prices + [
                    "seconds", "effect",
                ])
                .joined(separator: ",") + "\n"
        }
        let name = CSVText.field(diff.new.name)
        for (place, change) in diff.changes.enumerated() {
            let line = change.new.map { Int(diff.new.rows[$0].line) } ?? 0
            text +=
                "\(name),\(change.kind.rawValue),\(change.hasOtherTerms),\(change.scope.rawValue),\(change.prefix.text),"
            text += "\(change.from.text),\(change.until?.text ?? ""),\(line > 0 ? "\(line)" : "")"
            for column in DeckReport.columns {
                let prices = diff.prices(change, column)
                text += ",\(prices.old?.text ?? ""),\(prices.new?.text ?? ""),"
                text += diff.percentage(change, column)?.text ?? ""
            }
            let part = effect?.byChange[place]
            text += ",\(part.map { "\($0.seconds)" } ?? ""),\(part?.effect.text(.charge) ?? "")\n"
        }
        return text
    }

    // MARK: JSON

    /// The counts and the greatest changes, all of them where the limit is 0.
    func json(limit: Int, findings: [DeckFinding]? = nil) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("deck", diff.new.name)
            writer.field("compared_from", diff.today.text)
            writer.field("rows_before", diff.old.rows.count)
            writer.field("rows", diff.new.rows.count)
            for kind in DeckDiff.Kind.allCases { writer.field(kind.rawValue, diff.count(kind)) }
            writer.field("unchanged", diff.unchanged)
            if let effect {
                writer.field("effect_day", effect.day.text)
                writer.field("traffic_before", effect.before.text(.charge))
                writer.field("traffic_after", effect.after.text(.charge))
                writer.field("unpriced_seconds", effect.unpricedSeconds)
                writer.field("newly_priced_seconds", effect.newlyPricedSeconds)
            }
            writer.key("changes")
            writer.array { writer in
                for place in limit > 0 ? greatest(limit) : Array(diff.changes.indices) { write(place, to: &writer) }
            }
            if let findings {
                writer.key("findings")
                writer.array { writer in
                    for finding in findings { DeckFindings.write(finding, to: &writer) }
                }
            }
        }
        return writer.text
    }

    private func write(_ place: Int, to writer: inout JSONWriter) {
        let change = diff.changes[place]
        writer.object { writer in
            writer.field("change", change.kind.rawValue)
            writer.field("other_terms", change.hasOtherTerms)
            writer.field("scope", change.scope.rawValue)
            writer.field("prefix", change.prefix.text)
            writer.field("from", change.from.text)
            writer.field("until", change.until?.text)
            writer.key("prices")
            writer.object { writer in
                for column in change.scope.columns {
                    let prices = diff.prices(change, column)
                    writer.key(column.name)
                    writer.object { writer in
                        writer.field("old", prices.old?.text)
                        writer.field("new", prices.new?.text)
                        writer.field("percentage", diff.percentage(change, column)?.text)
                    }
                }
            }
            if let part = effect?.byChange[place] {
                writer.field("seconds", part.seconds)
                writer.field("effect", part.effect.text(.charge))
            }
        }
    }
}

/// What the linter found as text, CSV and JSON.
enum DeckFindings {
    /// The findings by rule, of each at most so many.
    static func text(_ findings: [DeckFinding], limit: Int) -> String {
        guard !findings.isEmpty else { return "the linter found nothing" }
        var lines: [String] = []
        for rule in DeckFinding.Rule.allCases {
            let found = findings.filter { $0.rule == rule }
            guard !found.isEmpty else { continue }
            lines.append("\(rule.severity.rawValue) \(rule.rawValue): \(found.count)")
            for finding in found.prefix(limit) {
                let prefix = finding.prefix.map { (finding.scope == .international ? "+" : "") + $0.text } ?? ""
                lines.append("  \(prefix)\(finding.line > 0 ? " (line \(finding.line))" : ""): \(finding.message)")
            }
            if found.count > limit { lines.append("  … and \(found.count - limit) more") }
        }
        return lines.joined(separator: "\n")
    }

    static func csv(_ findings: [DeckFinding]) -> String {
        findings.reduce(into: "severity,rule,scope,prefix,line,message\n") { text, finding in
            text += "\(finding.rule.severity.rawValue),\(finding.rule.rawValue),\(finding.scope.rawValue),"
            text += "\(finding.prefix?.text ?? ""),\(finding.line > 0 ? "\(finding.line)" : ""),"
            text += CSVText.field(finding.message) + "\n"
        }
    }

    static func json(_ findings: [DeckFinding]) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for finding in findings { write(finding, to: &writer) }
        }
        return writer.text
    }

    static func write(_ finding: DeckFinding, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("severity", finding.rule.severity.rawValue)
            writer.field("rule", finding.rule.rawValue)
            writer.field("scope", finding.scope.rawValue)
            writer.field("prefix", finding.prefix?.text)
            writer.field("line", finding.line > 0 ? finding.line : nil)
            writer.field("message", finding.message)
        }
    }
}
