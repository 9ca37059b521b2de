import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("The tutorial's day at the door", .needsServices)
struct TutorialTrafficTests {
    private struct Step: Decodable {
        let file: String
        let path: String
        let contentType: String
        let expectHTTP: Int

        enum CodingKeys: String, CodingKey {
            case file, path
            case contentType = "content_type"
            case expectHTTP = "expect_http"
        }
    }

    /// A line of `expected_records.jsonl`: what the rules say of one record, worked out without the product.
    private struct Expected: Decodable {
        let file: String
        let verdict: String
        let reason: String?
        let flags: [String]?

        /// The door's word for it: a conflict is kept, and held later.
        var word: String { flags == ["DUPLICATE_CONFLICT"] ? "conflict" : verdict }
    }

    @Test("every body is answered, and every record judged, as the rules say")
    func verdicts() async throws {
        let folder = "\(TestDatabase.repositoryRoot)/Tests/Fixtures/tutorial"
        let manifest = try Data(contentsOf: URL(filePath: "\(folder)/traffic/manifest.json"))
        let steps = try JSONDecoder().decode([Step].self, from: manifest)
        let lines = try String(contentsOfFile: "\(folder)/expected_records.jsonl", encoding: .utf8)
        let expected = try lines.split(separator: "\n").map {
            try JSONDecoder().decode(Expected.self, from: Data($0.utf8))
        }
        try await IngestWorld.with { world in
            try await world.serving { sender in
                var rest = expected[...]
                for step in steps {
                    let wanted = Array(rest.prefix { $0.file == step.file })
                    rest = rest.dropFirst(wanted.count)
                    let body = try String(contentsOfFile: "\(folder)/traffic/\(step.file)", encoding: .utf8)
                    let answer = try await sender.post(step.path, body, contentType: step.contentType)
                    #expect(answer.status == step.expectHTTP, "\(step.file)")
                    if answer.status == 422 {
                        #expect(wanted.map(\.reason) == [try Problem(answer).spelled], "\(step.file)")
                    } else {
                        let reply = try JSONDecoder().decode(Reply.self, from: Data(answer.body))
                        #expect(reply.words == wanted.map(\.word), "\(step.file)")
                        #expect(reply.records.map(\.spelled) == wanted.map(\.reason), "\(step.file)")
                    }
                }
                #expect(rest.isEmpty)
            }
        }
    }
}

extension Reply.Record {
    /// Reason and pointer as the expectations spell them: `MISSING /sip_uuid`, `NOT_JSON`.
    fileprivate var spelled: String? { CDRIngestTests.spelled(reason, pointer) }
}

extension Problem {
    fileprivate var spelled: String? { CDRIngestTests.spelled(reason, pointer) }
}

private func spelled(_ reason: String?, _ pointer: String?) -> String? {
    guard let reason, let pointer, reason == "MISSING" || reason == "TYPE" else { return reason }
    return "\(reason) \(pointer)"
}
