import Core
import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("The page of an invoice")
struct InvoicePageTests {
    /// An invoice with everything on it.
    private func document(in world: BillerWorld) async throws -> InvoiceDocument {
        try await world.load([
            "cycle": .string("daily"), "model": .string("HYBRID"), "credit_limit": .string("5000.00"),
            "name": .string("Prairie <Freight> & Sons"),
            "exemptions": .array([
                .object([
                    .init(name: "tax", value: .string("il_telecom")),
                    .init(name: "valid_from", value: .string("2026-01-01")),
                ])
            ]),
        ])
        try await world.loadTaxes()
        try await world.loadSKUs()
        try await world.add([.call("0.01000", at: "2026-11-01T10:00:00Z")])
        let biller = world.biller()
        try world.move(to: "2026-11-02T06:00:00Z")
        _ = try await biller.runCycle(waiting: .zero)
        var call = TestUsage.call("1234.50000", at: "2026-11-02T10:00:00Z")
        call.debit = "234.5000"
        call.accrued = "1000.0000"
        var messages = TestUsage.call("2.00000", at: "2026-11-02T11:00:00Z")
        messages.classKey = "SMS:OUTBOUND"
        messages.taxJurisdiction = "none"
        messages.units = 1_250
        try await world.add([call, messages, .call("0.75000", at: "2026-11-01T23:00:00Z")])
        try world.move(to: "2026-11-03T06:00:00Z")
        return try #require(try await biller.runCycle(waiting: .zero).run.issued.first?.document)
    }

    @Test("it shows all that a customer asks, and its text is text", .needsPostgres)
    func contents() async throws {
        try await BillerWorld.with(at: "2026-11-02T06:00:00Z") { world in
            let document = try await document(in: world)
            let html = try InvoicePage().html(of: document)
            for text in [
                "WB-000002", "Prairie &lt;Freight&gt; &amp; Sons", "Account BAN1", "2 Nov 2026", "Text messages sent",
                "1,250 messages", "$1,234.50", "Late usage and corrections", "Used on 1 Nov 2026", "exempt",
                "Federal Universal Service Fund", "−$234.50", "<svg", "<title>2026-11-02: $1,236.50000</title>",
                "Usage paid from balance", "$\(document.amountDue.replacing("1126", with: "1,126"))", "1 Signal Road",
            ] { #expect(html.contains(text), "\(text)") }
            #expect(!html.contains("{{"))
            #expect(!html.contains("<Freight>"))
        }
    }

    @Test("it is written where documents are kept, once for each invoice", .needsPostgres)
    func archive() async throws {
        try await BillerWorld.with(at: "2026-11-02T06:00:00Z") { world in
            let document = try await document(in: world)
            let folder = world.directory.appending(path: "documents")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                    "WB-000001.html", "WB-000002.html",
                ])
            let written = try String(contentsOf: folder.appending(path: "WB-000002.html"), encoding: .utf8)
            #expect(try written == InvoicePage().html(of: document))
        }
    }

    @Test("its lines as CSV add up to what is due", .needsPostgres)
    func csv() async throws {
        try await BillerWorld.with(at: "2026-11-02T06:00:00Z") { world in
            let document = try await document(in: world)
            let rows = InvoiceCSV.file(document).split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            #expect(rows[0].last == "amount")
            #expect(rows.allSatisfy { $0.count == 15 })
            let sum = try rows.dropFirst().map { try Money(parsing: $0[14]) }.total()
            #expect(sum.text(.cents) == document.amountDue)
        }
    }

    @Test("amounts and days read as people write them")
    func words() {
        #expect(InvoicePage.dollars("1234567.80") == "$1,234,567.80")
        #expect(InvoicePage.dollars("-5.29") == "−$5.29")
        #expect(InvoicePage.grouped("999.00") == "999.00")
        #expect(InvoicePage.shown("2026-12-01") == "1 Dec 2026")
        #expect(taxWords("il_e911") == "IL E911 fee")
    }
}
