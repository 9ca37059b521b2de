import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("Whole invoice pages")
struct InvoicePageGoldenTests {
    /// `UPDATE_GOLDEN=1` rewrites the pages, and git shows what changed.
    @Test(
        "a document's page is the one that stands in Tests/Fixtures/golden",
        arguments: ["invoice-month", "invoice-credit", "invoice-prepaid"])
    func page(name: String) throws {
        let folder = URL(filePath: "\(TestDatabase.repositoryRoot)/Tests/Fixtures/golden")
        let golden = folder.appending(path: "\(name).html")
        let json = try String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8)
        let html = try InvoicePage().html(of: InvoiceDocument(json: json))
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try html.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(try html == String(contentsOf: golden, encoding: .utf8), "run the tests with UPDATE_GOLDEN=1")
    }
}
