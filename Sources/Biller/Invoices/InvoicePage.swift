import Mustache

/// The page of an invoice.
struct InvoicePage {
    init() throws {}
    func html(of document: InvoiceDocument) throws -> String { document.text }
}
