import Core
import Testing

@Suite("Values of usage records")
struct UsageValueTests {
    @Test("flags stand in ASCII order and have one name each (G5)")
    func flagOrder() {
        let names = Flag.allCases.map(\.name)
        #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(Set(names).count == names.count)
        #expect(names.count <= 64)
        #expect(
            Flags([.zeroRated, .aniMissing, .segmentMismatch, .segmentsAssumed]).names
                == ["ANI_MISSING", "SEGMENTS_ASSUMED", "SEGMENT_MISMATCH", "ZERO_RATED"])
        #expect(Flag(name: "NO_RATE") == .noRate)
        #expect(Flag(name: "NO_SUCH") == nil)
    }

    @Test("identifiers are written as RFC 9562 writes them")
    func identifiers() {
        let text = "123e4567-e89b-42d3-a456-426614174000"
        #expect(UsageID(parsing: text)?.text == text)
        #expect(CustomerID(parsing: text.uppercased())?.text == text)
        #expect(UsageID(parsing: "123e4567e89b42d3a456426614174000") == nil)
        #expect(UsageID(parsing: text + "0") == nil)
    }

    @Test("a BAN has 1 to 50 characters")
    func ban() throws {
        #expect(try BAN(parsing: "BAN1").text == "BAN1")
        #expect(throws: RejectReason.self) { try BAN(parsing: "") }
        #expect(throws: RejectReason.self) { try BAN(parsing: String(repeating: "9", count: 51)) }
    }

    @Test(
        "a stamp that cannot be read is neither absent nor a time (G4, D3)",
        arguments: [
            (nil, Stamp.absent), ("  ", .absent), ("0000-00-00 00:00:00", .unreadable), ("1795366994", .unreadable),
            ("2025-03-12T10:00:00.0009-05:00", .at(Instant(milliseconds: 1_741_791_600_000))),
        ] as [(String?, Stamp)])
    func stamps(text: String?, stamp: Stamp) {
        #expect(Stamp(parsing: text) == stamp)
    }

    @Test("an attempt without its end is dirty, one that nobody answered is not (Q2)")
    func attempts() {
        var attempt = VendorAttempt(
            id: UsageID(Identifier128(high: 0, low: 0)), sipUUID: "u", attemptNumber: 1, vendor: VendorName("telnyx"))
        attempt.disposition = "BUSY"
        #expect(!attempt.isDirty)
        attempt.disposition = "Answered"
        #expect(attempt.isAnswered)
        #expect(attempt.isDirty)
        attempt.answer = Stamp(parsing: "2025-03-12T15:00:00Z")
        #expect(attempt.isDirty)
        attempt.end = Stamp(parsing: "2025-03-12T15:00:10Z")
        #expect(!attempt.isDirty)
    }
}
