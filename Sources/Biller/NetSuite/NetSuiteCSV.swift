import DaemonKit

/// NetSuite's CSV import files, one for invoices and one for credit memos: one row a line, the document's own fields on each of them.
enum NetSuiteCSV {
    /// `invoices-<label>.csv` or `credit-memos-<label>.csv`.
    static func name(of kind: NetSuiteInvoice.Kind, label: String) -> String {
        switch kind {
        case .invoice: "invoices-\(label).csv"
        case .creditMemo: "credit-memos-\(label).csv"
        }
    }

    /// The file of some documents of one kind, in their order.
    static func file(_ documents: [NetSuiteInvoice], of kind: NetSuiteInvoice.Kind) -> String {
        var rows = [
            ["External ID", "Customer", "Date"] + dueFields(of: kind, "Due Date", "Terms")
                + ["Item", "Quantity", "Rate", "Amount", "Memo", "Description"]
        ]
        for document in documents {
            let terms = document.terms.replacing("NET_", with: "Net ")
            for line in document.lines {
                rows.append(
                    [document.externalID, document.entityID, document.date]
                        + dueFields(of: kind, document.dueDate, terms)
                        + [line.item, "1", line.amount, line.amount, document.memo, line.description])
            }
        }
        return CSVText.file(rows)
    }

    /// A credit memo is not due.
    private static func dueFields(of kind: NetSuiteInvoice.Kind, _ date: String, _ terms: String) -> [String] {
        switch kind {
        case .invoice: [date, terms]
        case .creditMemo: []
        }
    }
}
