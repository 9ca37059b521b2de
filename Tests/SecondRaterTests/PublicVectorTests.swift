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

    @Test("and in every case of our own")
    func ownVectors() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Self.fixtures.appending(path: "vectors-own").path)
        let files = names.filter { $0.hasSuffix(".jsonl") }.sorted()
        #expect(!files.isEmpty)
        for file in files { try check("vectors-own/\(file)") }
    }

    private func check(_ path: String) throws {
        var rater = SecondRater(try ReferenceData(directory: Self.fixtures.appending(path: "vectors/ref")))
        let text = try String(contentsOf: Self.fixtures.appending(path: path), encoding: .utf8)
        for line in text.split(separator: "\n") {
            let vector = try JSON(parsing: String(line))
            let kind = try #require(vector["kind"].string)
            let actual = try rater.evaluate(kind: kind, input: vector["input"])
            let differences = vector["expect"].differences(from: actual)
            #expect(differences.isEmpty, "\(vector["id"].text) \(vector["note"].text): \(differences)")
        }
    }
}
