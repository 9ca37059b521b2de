import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

/// The day of the tutorial, captured records among it, against what an independent script worked out for each record.
@Suite("The tutorial's day", .needsPostgres, .serialized)
struct TutorialDayTests {
    static let folder = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/tutorial")
    /// What the daemons' clock says when the day is sent.
    static let evening = Instant(parsing: "2026-11-23T00:30:00.000Z")!

    @Test("every record that was accepted has the outcome, the flags and the amounts that the rules give it")
    func day() async throws {
        try await PollerWorld.with(Self.folder.path, at: Self.evening) { world in
            let records = try Self.records()
            try #require(records.count > 1_500)
            let parts = world.parts(batchRows: 100)
            for step in try Self.steps() {
                world.clock.advance(to: step.clock)
                let own = records.filter { $0.file == step.file }
                for kind in RawKind.allCases {
                    let kindly = own.filter { $0.kind == kind }
                    try await world.add(kind, kindly.filter { !$0.isConflict }.map(\.document))
                    try await world.add(kind, kindly.filter(\.isConflict).map(\.document), isConflict: true)
                }
                try await world.sweep(parts)
            }
            // The late records came a day later: whatever waited for its call has waited long enough.
            try await parts.tick.retryParked()

            let outcomes = try await world.outcomes()
            let (evidence, usage) = (
                records.filter { $0.status == "evidence" }, records.filter { $0.status != "evidence" }
            )
            for record in usage {
                let found = record.isConflict ? outcomes[record.key + "|conflict"] : outcomes[record.key]
                let differences = record.differences(from: found)
                #expect(differences == [], "\(record.file) \(record.number) \(record.key)")
            }
            #expect(outcomes.count == usage.count)
            #expect(try await world.counts()["evidence"] == "\(evidence.count)")
        }
    }

    /// One line of the expectations, with its record's own bytes.
    struct Record {
        let file: String
        let number: Int
        let kind: RawKind
        let key: String
        let document: String
        let expected: Core.JSONValue

        var status: String { expected["status"]?.string ?? "" }
        var flags: String { (expected["flags"]?.elements ?? []).compactMap(\.string).joined(separator: ",") }
        var isConflict: Bool { flags == "DUPLICATE_CONFLICT" }

        /// What of the outcome is not as expected.
        func differences(from outcome: [String: String]?) -> [String] {
            guard let outcome else { return ["no outcome"] }
            return (expected.fields ?? []).compactMap { field in
                guard !Self.left.contains(field.name), !isConflict || ["status", "flags"].contains(field.name) else {
                    return nil
                }
                let wanted = field.name == "flags" ? flags : Self.text(field.value)
                let found = outcome[field.name]
                return wanted == found ? nil : "\(field.name): \(found ?? "null") for \(wanted ?? "null")"
            }
        }

        /// What the expectations say of other daemons.
        private static let left: Set<String> = [
            "file", "record", "record_type", "key", "http", "verdict", "accrued", "debit",
        ]

        private static func text(_ value: Core.JSONValue) -> String? {
            switch value {
            case .string(let text), .number(let text): text
            case .null, .bool, .array, .object: nil
            }
        }
    }

    /// The files of the day in the order of sending, and what the clock says then.
    private static func steps() throws -> [(file: String, clock: Instant)] {
        let manifest = try JSONValue(parsing: try Data(contentsOf: folder.appending(path: "traffic/manifest.json")))
        return try (manifest.elements ?? []).map { step in
            (
                file: try #require(step["file"]?.string),
                clock: try #require(step["clock"]?.string.flatMap { Instant(parsing: $0) })
            )
        }
    }

    /// The accepted records in the order of the day, receipts left out.
    private static func records() throws -> [Record] {
        let lines = try String(contentsOf: folder.appending(path: "expected_records.jsonl"), encoding: .utf8)
        var files: [String: [String]] = [:]
        return try lines.split(separator: "\n").compactMap { line in
            let expected = try JSONValue(parsing: String(line))
            guard expected["verdict"]?.string == "accepted", let type = expected["record_type"]?.string,
                let kind = RecordKind(recordType: type), let raw = RawKind.allCases.first(where: { $0.record == kind }),
                let file = expected["file"]?.string, let number = expected["record"]?.integer
            else { return nil }
            if files[file] == nil { files[file] = try documents(of: file) }
            let key = expected["key"]
            let parts = key?.elements?.map { $0.string ?? $0.integer.map(String.init) ?? "" } ?? [key?.string ?? ""]
            return Record(
                file: file, number: number, kind: raw, key: "\(kind.name) \(parts.joined(separator: "|"))",
                document: try #require(files[file]?[number - 1]), expected: expected)
        }
    }

    /// The records of a file, NDJSON or an array, as their bytes stand there.
    private static func documents(of file: String) throws -> [String] {
        let data = try Data(contentsOf: folder.appending(path: "traffic/\(file)"))
        return try JSONRecords(parsing: Array(data)).map { element in
            switch element {
            case .record(let record): String(decoding: record.rawBytes, as: UTF8.self)
            case .broken: ""
            }
        }
    }
}
