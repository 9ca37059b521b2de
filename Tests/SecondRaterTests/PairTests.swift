import Foundation
import SecondRater
import Testing

/// `WARP_PAIRS` sets how many cases are run, `WARP_SEED` repeats a run.
@Suite("Two raters")
struct PairTests {
    private static let casesPerWorld = 250

    @Test("agree on random carriers and their records, and come by every rule")
    func agree() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["WARP_PAIRS"].flatMap { Int($0) } ?? 20_000
        let seed = environment["WARP_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64(Int64.max))
        print("Random pairs: WARP_SEED=\(seed) WARP_PAIRS=\(count)")
        let directory = FileManager.default.temporaryDirectory.appending(path: "warp-pairs-\(UUID().uuidString)")

        var seeds = SplitMix(seed: seed)
        var tally = Tally()
        while tally.cases < count, tally.disagreements < 20 {
            let worldSeed = seeds.next()
            try run(worldSeed, in: directory, min(Self.casesPerWorld, count - tally.cases), &tally)
            if count > 50_000, tally.cases % 25_000 == 0 { print("  \(tally.cases) of \(count)") }
        }
        try FileManager.default.removeItem(at: directory)
        print(tally.table)
        #expect(tally.disagreements == 0, "WARP_SEED=\(seed)")
        if count >= 20_000 {
            let unmet = SecondRater.covered.filter { tally.rules[$0] == nil }
            #expect(unmet.isEmpty, "no case came by these rules; WARP_SEED=\(seed)")
        }
    }

    /// A world of its own, written as a reference directory, and some of its cases.
    private func run(_ seed: UInt64, in directory: URL, _ count: Int, _ tally: inout Tally) throws {
        var random = SplitMix(seed: seed)
        let world = World(&random)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, text) in world.files {
            try Data(text.utf8).write(to: directory.appending(path: name))
        }
        let engine = try Engine(directory: directory)
        var second = SecondRater(try ReferenceData { try #require(world.files[$0]) })
        let maker = CaseMaker(world)
        for index in 0..<count {
            let made = maker.next(&random)
            let expected = try second.evaluate(kind: made.kind, input: made.input)
            let answer = try engine.result("\(seed)-\(index)", made.kind, made.input)
            let differences = expected.differences(from: answer["actual"])
            tally.count(made.kind, second.rules)
            guard !differences.isEmpty else { continue }
            tally.disagreements += 1
            Issue.record(
                """
                world \(seed), case \(index), \(made.kind): second rater against engine \(differences)
                case: \(made.input.text)
                second rater: \(expected.text)
                engine: \(answer.text)
                """)
        }
    }
}

/// How many cases came by each rule.
private struct Tally {
    var cases = 0
    var disagreements = 0
    var rules: [String: Int] = [:]
    private var kinds: [String: Int] = [:]

    mutating func count(_ kind: String, _ rules: Set<String>) {
        cases += 1
        kinds[kind, default: 0] += 1
        for rule in rules { self.rules[rule, default: 0] += 1 }
    }

    var table: String {
        let ofKinds = kinds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let ofRules = SecondRater.covered.map { "\($0) \(rules[$0] ?? 0)" }.joined(separator: ", ")
        return "Cases by kind: \(ofKinds)\nCases by rule: \(ofRules)"
    }
}
