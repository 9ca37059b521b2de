import Core
import Foundation

/// An invoice as it is kept and shown: everything on it, as text, fixed at issue. HTML, CSV and answers over HTTP are made of it and
/// of nothing else, so that they say the same years later.
struct InvoiceDocument: Codable, Hashable, Sendable {
    /// Nil in a preview.
    var number: String?
    let issuer: Issuer
    let customer: Party
    let periodStart: String
    let periodEnd: String
    let timezone: String
    let invoiceDate: String
    let dueDate: String
    let terms: String
    let lines: [Line]
    let subtotal: String
    let taxes: [Tax]
    let taxTotal: String
    /// Subtotal and taxes, before what the balance paid.
    let total: String
    /// The line "paid from balance", two decimals.
    let paidFromBalance: String
    /// The tax that leaves a prepaid balance at issue (M26).
    let taxDebited: String
    /// What is left to pay; below zero a credit.
    let amountDue: String
    /// What the balance took of these records, to its four decimals.
    let balancePaid: String
    let accruedCarried: String
    /// Before discounts, five decimals.
    let usageCharges: String
    let records: Int
    let lateRecords: Int
    let form499: RevenueClasses
    let days: [Day]

    struct Issuer: Codable, Hashable, Sendable {
        let name: String
        let address: [String]
        let contact: String
        let payment: String
    }

    struct Party: Codable, Hashable, Sendable {
        let id: String
        let ban: String
        let name: String
        let model: String
        let serviceState: String?
    }

    struct Line: Codable, Hashable, Sendable {
        let kind: String
        let classKey: String
        let sku: String?
        let description: String
        let records: Int
        /// Minutes with two decimals, or units; nil for fees.
        let quantity: String?
        /// `min`, `messages`, `queries`.
        let unit: String?
        let gross: String
        let bundleCredit: String
        let volumeDiscount: String
        let promoCredit: String
        let net: String
        let amount: String
        let export: String
        /// The days of late usage.
        let usedOn: [String]?
    }

    struct Tax: Codable, Hashable, Sendable {
        let id: String
        let name: String
        let amount: String
        let exempt: Bool
    }

    /// Rule T5.
    struct RevenueClasses: Codable, Hashable, Sendable {
        let `class`: String
        let interstate: String
        let international: String
        let intrastate: String
        let nonTelecom: String
    }

    struct Day: Codable, Hashable, Sendable {
        let day: String
        let records: Int
        let charges: String
    }
}

extension InvoiceDocument {
    /// As `invoices.document` holds it.
    func json(pretty: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// From `invoices.document`.
    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(InvoiceDocument.self, from: Data(json.utf8))
    }
}
