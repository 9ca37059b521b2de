import Core
import Reference
import Testing

@testable import BillingCtl

@Suite("Vectors of numbers, rating and plans")
struct RatingVectorTests {
    /// Files, and the kinds in them that rating answers.
    static let files: [(file: String, kinds: Set<String>)] = [
        ("normalize", ["normalize"]),
        ("ani", ["ani"]),
        ("duration", ["duration"]),
        ("charge", ["charge", "margin", "band"]),
        ("voice", ["voice"]),
        ("messages", ["message", "segments"]),
        ("api", ["api"]),
        ("batch", ["batch"]),
        ("plans", ["validate_plan"]),
    ]

    static func conformance() throws -> Conformance {
        try Conformance(directory: ReferenceDirectory(path: VectorFiles.directory.appending(path: "ref").path))
    }

    @Test("every public case gives the result that the rules demand", arguments: files)
    func vectors(file: String, kinds: Set<String>) throws {
        let conformance = try Self.conformance()
        let cases = try VectorFiles.cases(file)
        #expect(Set(cases.compactMap { $0["kind"]?.string }) == kinds)
        for vector in cases {
            let name = "\(vector["id"]?.string ?? "") \(vector["note"]?.string ?? "")"
            switch conformance.outcome(of: vector) {
            case .success(let actual):
                let differences = VectorFiles.differences(try #require(vector["expect"]), actual)
                #expect(differences.isEmpty, "\(name): \(differences)")
            case .failure(let failure): Issue.record("\(name): \(failure)")
            }
        }
    }

    @Test("a case that cannot be run says so, and the run goes on")
    func unknownKind() throws {
        let conformance = try Self.conformance()
        #expect(
            conformance.text(#"{"id": "x-1", "kind": "tea", "input": {}}"#)
                == #"{"id":"x-1","error":"no such kind of case: tea"}"# + "\n")
        let broken = try #require(conformance.text(#"{"id": "x-2", "kind""#))
        #expect(broken.hasPrefix(#"{"id":null,"error":"no JSON"#))
        #expect(conformance.text(#"{"id": 3, "kind": "voice"}"#) == #"{"id":3,"error":"/input is missing"}"# + "\n")
        #expect(conformance.text(#"{"id": "x-4", "input": {}}"#) == #"{"id":"x-4","error":"/kind is missing"}"# + "\n")
        #expect(conformance.text("[1]") == #"{"id":null,"error":"a case is a JSON object"}"# + "\n")
        #expect(conformance.text(" \t") == nil)
    }

    @Test("a result has the case's id and its fields on one line")
    func resultLine() throws {
        let conformance = try Self.conformance()
        let line = #"{"id": "n", "kind": "margin", "input": {"rate": "0.0085000", "cost": "0.0045000"}}"#
        #expect(
            conformance.text(line)
                == #"{"id":"n","actual":{"margin":"0.0040000","margin_percentage":"47.06"}}"# + "\n")
    }
}

extension Conformance {
    /// The result of a line as text; nil where there is none.
    fileprivate func text(_ line: String) -> String? {
        result(ofLine: Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
}
