import Core

/// A preview as one HTML page that needs nothing else: sums, a chart of the days, and the records that move most.
struct ReratePage: Sendable {
    let report: RerateReport
    /// The records that move most.
    let largest: [RerateLine]

    /// The most records that a page lists.
    static let listed = 200

    /// The page.
    var html: String {
        let total = report.total
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Re-rating \(escaped(report.preview.scope.text))</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1c2733; }
            h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
            p.scope { color: #5b6b7b; margin-top: .2rem; }
            .figures { display: flex; gap: 2.5rem; margin: 1.4rem 0; flex-wrap: wrap; }
            .figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
            table { border-collapse: collapse; width: 100%; } th { text-align: left; color: #5b6b7b; font-weight: 600; }
            th, td { padding: .3rem .6rem; border-bottom: 1px solid #e3e8ee; } td.n, th.n { text-align: right; }
            td { font-variant-numeric: tabular-nums; } .up { color: #9a3412; } .down { color: #166534; }
            svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: #5b6b7b; }
            </style>
            </head>
            <body>
            <h1>Re-rating</h1>
            <p class="scope">\(escaped(report.preview.scope.text)) · version \(escaped(report.preview.refVersion)) · made by
            \(escaped(report.preview.madeBy)) at \(report.preview.madeAt.text) · \(report.preview.id.text)</p>
            <div class="figures">
            <div><b>\(total.records)</b>of \(report.preview.records ?? 0) records change</div>
            <div><b>\(total.before.rounded(to: .cents).text(.cents))</b>USD charged</div>
            <div><b>\(total.after.rounded(to: .cents).text(.cents))</b>USD would be charged</div>
            <div><b class="\(tone(total.difference))">\(total.difference.rounded(to: .cents).signed(.cents))</b>USD difference</div>
            </div>
            \(report.unpriced > 0 ? "<p>\(report.unpriced) records have no price any more; they would stay as they are.</p>" : "")
            <h2>Difference by day</h2>
            \(DayChart(days: report.days).svg)
            <h2>By customer</h2>
            \(table("customer", report.customers))
            <h2>By day</h2>
            \(table("day", report.days))
            <h2>\(largest.count < total.records ? "The \(largest.count) records that move most" : "Records")</h2>
            \(records)
            </body>
            </html>

            """
    }

    private func table(_ title: String, _ sums: [RerateReport.Sum]) -> String {
        let rows = sums.map { sum in
            """
            <tr><td>\(escaped(sum.name))</td><td class="n">\(sum.records)</td><td class="n">\(sum.before.text(.charge))</td>\
            <td class="n">\(sum.after.text(.charge))</td>\
            <td class="n \(tone(sum.difference))">\(sum.difference.signed(.charge))</td></tr>
            """
        }
        return """
            <table><tr><th>\(title)</th><th class="n">records</th><th class="n">charged</th><th class="n">would be</th>\
            <th class="n">difference</th></tr>
            \(rows.joined(separator: "\n"))
            </table>
            """
    }

    private var records: String {
        let rows = largest.map { line in
            """
            <tr><td>\(escaped(line.key))</td><td>\(line.day.text)</td><td>\(escaped(line.customerBAN ?? ""))</td>\
            <td class="n">\(line.before.text(.charge))</td><td class="n">\(line.after?.text(.charge) ?? "none")</td>\
            <td>\(escaped(line.changes.joined(separator: ", ")))</td></tr>
            """
        }
        return """
            <table><tr><th>record</th><th>day</th><th>customer</th><th class="n">charged</th><th class="n">would be</th>\
            <th>what changes</th></tr>
            \(rows.joined(separator: "\n"))
            </table>
            """
    }

    private func tone(_ difference: Money) -> String {
        difference > .zero ? "up" : difference < .zero ? "down" : ""
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

/// Bars of the days' differences, up and down from a line at zero.
private struct DayChart {
    let days: [RerateReport.Sum]
    private static let (width, half) = (960, 110)

    var svg: String {
        let most = days.map { $0.difference.units.magnitude }.max() ?? 0
        guard most > 0 else { return "<p>Nothing moves.</p>" }
        let step = Double(Self.width) / Double(days.count)
        let bars = days.enumerated().map { place, day in
            let height = Double(day.difference.units.magnitude) / Double(most) * Double(Self.half - 24)
            let isUp = day.difference > .zero
            let width = min(step * 0.7, 48)
            let x = (Double(place) + 0.5) * step - width / 2
            let y = isUp ? Double(Self.half) - height : Double(Self.half)
            return """
                <rect x="\(number(x))" y="\(number(y))" width="\(number(width))" height="\(number(max(height, 1)))" \
                fill="\(isUp ? "#c2410c" : "#15803d")"><title>\(day.name): \(day.difference.signed(.charge))</title></rect>
                """
        }
        let every = max(1, days.count / 8)
        let labels = days.enumerated().filter { $0.offset % every == 0 }.map { place, day in
            "<text x=\"\(number((Double(place) + 0.5) * step))\" y=\"\(Self.half * 2 - 4)\" text-anchor=\"middle\">\(day.name)</text>"
        }
        return """
            <svg viewBox="0 0 \(Self.width) \(Self.half * 2)" role="img" aria-label="Difference by day">
            <line x1="0" x2="\(Self.width)" y1="\(Self.half)" y2="\(Self.half)" stroke="#94a3b8"/>
            \((bars + labels).joined(separator: "\n"))
            </svg>
            """
    }

    private func number(_ value: Double) -> String { String((value * 10).rounded() / 10) }
}
