import Core
import DaemonKit
import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("CSV import files")
struct ExportFileTests {
    @Test(
        "a run's invoices stand in one file, whole, and are written again when the run was cut off before it noted so",
        .needsPostgres)
    func file() async throws {
        try await BillerWorld.with { world in
            try await world.load(
                ["name": .string("Prairie, \"Freight\"")],
                ["ban": .string("BAN2"), "id": .string(TestCustomers.summit), "payment_terms": .string("NET_0")])
            try await world.loadTaxes()
            try await world.loadSKUs()
            try await world.add([
                .call("1.25000", at: "2026-11-10T10:00:00Z"),
                .call("2.00000", at: "2026-11-10T10:00:00Z", of: TestCustomers.summit),
            ])
            let biller = world.biller()
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.exported == 2)
            let path = try #require(report.export.files.first)
            let name = URL(filePath: path).lastPathComponent
            #expect(name == "invoices-20261201T060000Z-\(report.run.id.text.prefix(8)).csv")
            let ids = try await world.texts("SELECT id::text FROM billing.invoices ORDER BY invoice_seq")
            let expected = """
                External ID,Customer,Date,Due Date,Terms,Item,Quantity,Rate,Amount,Memo,Description\r
                INV-\(ids[0]),BAN1,2026-12-01,2026-12-31,Net 30,SKU001,1,1.25,1.25,WB-000001 2026-11-01 to 2026-11-30,"Interstate calls, 1.00 min"\r
                INV-\(ids[0]),BAN1,2026-12-01,2026-12-31,Net 30,TAX-FEDERAL_USF,1,0.13,0.13,WB-000001 2026-11-01 to 2026-11-30,Federal Universal Service Fund\r
                INV-\(ids[1]),BAN2,2026-12-01,2026-12-01,Net 0,SKU001,1,2.00,2.00,WB-000002 2026-11-01 to 2026-11-30,"Interstate calls, 1.00 min"\r
                INV-\(ids[1]),BAN2,2026-12-01,2026-12-01,Net 0,TAX-FEDERAL_USF,1,0.20,0.20,WB-000002 2026-11-01 to 2026-11-30,Federal Universal Service Fund\r

                """
            // One row for each invoice, in the order of their external ids where they were made at one instant.
            let written = try String(contentsOfFile: path, encoding: .utf8)
            #expect(written.split(separator: "\r\n").sorted() == expected.split(separator: "\r\n").sorted())
            #expect(
                try await world.texts("SELECT DISTINCT channel || ' ' || state FROM billing.netsuite_exports") == [
                    "csv sent"
                ])

            try await world.pool.execute(
                "UPDATE billing.netsuite_exports SET state = 'pending' WHERE external_id = \("INV-" + ids[0])")
            try FileManager.default.removeItem(atPath: path)
            #expect(try await biller.finish(label: "later").files == [path])
            #expect(try String(contentsOfFile: path, encoding: .utf8) == written)
        }
    }

    @Test(
        "credit memos stand in a file of their own, without a due date, their amounts with the opposite sign",
        .needsPostgres)
    func creditMemos() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            try await world.loadTaxes()
            try await world.loadSKUs()
            var correction = TestUsage.call("-2.00000", at: "2026-11-10T11:00:00Z")
            correction.corrects = .random()
            try await world.add([.call("0.50000", at: "2026-11-10T10:00:00Z"), correction])
            let report = try await world.biller().runCycle(waiting: .zero)
            let path = try #require(report.export.files.first)
            #expect(report.export.files.count == 1)
            #expect(
                URL(filePath: path).lastPathComponent
                    == "credit-memos-20261201T060000Z-\(report.run.id.text.prefix(8)).csv")
            let id = try await world.texts("SELECT id::text FROM billing.invoices")[0]
            #expect(
                try String(contentsOfFile: path, encoding: .utf8) == """
                    External ID,Customer,Date,Item,Quantity,Rate,Amount,Memo,Description\r
                    INV-\(id),BAN1,2026-12-01,SKU001,1,-0.50,-0.50,WB-000001 2026-11-01 to 2026-11-30,"Interstate calls, 1.00 min"\r
                    INV-\(id),BAN1,2026-12-01,SKU001,1,2.00,2.00,WB-000001 2026-11-01 to 2026-11-30,"Interstate calls, 1.00 min, late"\r
                    INV-\(id),BAN1,2026-12-01,TAX-FEDERAL_USF,1,0.15,0.15,WB-000001 2026-11-01 to 2026-11-30,Federal Universal Service Fund\r

                    """)
        }
    }

    @Test("one export runs at a time, and what is confirmed stays so", .needsPostgres)
    func alone() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            try await world.loadSKUs()
            try await world.add([.call("1.25000", at: "2026-11-10T10:00:00Z")])
            let biller = world.biller()
            _ = try await biller.run.run()
            let beside = try await world.own.withAdvisoryLock(NetSuiteSync.lock) {
                try await biller.netSuite.export(label: "beside", waiting: .zero)
            }
            #expect(beside == NetSuiteSync.Report())
            #expect(try await world.count("SELECT count(*) FROM billing.netsuite_exports") == 0)
            #expect(try await biller.netSuite.export(label: "after", waiting: .zero).exported == 1)

            let id = try await world.texts("SELECT external_id FROM billing.netsuite_exports")[0]
            let store = biller.netSuite.store
            try await store.note(id, .confirmed, netSuiteID: "7", at: world.now)
            try await store.note(id, .unknown, detail: "no answer", at: world.now)
            #expect(
                try await world.texts(
                    "SELECT concat_ws(' ', state, netsuite_id, detail) FROM billing.netsuite_exports")
                    == ["confirmed 7"])
        }
    }

    @Test("the customer is named as over REST: an account number with characters that NetSuite refuses is escaped")
    func customer() throws {
        let invoice = try NetSuiteInvoice(
            externalID: "INV-1", entity: "A/B 7", entityName: "Prairie", date: "2026-12-01", dueDate: "2026-12-31",
            terms: "NET_30", memo: "WB-000001",
            lines: [NetSuiteInvoice.Line(item: "SKU001", amount: "1.25", description: "Calls")])
        #expect(NetSuiteCSV.file([invoice], of: invoice.kind).contains("INV-1,A_2fB_207,2026-12-01,"))
    }

    @Test("a text that a spreadsheet would take as a formula is defused, quotes are doubled")
    func quoting() {
        #expect(
            CSVText.file([["=1+1", "-5.29", "a\"b", "c,d", "-x"]]) == "'=1+1,-5.29,\"a\"\"b\",\"c,d\",'-x\r\n")
    }
}
