import Core
import DaemonKit

/// What a run did, for people and for scripts.
enum RunText {
    static func text(_ run: BillingRun.Report, _ export: NetSuiteSync.Report) -> String {
        var parts: [String] = []
        if run.issued.isEmpty {
            parts.append("No invoice was due.")
        } else {
            var table = TextTable(
                ["number", "BAN", "customer", "period", "usage", "taxes", "total", "amount due"], right: [4, 5, 6, 7])
            for entry in run.issued {
                let document = entry.document
                table.add([
                    entry.number, document.customer.ban, document.customer.name,
                    "\(document.periodStart) to \(document.periodEnd)", document.subtotal, document.taxTotal,
                    document.total, document.amountDue,
                ])
            }
            parts.append(table.text)
        }
        if run.empty > 0 { parts.append("\(run.empty) periods had nothing to bill.") }
        for parked in run.parked { parts.append("Held back: \(parked.ban) (\(parked.reason)).") }
        if export.exported > 0 { parts.append("\(export.exported) documents exported to NetSuite.") }
        parts += export.files.map { "Import file: \($0)" }
        if export.waiting > 0 { parts.append("\(export.waiting) documents wait for NetSuite.") }
        if export.refused > 0 { parts.append("\(export.refused) documents refused by NetSuite.") }
        return parts.joined(separator: "\n")
    }

    static func json(_ run: BillingRun.Report, _ export: NetSuiteSync.Report) -> String {
        var json = JSONWriter()
        json.object { json in
            json.field("run", run.id.text)
            json.field("cut_seq", run.cut)
            json.field("invoices", run.issued.map(\.number))
            json.field("empty_periods", run.empty)
            json.key("parked")
            json.array { json in
                for parked in run.parked {
                    json.object { json in
                        json.field("customer_ban", parked.ban)
                        json.field("reason", parked.reason)
                    }
                }
            }
            json.field("exported", export.exported)
            json.field("waiting", export.waiting)
            json.field("refused", export.refused)
            json.field("files", export.files)
        }
        return json.text
    }
}

extension InvoiceDocument {
    /// The invoice in columns, for a terminal.
    var text: String {
        var table = TextTable(["", "quantity", "", "amount"], right: [1, 3])
        for line in lines {
            let late = line.usedOn.map { " (late, used on \($0.joined(separator: ", ")))" } ?? ""
            table.add([line.description + late, line.quantity ?? "", line.unit ?? "", line.amount])
        }
        for tax in taxes { table.add([tax.name + (tax.exempt ? " (exempt)" : ""), "", "", tax.amount]) }
        table.add(["Total", "", "", total])
        if paidFromBalance != "0.00" { table.add(["Paid from balance", "", "", "-\(paidFromBalance)"]) }
        if taxDebited != "0.00" { table.add(["Tax debited from balance", "", "", "-\(taxDebited)"]) }
        table.add(["Amount due", "", "", amountDue])
        return """
            Invoice \(number ?? "(preview)")  \(customer.name) (\(customer.ban))
            \(periodStart) to \(periodEnd), invoice date \(invoiceDate), due \(dueDate)
            \(records) records, \(lateRecords) of them late; usage \(usageCharges), of it from balance \(balancePaid)

            \(table.text)
            """
    }
}
