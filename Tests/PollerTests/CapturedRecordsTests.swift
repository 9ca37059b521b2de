import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("What real Kamailio and real Jasmin sent", .needsPostgres, .serialized)
struct CapturedRecordsTests {
    private static let folder = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/captured")

    @Test("every captured record ends in the status that the rules give it, for the reasons listed")
    func statuses() async throws {
        try await PollerWorld.with(TutorialDayTests.folder.path, at: TutorialDayTests.evening) { world in
            let parts = world.parts()
            var door = FirstSeen()
            var counts: [String: Int] = [:]
            for capture in Captured.files {
                let body = try Data(contentsOf: Self.folder.appending(path: capture.file))
                let bodies = try JSONRecords(parsing: Array(body))
                try #require(bodies.count == capture.records.count, "\(capture.file)")
                for (record, element) in zip(capture.records, bodies) {
                    let reading = try RecordReader.read(element)
                    #expect(reading.kind.name == Self.kinds[record.kind], "\(capture.file) \(record)")
                    #expect(reading.isKnown(as: record.key), "\(capture.file) \(record)")
                    counts["\(record.kind) \(record.status)", default: 0] += 1
                    let isNew = door.takes(reading)
                    #expect(isNew == (record.status != "repeat"), "\(capture.file) \(record)")
                    guard isNew, let kind = RawKind.allCases.first(where: { $0.record == reading.kind }) else {
                        continue
                    }
                    guard case .record(let body) = element else { continue }
                    let document = String(decoding: body.rawBytes, as: UTF8.self)
                    try await parts.pipeline.handle(try await world.add(kind, [document]))
                }
            }
            #expect(counts == Self.counts)
            try await world.sweep(parts)
            // The attempts whose calls never came are stored without them after a quarter of an hour.
            world.clock.advance(seconds: 1_000)
            try await world.sweep(parts)
            try await parts.tick.retryParked()

            let outcomes = try await world.outcomes()
            for capture in Captured.files {
                for record in capture.records where record.hasOutcome {
                    let found = outcomes.filter { record.names($0.key) }.map(\.value)
                    #expect(found.map { $0["status"] } == [record.storedStatus], "\(capture.file) \(record)")
                    let flags = found.map { ($0["flags"] ?? "").split(separator: ",").map(String.init) }
                    #expect(flags == [record.flags], "\(capture.file) \(record)")
                }
            }
            #expect(outcomes.count == 52 + 64 + 20)
            let sums = try await world.counts()
            #expect(
                sums == ["rated": "25", "not_billable": "15", "unrated": "29", "held": "3", "evidence": "1"])
        }
    }

    /// How the table's words are called at the door.
    private static let kinds = ["call": "cdr", "attempt": "vendor-cdr", "message": "mdr", "receipt": "dlr"]

    /// What the table comes to: everything that was captured, once more by hand.
    private static let counts = [
        "call rated": 16, "call not_billable": 14, "call unrated": 19, "call held": 3, "call repeat": 26,
        "attempt stored": 64, "attempt repeat": 33,
        "message rated": 9, "message not_billable": 1, "message unrated": 10, "message evidence": 1,
        "receipt stored": 9, "receipt repeat": 1,
    ]
}

/// What was seen before, as the door decides it (rule G8).
private struct FirstSeen {
    private var seen: [Identifier128: Identifier128] = [:]

    /// Whether the record is new; what was seen with the same content is a repeat.
    mutating func takes(_ reading: RecordReading) -> Bool {
        guard let first = seen[reading.keyHash] else {
            seen[reading.keyHash] = reading.contentHash
            return true
        }
        #expect(first == reading.contentHash, "\(reading.naturalKey) came with other content")
        return false
    }
}

extension RecordReading {
    /// Whether the table means this record by a key.
    fileprivate func isKnown(as key: String) -> Bool {
        switch record {
        case .call(let call): call.sipUUID.hasPrefix(key)
        case .attempt(let attempt): "\(attempt.sipUUID.prefix(8))/\(attempt.attemptNumber)" == key
        case .message(let message): message.messageID.hasPrefix(key)
        case .receipt(let receipt): receipt.smscMessageID == key
        case .query: false
        }
    }
}

extension Capture.Record {
    /// Whether the poller keeps a row of its own for it.
    fileprivate var hasOutcome: Bool { kind != "receipt" && status != "repeat" && status != "evidence" }

    /// As `PollerWorld.outcomes` names it.
    fileprivate var storedStatus: String { kind == "attempt" ? "attempt" : status }

    /// Whether an outcome's name, `vendor-cdr 482bfa55-…|2`, is this record's.
    fileprivate func names(_ outcome: String) -> Bool {
        switch kind {
        case "call": outcome.hasPrefix("cdr \(key)")
        case "message": outcome.hasPrefix("mdr \(key)")
        case "attempt":
            outcome.hasPrefix("vendor-cdr \(key.prefix(8))") && outcome.hasSuffix("|\(key.dropFirst(9))")
        default: false
        }
    }
}
