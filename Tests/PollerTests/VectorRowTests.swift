import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Raw records to rows", .needsPostgres, .serialized)
struct VectorRowTests {
    @Test(
        "every worked example reaches its row with every column of its evidence",
        arguments: [
            Service(kind: .call, file: "voice.jsonl", caseKind: "voice", key: "sip_uuid"),
            Service(kind: .message, file: "messages.jsonl", caseKind: "message", key: "msgid"),
            Service(kind: .query, file: "api.jsonl", caseKind: "api", key: "id"),
        ])
    func rows(service: Service) async throws {
        try await PollerWorld.with { world in
            let cases = try service.cases()
            for example in cases {
                // Seen when its switch wrote it, so that none is too old.
                let created = example.input["created_at"]?.string ?? example.input["at"]?.string
                let received = created.flatMap { Instant(parsing: $0) } ?? PollerWorld.start
                try await world.add(service.kind, [example.document], received: received)
            }
            try await world.sweep(world.parts())
            for example in cases {
                let found = try await world.outcome(service, key: try #require(example.input[service.key]?.string))
                for field in example.expect.fields ?? [] where !Service.left.contains(field.name) {
                    let text = Self.text(field.value)
                    let stored = found[service.column(field.name)].map { Self.normalized($0, like: text) }
                    #expect(stored == text, "\(example.id) \(field.name): \(example.note)")
                }
            }
            let parked = try await world.count("SELECT count(*) FROM billing.unrated_usage")
            let rated = try await world.count(
                "SELECT count(*) FROM \(identifier: service.kind.outcomeTable)")
            #expect(parked + rated == cases.count)
            #expect(parked > 0 || service.kind == .query)
        }
    }

    /// The cases of one service, and how its columns differ in name from the results'.
    struct Service: Sendable, CustomTestStringConvertible {
        let kind: RawKind
        let file: String
        let caseKind: String
        let key: String

        var testDescription: String { caseKind }

        /// The results' own: the id of the case, the version's name, and what is no column.
        static let left: Set<String> = ["id", "ref_version", "service", "api"]

        func column(_ name: String) -> String {
            switch (kind, name) {
            case (_, "usage_date"): "usage_day"
            case (.message, "source"): "source_number"
            case (.message, "destination"): "destination_number"
            default: name
            }
        }

        func cases() throws -> [Example] {
            let text = try String(contentsOf: PollerWorld.vectors.appending(path: file), encoding: .utf8)
            let examples = try text.split(separator: "\n").map { try Example(JSONValue(parsing: String($0))) }
            let own = examples.filter { $0.kind == caseKind }
            try #require(own.count >= 5)
            return own
        }
    }

    struct Example {
        let id: String
        let kind: String
        let note: String
        let input: Core.JSONValue
        let expect: Core.JSONValue
        var document: String { String(decoding: input.canonicalBytes, as: UTF8.self) }

        init(_ json: Core.JSONValue) throws {
            id = json["id"]?.string ?? ""
            kind = json["kind"]?.string ?? ""
            note = json["note"]?.string ?? ""
            input = json["input"] ?? .null
            expect = json["expect"] ?? .null
        }
    }

    /// A result's value as a column prints it; nil is NULL.
    private static func text(_ value: Core.JSONValue) -> String? {
        switch value {
        case .null: nil
        case .bool(let value): value ? "true" : "false"
        case .number(let text), .string(let text): text
        case .array(let elements): "[" + elements.compactMap(\.string).map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        case .object: "an object"
        }
    }

    /// An instant as the results write it; anything else as it is.
    private static func normalized(_ stored: String, like expected: String?) -> String {
        guard expected?.hasSuffix("Z") == true, let instant = Instant(parsing: stored) else { return stored }
        return instant.text
    }
}

extension PollerWorld {
    /// The outcome of a record by its key: its rated row, or what it is parked with.
    func outcome(_ service: VectorRowTests.Service, key: String) async throws -> [String: String] {
        let id = UsageID(RecordReader.id(service.kind.record, naturalKey: key))
        let rated = try await columns(
            of: "SELECT * FROM \(identifier: service.kind.outcomeTable) AS rated WHERE rated.id = \(id)")
        if !rated.isEmpty { return rated }
        var parked = try await columns(
            of: "SELECT status, flags FROM billing.unrated_usage WHERE id = \(id) AND resolved_at IS NULL")
        let evidence = try await admin.query(
            """
            SELECT field.key, field.value
            FROM billing.unrated_usage AS parked, jsonb_each_text(parked.evidence) AS field
            WHERE parked.id = \(id) AND field.value IS NOT NULL
            """)
        for field in evidence {
            let name: String = try field.value("key")
            if parked[name] == nil { parked[service.column(name)] = try field.value("value") }
        }
        return parked
    }
}
