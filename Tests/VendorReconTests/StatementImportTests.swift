import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import VendorRecon

@Suite("Statement import", .needsPostgres)
struct StatementImportTests {
    @Test("a file is imported once, whatever it is called")
    func once() async throws {
        try await ReconWorld.with { world in
            let lines = "2026-11-22T10:00:00.000Z,a,outbound,6304207501,+16467007042,55,60,0.0045,0.00450,USD\n"
            guard case .imported(1, let faults, let days) = try await world.importStatement(lines) else {
                Issue.record("the file is new")
                return
            }
            #expect(faults.isEmpty)
            #expect(days == [world.day])
            guard case .knownAlready(let name) = try await world.importStatement(lines, name: "again.csv") else {
                Issue.record("the file is known")
                return
            }
            #expect(name == "telnyx-2026-11-22.csv")
            let numbers = try await world.text("SELECT concat_ws(' ', ani, dni) FROM billing.vendor_statement_cdr")
            #expect(numbers == "+16304207501 +16467007042")
        }
    }

    @Test("lines that cannot be read are put aside with their numbers, the others are imported")
    func badLines() async throws {
        try await ReconWorld.with { world in
            let outcome = try await world.importStatement(
                """
                yesterday,a,outbound,6304207501,+16467007042,55,60,0.0045,0.00450,USD
                2026-11-22T10:00:00.000Z,b,outbound,6304207501,+16467007042,55,sixty,0.0045,0.00450,USD
                2026-11-22T10:00:00.000Z,c,outbound,6304207501,+16467007042,55,60,0.0045,much,USD
                2026-11-22T10:00:00.000Z,d,outbound,6304207501,+16467007042,55,60,0.0045,0.00450,USD

                """)
            guard case .imported(let lines, let faults, _) = outcome else {
                Issue.record("the file is new")
                return
            }
            #expect(lines == 1)
            #expect(faults.map(\.number) == [1, 2, 3])
            #expect(try await world.text("SELECT string_agg(callid, ',') FROM billing.vendor_statement_cdr") == "d")
            #expect(try await world.text("SELECT count(*) FROM billing.vendor_statement_faults") == "3")
        }
    }

    @Test("a file without the format's columns is refused, and the columns are named")
    func wrongHeader() async throws {
        try await ReconWorld.with { world in
            let file = world.directory.appending(path: "other.csv")
            try "when,who\n1,2\n".write(to: file, atomically: true, encoding: .utf8)
            let error = await #expect(throws: ReconError.self) {
                try await world.importer.run(file: file.path, vendor: "telnyx", format: nil, invoiceDate: nil)
            }
            #expect(error?.description.contains("'Billed Duration (sec)'") == true)
        }
    }

    @Test("an unknown vendor is refused by name")
    func unknownVendor() async throws {
        try await ReconWorld.with { world in
            await #expect(throws: ReconError.self) {
                try await world.importer.run(file: "/dev/null", vendor: "nobody", format: nil, invoiceDate: nil)
            }
        }
    }

    @Test(
        "stamps are read in the vendor's own dress and zone",
        arguments: [
            ("iso8601", "2026-11-22T10:00:00Z", "America/New_York", "2026-11-22T10:00:00.000Z"),
            ("iso8601", "2026-11-22 05:00:00", "America/New_York", "2026-11-22T10:00:00.000Z"),
            ("MM/dd/yyyy HH:mm:ss", "07/04/2026 06:00:00", "America/New_York", "2026-07-04T10:00:00.000Z"),
            ("dd.MM.yyyy HH:mm:ss.SSS", "22.11.2026 10:00:00.250", "UTC", "2026-11-22T10:00:00.250Z"),
        ])
    func stamps(_ format: String, _ written: String, _ zone: String, _ instant: String) throws {
        let zone = try #require(TimeZone(identifier: zone))
        #expect(StampFormat(format).instant(written, in: zone)?.text == instant)
    }

    @Test("a stamp in other dress is none")
    func otherDress() {
        #expect(StampFormat("MM/dd/yyyy").instant("2026-11-22", in: .gmt) == nil)
        #expect(StampFormat("MM/dd/yyyy").instant("13/01/2026", in: .gmt) == nil)
    }
}
