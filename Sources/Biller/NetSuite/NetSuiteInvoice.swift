import Core
import Foundation

/// A document as NetSuite gets it: what `netsuite_exports.body` keeps, whichever way it goes.
///
/// It carries revenue and taxes. What a balance paid is no line of it: money reaches NetSuite as payments.
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
    let lines: [Line]

    struct Line: Codable, Hashable, Sendable {
        /// The item's external id: a SKU, or `TAX-…`.
        let item: String
        /// Two decimals; the line's rate too, since its quantity is 1: NetSuite must not multiply.
        let amount: String
        let description: String
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

    /// From `netsuite_exports.body`.
    init(json: String) throws {
        self = try JSONDecoder().decode(NetSuiteInvoice.self, from: Data(json.utf8))
    }

    init(
        externalID: String, entity: String, entityName: String, date: String, dueDate: String, terms: String,
        memo: String, lines: [Line]
    ) {
        self.externalID = externalID
        self.entity = entity
        self.entityName = entityName
        self.date = date
        self.dueDate = dueDate
        self.terms = terms
        self.memo = memo
        self.lines = lines
    }
}
