import Core
import Foundation

/// A document as NetSuite gets it: what `netsuite_exports.body` keeps, whichever way it goes.
///
/// It carries revenue and taxes. What a balance paid is no line of it: money reaches NetSuite as payments. One whose lines sum up to
/// less than zero is a credit memo, its amounts with the opposite sign: NetSuite has no invoice below zero.
struct NetSuiteInvoice: Codable, Hashable, Sendable {
    /// `INV-<uuid>`, for lines that were released later `INV-<uuid>-R1`: what makes a repeat harmless.
    let externalID: String
    /// The customer's BAN.
    let entity: String
    let entityName: String
    let date: String
    let dueDate: String
    /// `NET_30`.
    let terms: String
    let memo: String
    /// With the sign that they have in NetSuite.
    let lines: [Line]
    /// What NetSuite keeps it as: `netsuite_exports.record_type`.
    private(set) var kind = Kind.invoice

    enum Kind: String, Sendable {
        case invoice, creditMemo
    }

    struct Line: Codable, Hashable, Sendable {
        /// The item's external id: a SKU, or `TAX-…`.
        let item: String
        /// Two decimals; the line's rate too, since its quantity is 1: NetSuite must not multiply.
        let amount: String
        let description: String
    }

    private enum CodingKeys: String, CodingKey {
        case externalID, entity, entityName, date, dueDate, terms, memo, lines
    }

    /// How NetSuite knows the customer, whichever way the document goes.
    var entityID: String { NetSuite.externalID(entity) }

    /// Σ lines.
    func total() throws -> Money { try lines.map { try Money(parsing: $0.amount) }.total() }

    /// As `netsuite_exports.body` holds it.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// From `netsuite_exports.body` and `record_type`.
    init(json: String, kind: Kind) throws {
        self = try JSONDecoder().decode(NetSuiteInvoice.self, from: Data(json.utf8))
        self.kind = kind
    }

    /// - Parameter lines: with the sign that they have on the invoice.
    init(
        externalID: String, entity: String, entityName: String, date: String, dueDate: String, terms: String,
        memo: String, lines: [Line]
    ) throws {
        self.externalID = externalID
        self.entity = entity
        self.entityName = entityName
        self.date = date
        self.dueDate = dueDate
        self.terms = terms
        self.memo = memo
        let amounts = try lines.map { try Money(parsing: $0.amount) }
        guard amounts.total() < .zero else {
            self.lines = lines
            return
        }
        kind = .creditMemo
        self.lines = zip(lines, amounts).map { line, amount in
            Line(item: line.item, amount: (-amount).text(.cents), description: line.description)
        }
    }
}
