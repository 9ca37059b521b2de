import Core
import TestSupport
import Testing

@testable import Poller

@Suite("Batches of spans")
struct PipelinePartsTests {
    private static let bucket = OutcomeBuckets.size

    private func span(_ first: Int64, _ last: Int64, day: String = "2025-03-12") -> UsageSpan {
        UsageSpan(kind: .rawCDR, day: UsageDay(parsing: day)!, first: first, last: last)
    }

    private func texts(_ parts: [[UsageSpan]]) -> [[String]] {
        parts.map { $0.map { "\($0.first)-\($0.last)" } }
    }

    @Test("small spans go together, in their order")
    func together() {
        #expect(texts(UsagePipeline.parts(of: [span(1, 3), span(9, 9)], rows: 10)) == [["1-3", "9-9"]])
        #expect(UsagePipeline.parts(of: [], rows: 10).isEmpty)
    }

    @Test("a long span is cut at the last border of a bucket that fits")
    func borders() {
        let parts = UsagePipeline.parts(of: [span(1_000, 9_999)], rows: 4_096)
        #expect(texts(parts) == [["1000-4095"], ["4096-8191"], ["8192-9999"]])
        for part in parts.dropFirst() { #expect(part[0].first % Self.bucket == 0) }
    }

    @Test("where no border fits, a span is cut where the room ends")
    func withoutBorder() {
        #expect(texts(UsagePipeline.parts(of: [span(1, 25)], rows: 10)) == [["1-10"], ["11-20"], ["21-25"]])
    }

    @Test("what does not fit after another span begins the next part")
    func room() {
        #expect(
            texts(UsagePipeline.parts(of: [span(1, 8), span(101, 105)], rows: 10)) == [
                ["1-8", "101-102"], ["103-105"],
            ])
        #expect(texts(UsagePipeline.parts(of: [span(1, 10), span(101, 103)], rows: 10)) == [["1-10"], ["101-103"]])
    }

    @Test("parts hold every number once and no more than asked for, whatever the spans are")
    func everything() {
        var random = SeededGenerator(seed: 20_261_123)
        for _ in 0..<300 {
            var next: Int64 = 1
            var spans: [UsageSpan] = []
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                next += Int64.random(in: 0...5_000, using: &random)
                let last = next + Int64.random(in: 0...6_000, using: &random)
                spans.append(span(next, last))
                next = last + 1
            }
            let rows = Int.random(in: 1...9_000, using: &random)
            let parts = UsagePipeline.parts(of: spans, rows: rows)
            #expect(parts.allSatisfy { part in part.reduce(0) { $0 + $1.count } <= rows })
            let pieces = parts.flatMap { $0 }
            #expect(pieces.allSatisfy { $0.first <= $0.last })
            #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.last < $1.first })
            #expect(pieces.reduce(0) { $0 + $1.count } == spans.reduce(0) { $0 + $1.count })
        }
    }
}
