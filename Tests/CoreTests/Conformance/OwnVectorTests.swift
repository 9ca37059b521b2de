import Core
import Foundation
import Reference
import Testing

@testable import BillingCtl

@Suite("Vectors of our own")
struct OwnVectorTests {
    /// Folders of cases, and the reference data they were worked out with.
    static let sets: [(cases: String, reference: String)] = [
        ("vectors-own", "vectors/ref"),
        ("vectors-own/small", "vectors-own/small/ref"),
    ]

    @Test("every case gives what the rules and docs/rating.md say", arguments: sets)
    func vectors(folder: String, reference: String) throws {
        let conformance = try Conformance(
            directory: ReferenceDirectory(path: VectorFiles.fixtures.appending(path: reference).path))
        for vector in try VectorFiles.ownCases(in: folder) {
            let name = "\(vector["id"]?.string ?? "") \(vector["note"]?.string ?? "")"
            switch conformance.outcome(of: vector) {
            case .success(let actual):
                let differences = VectorFiles.differences(try #require(vector["expect"]), actual)
                #expect(differences.isEmpty, "\(name): \(differences)")
            case .failure(let failure): Issue.record("\(name): \(failure)")
            }
        }
    }

    @Test("every case has an id of its own, names its rules and says what it is about")
    func form() throws {
        let cases = try Self.sets.flatMap { try VectorFiles.ownCases(in: $0.cases) }
        let ids = cases.compactMap { $0["id"]?.string }
        #expect(!cases.isEmpty)
        #expect(ids.count == cases.count && Set(ids).count == ids.count)
        for vector in cases {
            let id = vector["id"]?.string ?? ""
            #expect(id.hasPrefix("own-"), "\(id)")
            #expect(vector["rules"]?.elements?.isEmpty == false, "\(id)")
            #expect(vector["note"]?.string?.isEmpty == false, "\(id)")
        }
    }
}

extension VectorFiles {
    static var fixtures: URL { directory.deletingLastPathComponent() }

    /// Our own cases of all files in a folder, in the files' order.
    static func ownCases(in folder: String) throws -> [JSONValue] {
        let folder = fixtures.appending(path: folder)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "jsonl" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        return try files.flatMap { file in
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
                try JSONValue(parsing: String($0))
            }
        }
    }
}
