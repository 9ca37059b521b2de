import Core
import DaemonKit
import Foundation
import Hummingbird

/// Invoices over HTTP: listed, shown, downloaded. Read as the SELECT-only role, under row-level security.
struct InvoiceRoutes: Sendable {
    let reads: CustomerReads
    let page: InvoicePage

    /// Invoices a page holds where the caller does not say.
    static let defaultPageSize = 50
    /// Invoices a page holds at the most.
    static let maximumPageSize = 500

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("invoices", use: list)
        group.get("invoices/:id", use: show)
        group.get("invoices/:id/download", use: download)
    }

    /// `GET /api/v1/billing/invoices?limit=&before=`: newest first; `next` is the cursor of the next page, null at the end.
    @Sendable
    func list(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let limit = try request.integer("limit", in: 1...InvoiceRoutes.maximumPageSize) ?? InvoiceRoutes.defaultPageSize
        let before = try request.integer("before", in: 1...Int.max)
        let invoices = try await reads.invoices(of: customer, before: before.map(Int64.init) ?? .max, limit: limit)
        var json = JSONWriter()
        json.object { json in
            json.key("invoices")
            json.array { json in for invoice in invoices { invoice.write(to: &json) } }
            json.field("next", invoices.count == limit ? invoices.last?.sequence : nil)
        }
        return .json(json.bytes)
    }

    /// `GET /api/v1/billing/invoices/{id}`: the whole document.
    @Sendable
    func show(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        .json(try await document(request, context).json().utf8)
    }

    /// `GET /api/v1/billing/invoices/{id}/download?format=html|csv`: the page, or its lines as CSV.
    @Sendable
    func download(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let document = try await document(request, context)
        let name = document.number ?? "invoice"
        switch request.uri.queryParameters["format"].map(String.init) ?? "html" {
        case "html":
            return file(try page.html(of: document), type: "text/html; charset=utf-8", name: "\(name).html")
        case "csv":
            return file(InvoiceCSV.file(document), type: "text/csv; charset=utf-8", name: "\(name).csv")
        default:
            throw APIError.invalid(pointer: "/format", reason: "BAD_FORMAT", detail: "format is html or csv")
        }
    }

    private func document(_ request: Request, _ context: DaemonRequestContext) async throws -> InvoiceDocument {
        let customer = try context.customerID(asked: request.customerAsked())
        guard let id = context.parameters.get("id").flatMap({ UUID(uuidString: $0) }),
            let document = try await reads.document(id, of: customer)
        else { throw APIError.notFound("no such invoice") }
        return document
    }

    private func file(_ text: String, type: String, name: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// The lines of an invoice as a table: one row a line, taxes and what the balance paid too; the amounts add up to what is due.
enum InvoiceCSV {
    static func file(_ document: InvoiceDocument) -> String {
        var rows = [
            [
                "invoice", "account", "period_start", "period_end", "kind", "key", "sku", "description", "records",
                "quantity", "unit", "gross", "discounts", "net", "amount",
            ]
        ]
        func row(_ kind: String, _ key: String, _ description: String, _ amount: String) -> [String] {
            head(document) + [kind, key, "", description, "", "", "", "", "", "", amount]
        }
        for line in document.lines {
            rows.append(
                head(document) + [
                    line.kind, line.classKey, line.sku ?? "", line.description, "\(line.records)", line.quantity ?? "",
                    line.unit ?? "", line.gross, discounts(line), line.net, line.amount,
                ])
        }
        for tax in document.taxes { rows.append(row("tax", tax.id, tax.name, tax.amount)) }
        if document.paidFromBalance != "0.00" {
            rows.append(row("balance_paid", "", "Usage paid from balance", "-\(document.paidFromBalance)"))
        }
        if document.taxDebited != "0.00" {
            rows.append(row("balance_paid", "", "Tax paid from balance", "-\(document.taxDebited)"))
        }
        return CSVText.file(rows)
    }

    private static func head(_ document: InvoiceDocument) -> [String] {
        [document.number ?? "", document.customer.ban, document.periodStart, document.periodEnd]
    }

    /// What the modifiers took off, digit by digit.
    private static func discounts(_ line: InvoiceDocument.Line) -> String {
        do {
            return try (Money(parsing: line.gross) - Money(parsing: line.net)).text(.charge)
        } catch {
            preconditionFailure("a document's amounts were written by us: \(error)")
        }
    }
}
