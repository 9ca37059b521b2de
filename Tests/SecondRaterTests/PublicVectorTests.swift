import Foundation
import SecondRater
import Testing

@Suite("The second rater against the vectors")
struct PublicVectorTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    @Test(
        "it gives the result that the rules demand in every public case",
        arguments: [
            "normalize", "ani", "duration", "charge", "voice", "messages", "api", "batch", "plans", "wallet", "fraud",
            "vendors", "reconcile", "invoice",
        ])
    func vectors(file: String) throws {
        try check("vectors/\(file).jsonl")
    }

    /// Cases of our own where the rules are silent and docs/rating says what we chose; the second rater, written from the rules
    /// alone, reads these otherwise.
    static let choices: Set<String> = [
        "own-batches-006", "own-calls-004", "own-calls-005", "own-calls-019", "own-invoices-014", "own-messages-005",
        "own-numbers-001", "own-numbers-006", "own-plan-faults-001", "own-plan-faults-007", "own-rating-008",
        "own-statements-001", "own-vendors-005", "own-wallet-002",
    ]

    @Test("of our own cases it differs in the named choices alone, and in each of them")
    func ownVectors() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Self.fixtures.appending(path: "vectors-own").path)
        let files = names.filter { $0.hasSuffix(".jsonl") }.sorted()
        #expect(!files.isEmpty)
        var differing: Set<String> = []
        for file in files { differing.formUnion(try differences("vectors-own/\(file)").map(\.id)) }
        #expect(differing == Self.choices)
    }

    private func check(_ path: String) throws {
        for (id, text) in try differences(path) { Issue.record("\(id): \(text)") }
    }

    /// The cases of a file whose result is not the expected one, with what differs.
    private func differences(_ path: String) throws -> [(id: String, text: String)] {
        var rater = SecondRater(try ReferenceData(directory: Self.fixtures.appending(path: "vectors/ref")))
        let text = try String(contentsOf: Self.fixtures.appending(path: path), encoding: .utf8)
        var found: [(id: String, text: String)] = []
        for line in text.split(separator: "\n") {
            let vector = try JSON(parsing: String(line))
            let kind = try #require(vector["kind"].string)
            let actual = try rater.evaluate(kind: kind, input: vector["input"])
            let differences = vector["expect"].differences(from: actual)
            guard !differences.isEmpty else { continue }
            found.append((try #require(vector["id"].string), "\(vector["note"].text): \(differences)"))
        }
        return found
    }
}
