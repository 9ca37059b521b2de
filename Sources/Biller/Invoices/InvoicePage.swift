import Core
import Mustache

/// The page of an invoice, as one sends it to a customer: one file, no script, nothing fetched.
struct InvoicePage {
    private let template: MustacheTemplate

    init() throws {
        template = try MustacheTemplate(string: InvoiceTemplate.text)
    }

    /// HTML of a document.
    func html(of document: InvoiceDocument) throws -> String {
        template.render(try InvoicePage.values(document))
    }

    private static func values(_ document: InvoiceDocument) throws -> [String: Any] {
        let isCredit = document.amountDue.hasPrefix("-")
        let isSettled = try Money(parsing: document.amountDue) <= .zero
        let usage = document.lines.filter { $0.kind == "usage" }
        let late = document.lines.filter { $0.kind == "late_usage" }
        let fees = document.lines.filter { $0.kind != "usage" && $0.kind != "late_usage" }
        var groups: [[String: Any]] = []
        if !usage.isEmpty { groups.append(["title": "Usage", "lines": try usage.map(line)]) }
        if !late.isEmpty {
            let days = (late[0].usedOn ?? []).map(shown).joined(separator: ", ")
            groups.append([
                "title": "Late usage and corrections", "note": "Used on \(days), billed with this invoice.",
                "lines": try late.map(line),
            ])
        }
        if !fees.isEmpty { groups.append(["title": "Fees", "lines": try fees.map(line)]) }
        var values: [String: Any] = [
            "title": document.number.map { "Invoice \($0)" } ?? "Invoice preview",
            "number": document.number ?? "Preview", "isPreview": document.number == nil,
            "issuer": document.issuer.name, "address": document.issuer.address, "contact": document.issuer.contact,
            "payment": document.issuer.payment, "customer": document.customer.name, "ban": document.customer.ban,
            "model": modelWords(document.customer.model),
            "period": period(document), "zone": document.timezone,
            "invoiceDate": shown(document.invoiceDate), "dueDate": shown(document.dueDate),
            "terms": termsWords(document.terms), "groups": groups,
            "taxes": document.taxes.map { tax in
                ["name": tax.name, "amount": dollars(tax.amount), "exempt": tax.exempt] as [String: Any]
            },
            "subtotal": dollars(document.subtotal), "taxTotal": dollars(document.taxTotal),
            "total": dollars(document.total),
            "amountDue": dollars(isCredit ? negated(document.amountDue) : document.amountDue),
            "amountLabel": isCredit ? "Credit" : "Amount due", "isSettled": isSettled, "isOpen": !isSettled,
            "records": grouped(String(document.records)),
        ]
        // A missing value shows nothing, an empty one its surroundings.
        if let state = document.customer.serviceState { values["state"] = state }
        // Without anything paid from a balance, the total is what is due, and stands once.
        values["showsTotal"] = document.paidFromBalance != "0.00" || document.taxDebited != "0.00"
        if document.paidFromBalance != "0.00" {
            values["paidFromBalance"] = dollars(negated(document.paidFromBalance))
        }
        if document.taxDebited != "0.00" { values["taxDebited"] = dollars(negated(document.taxDebited)) }
        if let first = UsageDay(parsing: document.periodStart), let last = UsageDay(parsing: document.periodEnd) {
            values["chart"] = try UsageChart.svg(of: document.days, from: first, through: last)
        }
        return values
    }

    private static func line(_ line: InvoiceDocument.Line) throws -> [String: Any] {
        var values: [String: Any] = [
            "description": line.description, "sku": line.sku ?? "", "amount": dollars(line.amount),
            "records": line.records > 0 ? grouped(String(line.records)) : "",
        ]
        if let quantity = line.quantity, let unit = line.unit {
            values["quantity"] = "\(grouped(quantity)) \(unit)"
        }
        let discounts = try [line.bundleCredit, line.volumeDiscount, line.promoCredit].map { try Money(parsing: $0) }
        if discounts.total() != .zero {
            let names = zip(["bundle", "volume discount", "promotion"], discounts).filter { $0.1 != .zero }.map(\.0)
            values["discount"] =
                "\(dollars(line.gross)) less \(dollars(discounts.total().text(.charge))) (\(names.joined(separator: ", ")))"
        }
        return values
    }

    /// The days of the period; one day stands alone.
    private static func period(_ document: InvoiceDocument) -> String {
        let (start, end) = (shown(document.periodStart), shown(document.periodEnd))
        return start == end ? start : "\(start) – \(end)"
    }

    /// `1 Dec 2026` of `2026-12-01`.
    static func shown(_ day: String) -> String {
        guard let (year, month, dayOfMonth) = UsageDay(parsing: day)?.civil else { return day }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(dayOfMonth) \(months[month - 1]) \(year)"
    }

    /// `$1,234.50`, `−$5.29`.
    static func dollars(_ amount: String) -> String {
        let isNegative = amount.hasPrefix("-")
        return (isNegative ? "−$" : "$") + grouped(isNegative ? String(amount.dropFirst()) : amount)
    }

    /// Thousands apart, digits behind the point as they are.
    static func grouped(_ number: String) -> String {
        let parts = number.split(separator: ".", maxSplits: 1)
        var digits = Array(parts.first ?? "")
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits) + (parts.count > 1 ? ".\(parts[1])" : "")
    }

    private static func negated(_ amount: String) -> String {
        amount.hasPrefix("-") ? String(amount.dropFirst()) : "-" + amount
    }

    private static func termsWords(_ terms: String) -> String {
        switch PaymentTerms(rawValue: terms) {
        case .net0: "due at once"
        case .net30: "30 days net"
        case .net60: "60 days net"
        case nil: terms
        }
    }

    private static func modelWords(_ model: String) -> String {
        switch BillingModel(rawValue: model) {
        case .prepaid: "Prepaid"
        case .postpaid: "Postpaid"
        case .hybrid: "Prepaid with overflow"
        case nil: model
        }
    }
}
