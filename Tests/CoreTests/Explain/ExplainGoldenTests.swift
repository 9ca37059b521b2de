import Core
import Foundation
import Reference
import TestSupport
import Testing

@testable import BillingCtl

/// What `billingctl explain` prints for typical records: `Tests/Fixtures/explain/NAME.json` is the record, `NAME.txt` the text,
/// `NAME.steps.json` the steps for programs. `UPDATE_GOLDEN=1` rewrites both, and git shows what changed.
@Suite("Printed explanations")
struct ExplainGoldenTests {
    static let folder = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/explain")
    static let names = [
        "call-interstate", "call-ported-local", "call-weekend", "call-minimum-charge", "call-mobile-abroad",
        "call-toll-free-inbound", "call-unanswered", "call-unrated", "call-held", "call-directory-assistance",
        "message-surcharge", "message-unrated", "query", "refused",
    ]

    @Test("each typical record is explained as the golden files say", arguments: names)
    func golden(name: String) throws {
        let record = Array(try Data(contentsOf: Self.folder.appending(path: "\(name).json")))
        try compare(try printed(record, .text(forCustomer: false)), with: "\(name).txt")
        try compare(try printed(record, .json), with: "\(name).steps.json")
    }

    @Test("no golden file without a test")
    func everyFile() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let stems = Set(files.filter { $0 != "README.md" }.map { String($0.prefix { $0 != "." }) })
        #expect(stems == Set(Self.names))
    }

    private func printed(_ record: [UInt8], _ form: OfflineExplainer.Form) throws -> String {
        let reference = VectorFiles.directory.appending(path: "ref").path
        var explainer = OfflineExplainer(
            snapshot: try ReferenceDirectory(path: reference).snapshot(), options: try RecordOptions.parse([]),
            form: form)
        return String(decoding: explainer.results(of: record), as: UTF8.self)
    }

    private func compare(_ text: String, with file: String) throws {
        let place = Self.folder.appending(path: file)
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try text.write(to: place, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: place, encoding: .utf8) == text, "\(file) is old: run with UPDATE_GOLDEN=1")
    }
}
