import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("What real Kamailio and real Jasmin sent", .needsServices)
struct CapturedRecordsTests {
    /// Every file of the captures in order of sending: which door takes it, and how many of its records are new and repeats.
    static let files: [(file: String, door: String, accepted: Int, repeats: Int)] = [
        ("kamailio/http_requests.ndjson", "records", 59, 0),
        ("kamailio/cdrs_prepaid.ndjson", "records", 15, 0),
        ("kamailio/http_batch_array.json", "records", 4, 0),
        ("kamailio/http_async_client.ndjson", "records", 4, 0),
        ("kamailio/http_keepalive_basic.ndjson", "records", 4, 0),
        ("kamailio/redis_xrange.ndjson", "records", 30, 0),
        // One receipt was sent twice by the SMSC.
        ("jasmin/forwarder_posts.ndjson", "records", 30, 1),
        ("kamailio/customer_cdr.ndjson", "cdr", 0, 26),
        ("kamailio/vendor_cdr.ndjson", "vendor-cdr", 0, 33),
    ]

    static let folder = "\(TestDatabase.repositoryRoot)/Tests/Fixtures/captured"

    @Test("every captured body is accepted unchanged, record by record")
    func accepted() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                for step in Self.files {
                    let body = try String(contentsOfFile: "\(Self.folder)/\(step.file)", encoding: .utf8)
                    let reply = try await sender.verdicts("/ingest/v1/\(step.door)", body)
                    #expect(reply.accepted == step.accepted, "\(step.file)")
                    #expect(reply.repeats == step.repeats, "\(step.file)")
                    #expect(reply.rejected == 0 && reply.conflicts == 0, "\(step.file)")
                }
            }
            #expect(try await world.count("SELECT count(*) FROM billing.raw_cdr") == 52)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_vendor_cdr") == 64)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_mdr WHERE is_final") == 20)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_mdr WHERE NOT is_final") == 1)
            #expect(try await world.count("SELECT count(*) FROM billing.raw_dlr") == 9)
            let documents = Set(try await world.texts("SELECT document FROM billing.raw_cdr"))
            for line in try Self.lines("kamailio/http_requests.ndjson") where line.contains("voice.cdr") {
                #expect(documents.contains(line))
            }
        }
    }

    @Test("sent one by one, as http_client sends them, each is accepted alone, and again is a repeat")
    func oneByOne() async throws {
        try await IngestWorld.with { world in
            try await world.serving { sender in
                for line in try Self.lines("kamailio/http_keepalive_basic.ndjson") {
                    #expect(try await sender.verdicts("/ingest/v1/records", line).words == ["accepted"])
                    #expect(try await sender.verdicts("/ingest/v1/records", line).words == ["repeat"])
                }
            }
        }
    }

    @Test("the captures on disk are the ones listed here")
    func listed() throws {
        for folder in ["kamailio", "jasmin"] {
            let found = try FileManager.default.contentsOfDirectory(atPath: "\(Self.folder)/\(folder)")
            let listed = Self.files.map(\.file).filter { $0.hasPrefix(folder) }
            #expect(Set(found.map { "\(folder)/\($0)" }) == Set(listed))
        }
    }

    private static func lines(_ file: String) throws -> [String] {
        try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
