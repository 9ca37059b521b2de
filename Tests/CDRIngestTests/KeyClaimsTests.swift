import Core
import Drivers
import Reference
import Testing

@testable import CDRIngest

@Suite("Claims on keys")
struct KeyClaimsTests {
    private static func claims(_ records: [(RecordKind, UInt64, UInt64)]) -> KeyClaims {
        KeyClaims(
            records.map { kind, key, content in
                (
                    RecordKey(kind: kind, hash: Identifier128(high: 0, low: key)),
                    Identifier128(high: 0, low: content)
                )
            })
    }

    private static func key(_ key: UInt64) -> RecordKey {
        RecordKey(kind: .cdr, hash: Identifier128(high: 0, low: key))
    }

    @Test("the first of each key claims it")
    func claimants() {
        let claims = Self.claims([(.mdr, 1, 0), (.cdr, 9, 0), (.cdr, 2, 0), (.cdr, 9, 1), (.mdr, 1, 0)])
        #expect(claims.claimants == [0, 1, 2])
        #expect(claims.claimant(of: Self.key(9)) == 1)
    }

    @Test("what follows a new key in its batch is a repeat where it says the same, else a conflict")
    func newKeys() {
        let claims = Self.claims([(.cdr, 1, 7), (.cdr, 1, 8), (.cdr, 1, 7), (.cdr, 2, 7)])
        let standings = claims.standings(taken: [true, false, false, true], owners: [:])
        #expect(standings == [.first, .conflict, .repeated, .first])
    }

    @Test("against a key of another commit every record is compared with its owner, not with the batch's first")
    func ownedKeys() {
        let claims = Self.claims([(.cdr, 1, 7), (.cdr, 1, 8), (.cdr, 1, 7)])
        let owners = [Self.key(1): Identifier128(high: 0, low: 8)]
        #expect(claims.standings(taken: [false, false, false], owners: owners) == [.conflict, .repeated, .conflict])
    }

    @Test("rows of a day whose numbers follow each other are one span; a gap or another day ends it")
    func runs() throws {
        let monday = try #require(UsageDay(parsing: "2026-11-23"))
        let numbers: [(Int64, UsageDay)] = [
            (5, monday), (3, monday), (4, monday), (6, monday.advanced(days: -1)), (8, monday),
        ]
        let element = try #require(try JSONRecords(parsing: Array(Sample.call("u").utf8)).first)
        let call = try RecordReader.read(element)
        let rows = numbers.map { number, day in
            RawRow(
                id: Identifier128(high: 0, low: 1), sequence: number, day: day, source: "switch",
                receivedAt: Instant(milliseconds: 0), isConflict: false, read: call, document: [])
        }
        let spans = RawSpan.runs(kind: .cdr, of: rows)
        #expect(spans.map { [$0.first, $0.last, Int64($0.count)] } == [[3, 5, 3], [6, 6, 1], [8, 8, 1]])
        #expect(spans.map(\.day) == [monday, monday.advanced(days: -1), monday])
    }
}
