import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import CDRIngest

@Suite("A submission in the spool")
struct SpoolEntryTests {
    private static let gateway = Source(
        name: "gateway é", credential: .token, tokenHash: [], salt: nil, kinds: ["mdr", "dlr"], recordsPerSecond: nil,
        createdAt: "", revokedAt: nil)

    private static func submission(_ body: String, at door: IngestDoor) -> Submission {
        Submission(
            source: gateway.name, door: door, receivedAt: Instant(milliseconds: 1_795_393_800_123),
            records: FramedBody(Array(body.utf8), isNDJSON: false).elements.map {
                IncomingRecord($0, at: door, from: gateway)
            })
    }

    private static let bodies: [(String, IngestDoor)] = [
        (Sample.message("m1") + "\n" + Sample.receipt("r1") + "\n" + Sample.call("u1") + "\nnonsense\n[1,2]", .records),
        (Sample.message("m2"), .mdr), ("", .dlr), ("{", .records), ("[]", .records),
        (#"{"message_id":"m3","received_at":"2026-11-22T17:03:14.100Z","direction":"mo"}"#, .jasminMO),
    ]

    @Test(
        "comes back as it was: who, when, through which door, every record's bytes, key, content and reason",
        arguments: bodies)
    func roundTrip(body: String, door: IngestDoor) throws {
        let submission = Self.submission(body, at: door)
        let read = try #require(SpoolEntry.decode(SpoolEntry.encode(submission)))
        #expect(read.source == submission.source && read.door == submission.door)
        #expect(read.receivedAt == submission.receivedAt)
        #expect(read.records.map { Array($0.bytes) } == submission.records.map { Array($0.bytes) })
        for (left, right) in zip(read.records, submission.records) {
            switch (left.reading, right.reading) {
            case (.success(let left), .success(let right)):
                #expect(left.key == right.key && left.contentHash == right.contentHash && left.record == right.record)
            case (.failure(let left), .failure(let right)):
                #expect(left == right)
            default:
                Issue.record("a record became a reject, or the other way round")
            }
        }
    }

    @Test("bytes that are no entry, or one of another version, are none; damaged ones don't crash")
    func foreign() {
        var generator = SeededGenerator(property: 99)
        let entries = Self.bodies.map { SpoolEntry.encode(Self.submission($0.0, at: $0.1)) }
        #expect(SpoolEntry.decode([]) == nil)
        #expect(SpoolEntry.decode([2] + entries[0].dropFirst()) == nil)
        #expect(SpoolEntry.decode(entries[0] + [0]) == nil)
        for entry in entries {
            for _ in 0..<500 {
                guard let read = SpoolEntry.decode(mutated(entry, using: &generator)) else { continue }
                #expect(read.byteCount < 1 << 20)
            }
        }
    }
}
