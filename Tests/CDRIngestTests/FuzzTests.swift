import Foundation
import TestSupport
import Testing

@testable import CDRIngest

/// The seeded slice of `deploy/test.sh --campaign fuzz`, where libFuzzer drives the same targets.
@Suite("Any bytes")
struct FuzzTests {
    private static let folder = "\(TestDatabase.repositoryRoot)/Tests/Fixtures/fuzz"

    private static func corpus(of target: FuzzTarget) throws -> [[UInt8]] {
        let folder = "\(folder)/\(target.rawValue)"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
        }
    }

    @Test("no bytes make a parser crash, hang or break its promises", arguments: FuzzTarget.allCases)
    func mutations(target: FuzzTarget) throws {
        let corpus = try Self.corpus(of: target)
        #expect(corpus.count >= 5)
        var generator = SeededGenerator(property: 2_026_1123)
        for seed in corpus {
            target.run(seed)
            for _ in 0..<200 { target.run(mutated(seed, using: &generator)) }
        }
    }

    @Test("the corpus of each target is valid input, so that mutations start where parsers do their work")
    func validCorpus() throws {
        for target in [FuzzTarget.json, .ndjson] {
            let read = try Self.corpus(of: target).flatMap { FramedBody($0, isNDJSON: false).elements }
            #expect(read.contains { if case .record = $0 { true } else { false } })
        }
        #expect(try Self.corpus(of: .spool).contains { SpoolEntry.decode($0) != nil })
    }
}
