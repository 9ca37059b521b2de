import Core
import Foundation
import Reference
import Testing

@Suite("Reference data from files")
struct ReferenceDirectoryTests {
    /// A folder with these files, gone after the body.
    private func withFolder(_ files: [String: String], _ body: (ReferenceDirectory) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "warp-reference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do {
                try FileManager.default.removeItem(at: folder)
            } catch {
                Issue.record("the folder stays behind: \(error)")
            }
        }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        try body(ReferenceDirectory(path: folder.path))
    }

    @Test("columns are found by their names, and an empty field is null")
    func columns() throws {
        let files = [
            "meta.json": #"{"version": "2026-11"}"#,
            "npa.csv": "state,npa,country,type\nIL,312,US,geo\n,800,US,tollfree\n",
            "lerg.csv": "npa,nxx,x,ocn,lata,state,rate_center,switch\n312,200,A,1111,,IL,\"CHICAGO, IL\",\n",
        ]
        try withFolder(files) { directory in
            let snapshot = try directory.snapshot()
            #expect(snapshot.version == "2026-11")
            let numbers = snapshot.tables.numbers
            #expect(numbers.plan.areaCode(312)?.state == "IL")
            #expect(numbers.plan.areaCode(800)?.state == nil)
            let block = try #require(numbers.lerg.block(of: NationalNumber(digits: 3_122_001_234)))
            #expect(numbers.names[block.rateCenter] == "CHICAGO, IL")
            #expect(numbers.names[block.lata] == nil)
        }
    }

    @Test(
        "a row that cannot be used names its file, line and reason",
        arguments: [
            ("npa.csv", "npa,type,country,state\n312,geo,US,IL\n31,geo,US,IL\n", "npa.csv:3: npa has 3 digits"),
            ("lerg.csv", "npa,nxx,x\n312,200,B\n", "lerg.csv:2: x has 1 digits"),
            (
                "lrn.csv", "number,lrn,spid,activated\n3122001234,3122010000,1,yesterday\n",
                "lrn.csv:2: the activation is no ISO 8601 time"
            ),
            (
                "decks.csv", "deck,scope,prefix,interstate,effective_date\nd,domestic,312,0.12345678,2024-01-01\n",
                "decks.csv:2: interstate is no decimal from 0 on with at most seven places"
            ),
            (
                "rate_plans.json", #"[{"id": "p1", "type": "fax", "rates": {}}]"#,
                "rate_plans.json: p1: a plan has a type and rates"
            ),
            ("customers.json", #"[{"ban": "B1", "id": "7"}]"#, "customers.json: B1: id is no UUID"),
            ("vendors.json", "{", "vendors.json:byte 1: a quote is missing"),
        ])
    func faults(file: String, text: String, description: String) throws {
        try withFolder([file: text]) { directory in
            let fault = #expect(throws: ReferenceFault.self) { try directory.snapshot() }
            #expect(fault?.description == description)
        }
    }
}
