/// NetSuite's CSV import file for invoices: one row a line, the invoice's own fields on each of them.
enum NetSuiteCSV {
    static let header = [
        "External ID", "Customer", "Date", "Due Date", "Terms", "Item", "Quantity", "Rate", "Amount", "Memo",
        "Description",
    ]

    /// The file of some documents, in their order.
    static func file(_ invoices: [NetSuiteInvoice]) -> String {
        var rows = [header]
        for invoice in invoices {
            for line in invoice.lines {
                rows.append([
                    invoice.externalID, invoice.entityID, invoice.date, invoice.dueDate,
                    invoice.terms.replacing("NET_", with: "Net "), line.item, "1", line.amount, line.amount,
                    invoice.memo, line.description,
                ])
            }
        }
        return CSVText.file(rows)
    }
}

/// CSV as RFC 4180 has it. A text that a spreadsheet would take as a formula gets an apostrophe in front.
enum CSVText {
    static func file(_ rows: [[String]]) -> String {
        rows.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func field(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first), !isNumber(text) {
            text = "'" + text
        }
        let needsQuotes = text.unicodeScalars.contains { $0 == "\"" || $0 == "," || $0 == "\r" || $0 == "\n" }
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    private static func isNumber(_ text: String) -> Bool {
        text.dropFirst().allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    }
}
