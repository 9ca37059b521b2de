import Core
import TestSupport
import Testing

@Suite("Matching")
struct MatchingTests {
    static func record<ID>(
        _ id: ID, callID: String = "", ani: UInt64? = 12_126_001_111, dnis: UInt64? = 13_122_001_111, after: Int64 = 0,
        billed: Int = 60, rate: String? = "0.0045", cost: String = "0.00450"
    ) throws -> StatementRecord<ID> {
        StatementRecord(
            id: id, callID: callID, ani: ani.map(PhoneNumber.init(digits:)), dnis: dnis.map(PhoneNumber.init(digits:)),
            start: wednesday.advanced(milliseconds: after), billed: billed,
            rate: try rate.map { try Rate(parsing: $0) },
            cost: try usd(cost))
    }

    @Test("a missing called number matches by call id alone, never by time (C1, C2)")
    func missingNumbers() throws {
        let byID = Matching(
            .calls, ours: [try Self.record("a", callID: "x", dnis: nil)],
            theirs: [try Self.record(1, callID: "x", dnis: nil)])
        #expect(byID.matches.map(\.status) == [.matched])
        let byTime = Matching(.calls, ours: [try Self.record("a", dnis: nil)], theirs: [try Self.record(1, dnis: nil)])
        #expect(byTime.matches.map(\.status) == [.missingOurs, .missingTheirs])
    }

    @Test("two numbers that differ do not match by the looser pass (C2)")
    func differentCallers() throws {
        let matching = Matching(
            .calls, ours: [try Self.record("a")], theirs: [try Self.record(1, ani: 14_152_005_555)])
        #expect(matching.matches.map(\.status) == [.missingOurs, .missingTheirs])
    }

    @Test("of two equally near records the one that bills alike is the partner, then the smaller id (C2)")
    func ties() throws {
        let matching = Matching(
            .calls, ours: [try Self.record("b", after: 1_000), try Self.record("a", after: -1_000, billed: 66)],
            theirs: [try Self.record(1)])
        #expect(matching.matches.first?.ours?.id == "b")
        let equal = Matching(
            .calls, ours: [try Self.record("b", after: 1_000), try Self.record("a", after: -1_000)],
            theirs: [try Self.record(1)])
        #expect(equal.matches.first?.ours?.id == "a")
    }

    @Test(
        "messages match by the gateway's id, else by destination within a minute (C7)",
        arguments: [
            (ourID: "m1", theirID: "m1", after: Int64(3_600_000), matches: true),
            ("", "m9", 60_000, true),
            ("", "m9", 60_001, false),
        ])
    func messages(ourID: String, theirID: String, after: Int64, matches: Bool) throws {
        let matching = Matching(
            .messages, ours: [try Self.record("a", callID: ourID, ani: nil, billed: 1)],
            theirs: [try Self.record(1, callID: theirID, ani: nil, after: after, billed: 1)])
        #expect(matching.matches.map(\.status) == (matches ? [.matched] : [.missingOurs, .missingTheirs]))
    }

    @Test("a vendor that bills three segments for two is caught by the count (C7)")
    func segments() throws {
        let matching = Matching(
            .messages, ours: [try Self.record("a", callID: "m", billed: 2, cost: "0.00900")],
            theirs: [try Self.record(1, callID: "m", billed: 3, cost: "0.01350")])
        #expect(matching.matches.map(\.status) == [.durationMismatch])
        #expect(matching.disputable == (try usd("0.0045")))
    }

    @Test("pairs are one to one, nothing is lost, and the order of records does not matter")
    func properties() throws {
        var generator = SeededGenerator(property: 8)
        for _ in 0..<60 {
            func side<ID>(_ ids: [ID]) throws -> [StatementRecord<ID>] {
                try ids.map { id in
                    try Self.record(
                        id, callID: ["", "", "x", "y"].randomElement(using: &generator) ?? "",
                        ani: [nil, 12_126_001_111, 14_152_005_555].randomElement(using: &generator) ?? nil,
                        dnis: [nil, 13_122_001_111].randomElement(using: &generator) ?? nil,
                        after: .random(in: 0...8, using: &generator) * 1_000,
                        billed: .random(in: 58...63, using: &generator))
                }
            }
            let ours = try side((0..<40).map { "o\(100 + $0)" })
            let theirs = try side(Array(0..<40))
            let matching = Matching(.calls, ours: ours, theirs: theirs)
            #expect(matching.matches.compactMap(\.ours?.id).sorted() == ours.map(\.id).sorted())
            #expect(matching.matches.compactMap(\.theirs?.id) == theirs.map(\.id))
            let again = Matching(
                .calls, ours: ours.shuffled(using: &generator), theirs: theirs.shuffled(using: &generator))
            #expect(again.matches == matching.matches)
            #expect(again.totals == matching.totals)
        }
    }

    @Test("a statement of a hundred thousand lines is matched in one go")
    func size() throws {
        let ours = try (0..<100_000).map { number in
            try Self.record(
                1_000_000 + number, dnis: 13_120_000_000 + UInt64(number % 5_000), after: Int64(number) * 800)
        }
        let theirs = try (0..<100_000).map { number in
            try Self.record(
                number, ani: nil, dnis: 13_120_000_000 + UInt64(number % 5_000), after: Int64(number) * 800 + 500)
        }
        let matching = Matching(.calls, ours: ours, theirs: theirs)
        #expect(matching.matches.allSatisfy { $0.status == .matched })
        #expect(!matching.totals.isDiscrepancy)
    }
}
