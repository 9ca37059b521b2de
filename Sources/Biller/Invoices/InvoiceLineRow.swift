import Core

/// One row of `invoice_lines`: usage and fees, taxes, and what the balance paid, in the order of the page.
struct InvoiceLineRow: Hashable, Sendable {
    let kind: String
    let classKey: String
    let sku: String?
    let description: String
    let records: Int
    /// Two decimals.
    let quantity: String?
    let gross: Money
    let bundleCredit: Money
    let volumeDiscount: Money
    let promotionCredit: Money
    let net: Money
    let amount: Money
    let isExempt: Bool
    let export: String

    /// All lines of an invoice; their amounts add up to what is left to pay, but for the tax that left a prepaid balance.
    static func rows(of draft: InvoiceMaker.Draft) -> [InvoiceLineRow] {
        var rows = zip(draft.invoice.lines, draft.document.lines).map(InvoiceLineRow.init)
        rows += draft.invoice.taxes.map { tax in
            InvoiceLineRow(
                kind: "tax", classKey: tax.id, description: taxWords(tax.id), amount: tax.amount, isExempt: tax.isExempt
            )
        }
        if draft.settlement.paidFromBalance != .zero {
            rows.append(
                InvoiceLineRow(
                    kind: "balance_paid", classKey: "BALANCE_PAID", description: "Paid from balance",
                    amount: -draft.settlement.paidFromBalance))
        }
        return rows
    }

    private init(_ line: InvoiceLine, _ document: InvoiceDocument.Line) {
        kind = line.kind.rawValue
        classKey = line.classKey.text
        sku = line.sku?.text
        description = document.description
        records = line.records
        quantity = document.quantity
        gross = line.gross
        bundleCredit = line.bundleCredit
        volumeDiscount = line.volumeDiscount
        promotionCredit = line.promotionCredit
        net = line.net
        amount = line.amount
        isExempt = false
        export = line.export.rawValue
    }

    private init(kind: String, classKey: String, description: String, amount: Money, isExempt: Bool = false) {
        self.kind = kind
        self.classKey = classKey
        sku = nil
        self.description = description
        records = 0
        quantity = nil
        gross = amount
        bundleCredit = .zero
        volumeDiscount = .zero
        promotionCredit = .zero
        net = amount
        self.amount = amount
        self.isExempt = isExempt
        export = InvoiceLine.Export.ready.rawValue
    }
}
