import Core

/// Usage by day as a bar chart in SVG: drawn of integers, no script, prints as it shows.
struct UsageChart {
    private static let width = 720
    private static let plotHeight = 96
    private static let labelHeight = 18
    private static let leftMargin = 56

    /// One bar a day from the first to the last day of the usage's period; nil where all of it is 0, or where corrections take
    /// a day below it: its bar would be missing.
    static func svg(of days: [InvoiceDocument.Day], from first: UsageDay, through last: UsageDay) throws -> String? {
        var charges: [UsageDay: Money] = [:]
        for entry in days {
            guard let day = UsageDay(parsing: entry.day) else { continue }
            charges[day] = try Money(parsing: entry.charges)
        }
        let start = min(first, charges.keys.min() ?? first)
        let end = max(last, charges.keys.max() ?? last)
        guard let top = charges.values.max(), top > .zero, charges.values.allSatisfy({ $0 >= .zero }), end - start < 400
        else { return nil }
        let count = end - start + 1
        let slot = Double(width - leftMargin) / Double(count)
        var marks = axis(top: top)
        for index in 0..<count {
            let day = start.advanced(days: index)
            let x = Double(leftMargin) + slot * Double(index)
            if let charge = charges[day], charge > .zero {
                marks += bar(day, charge, top: top, x: x, width: slot)
            }
            if isLabelled(index, of: count) {
                marks +=
                    "<text class=\"axis\" x=\"\(text(x + slot / 2))\" y=\"\(plotHeight + labelHeight)\" "
                    + "text-anchor=\"middle\">\(day.civil.month)/\(day.civil.day)</text>"
            }
        }
        return """
            <svg class="chart" viewBox="0 0 \(width) \(plotHeight + labelHeight + 6)" role="img" \
            aria-label="Usage by day">\(marks)</svg>
            """
    }

    private static func bar(_ day: UsageDay, _ charge: Money, top: Money, x: Double, width slot: Double) -> String {
        // In thousandths of the plot, from exact integers; only the drawing is in pixels.
        let share = Int(Rounding.halfAwayFromZero(Int128(charge.units) * 1_000, dividedBy: Int128(top.units)))
        let height = max(2, plotHeight * share / 1_000)
        let barWidth = min(44, max(1.5, slot * 0.62))
        return """
            <rect class="bar" x="\(text(x + (slot - barWidth) / 2))" y="\(plotHeight - height)" width="\(text(barWidth))" \
            height="\(height)" rx="1.5"><title>\(day.text): \(InvoicePage.dollars(charge.text(.charge)))</title></rect>
            """
    }

    private static func axis(top: Money) -> String {
        let label = top.rounded(to: .cents) > .zero ? top.rounded(to: .cents).text(.cents) : top.text(.charge)
        return """
            <line class="grid" x1="\(leftMargin)" y1="0.5" x2="\(width)" y2="0.5"/>\
            <line class="base" x1="\(leftMargin)" y1="\(plotHeight)" x2="\(width)" y2="\(plotHeight)"/>\
            <text class="axis" x="\(leftMargin - 8)" y="9" text-anchor="end">\(InvoicePage.dollars(label))</text>\
            <text class="axis" x="\(leftMargin - 8)" y="\(plotHeight)" text-anchor="end">0</text>
            """
    }

    /// First, last and about every fifth day.
    private static func isLabelled(_ index: Int, of count: Int) -> Bool {
        let step = max(1, (count + 7) / 8)
        return index % step == 0
    }

    private static func text(_ pixels: Double) -> String {
        let tenths = Int((pixels * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
