import Core
import Drivers
import Reference
import Testing

@testable import BillingCtl

@Suite("Rating and explaining from files")
struct OfflineCommandTests {
    private static let call = #"""
        {"record_type": "voice.cdr", "sip_uuid": "u1", "customer_ban": "BAN001", "raw_ani": "2126001111",
        "dni": "3122005555", "direction": "outbound", "selected_vendor": "telnyx",
        "start_stamp": "2025-03-12T15:00:00Z", "answer_stamp": "2025-03-12T15:00:05Z", "end_stamp": "2025-03-12T15:01:06Z"}
        """#
    private static let query =
        #"{"id": "q1", "customer_ban": "BAN001", "api": "LRN", "status": "ok", "at": "2025-03-12T15:00:00Z"}"#
    private static let attempt = #"""
        {"record_type": "voice.attempt", "sip_uuid": "u1", "attempt_number": 1, "vendor_name": "telnyx"}
        """#

    private func snapshot() throws -> RatingSnapshot {
        try ReferenceDirectory(path: VectorFiles.directory.appending(path: "ref").path).snapshot()
    }

    private func line(_ text: String) -> LineReader.Line {
        .bytes(Array(text.replacing("\n", with: " ").utf8))
    }

    @Test("one line for each line, in order: rated, skipped, refused; blank lines are passed over")
    func rate() throws {
        var rater = OfflineRater(snapshot: try snapshot(), options: try RecordOptions.parse([]))
        let lines = [Self.call, "", Self.query, Self.attempt, "{\"sip_uuid\": 7}", "tea", "[\(Self.query)]", "{}"]
        let results = try lines.map { String(decoding: rater.result(of: line($0)), as: UTF8.self) }
            .filter { !$0.isEmpty }.map { try JSONValue(parsing: $0) }
        #expect(results.count == 7)
        #expect(results[0]["sip_uuid"]?.string == "u1" && results[0]["charge"]?.string == "0.00712")
        #expect(results[1]["id"]?.string == "q1" && results[1]["charge"]?.string == "0.00080")
        #expect(results[2]["line"]?.integer == 4 && results[2]["skipped"]?.string == "vendor-cdr")
        #expect(results[3]["error"]?.string == "TYPE" && results[3]["field"]?.string == "/sip_uuid")
        #expect(results[4]["line"]?.integer == 6 && results[4]["error"]?.string == "NOT_JSON")
        #expect(results[5]["error"]?.string == "NOT_AN_OBJECT")
        #expect(results[6]["error"]?.string == "MISSING" && results[6]["field"]?.string == "/record_type")
        #expect(rater.counts.refused == 4 && rater.counts.skipped == 1 && rater.counts.byStatus[.rated] == 2)
    }

    @Test(
        "a record that names no kind is of the given one, or of the one that its key says; received holds records ahead of it"
    )
    func options() throws {
        var rater = OfflineRater(
            snapshot: try snapshot(),
            options: try RecordOptions.parse(["--kind", "api", "--received", "2025-03-12T14:00:00Z"]))
        let result = try JSONValue(parsing: rater.result(of: line(Self.query)))
        #expect(result["status"]?.string == "held")
        #expect(result["flags"]?.elements?.contains(.string("FUTURE_TIMESTAMP")) == true)
        #expect(throws: (any Error).self) { try RecordOptions.parse(["--kind", "tea"]) }
        #expect(throws: (any Error).self) { try RecordOptions.parse(["--received", "yesterday"]) }
    }

    @Test("a line that is too long is refused and the next one rated")
    func tooLong() throws {
        var rater = OfflineRater(snapshot: try snapshot(), options: try RecordOptions.parse([]))
        #expect(try JSONValue(parsing: rater.result(of: .tooLong))["error"]?.string == "TOO_LONG")
        #expect(try JSONValue(parsing: rater.result(of: line(Self.query)))["status"]?.string == "rated")
    }

    @Test("one record on many lines, an array and lines are explained alike")
    func forms() throws {
        let snapshot = try snapshot()
        for (document, count) in [
            (Self.call, 1), ("[\(Self.call), \(Self.query)]", 2), ("{\"id\":\n1}", 1), ("tea", 1),
        ] {
            var explainer = OfflineExplainer(
                snapshot: snapshot, options: try RecordOptions.parse([]), form: .text(forCustomer: true))
            let text = String(decoding: explainer.results(of: Array(document.utf8)), as: UTF8.self)
            #expect(explainer.count == count, "\(document)")
            #expect(explainer.hasRefusals == (document.first == "t" || document.contains("1}")), "\(document)")
            #expect(!text.isEmpty)
        }
    }

    @Test("a record without an amount of its own says why")
    func attempt() throws {
        var explainer = OfflineExplainer(
            snapshot: try snapshot(), options: try RecordOptions.parse([]), form: .text(forCustomer: false))
        let text = String(decoding: explainer.results(of: Array(Self.attempt.utf8)), as: UTF8.self)
        #expect(text == "A record of kind vendor-cdr: an attempt at a vendor is priced with its call.\n")
    }
}
