import Foundation
import SecondRater
import Testing

/// `WARP_FULL_SIZE` names a reference directory in which `cases.jsonl` was answered by `results.jsonl`, a conformance run.
private enum FullSize {
    static let directory = ProcessInfo.processInfo.environment["WARP_FULL_SIZE"].map { URL(filePath: $0) }
}

@Suite("A conformance run of full size", .enabled("set WARP_FULL_SIZE", { FullSize.directory != nil }))
struct FullSizeTests {
    @Test("agrees with the second rater in every case")
    func agrees() throws {
        let directory = try #require(FullSize.directory)
        var second = SecondRater(try ReferenceData(directory: directory))
        func lines(_ name: String) throws -> [Substring] {
            try String(contentsOf: directory.appending(path: name), encoding: .utf8).split(separator: "\n")
        }
        let cases = try lines("cases.jsonl")
        let results = try lines("results.jsonl")
        try #require(cases.count == results.count)
        var disagreements = 0
        for (index, (line, answer)) in zip(cases, results).enumerated() where disagreements < 20 {
            let made = try JSON(parsing: String(line))
            let result = try JSON(parsing: String(answer))
            #expect(result["id"] == made["id"])
            let kind = try #require(made["kind"].string)
            let expected = try second.evaluate(kind: kind, input: made["input"])
            let differences = expected.differences(from: result["actual"])
            if !differences.isEmpty {
                disagreements += 1
                Issue.record("second rater against engine \(differences)\ncase: \(line)\nengine: \(answer)")
            }
            if (index + 1).isMultiple(of: 25_000) { print("  \(index + 1) of \(cases.count)") }
        }
        print("\(cases.count) cases compared")
        #expect(disagreements == 0)
    }
}
