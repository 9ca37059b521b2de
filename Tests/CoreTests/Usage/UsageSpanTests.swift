import Core
import Testing

@Suite("Spans of a doorbell")
struct UsageSpanTests {
    private static let sunday = UsageDay(daysSince1970: 20_779)

    @Test("numbers without a gap on one day are one run, whatever their order")
    func runs() {
        let monday = Self.sunday.advanced(days: 1)
        let rows = [(Self.sunday, 12), (Self.sunday, 10), (Self.sunday, 11), (Self.sunday, 14), (monday, 13)]
            .map { (day: $0.0, number: Int64($0.1)) }
        #expect(
            UsageSpan.runs(kind: .rawCDR, of: rows) == [
                UsageSpan(kind: .rawCDR, day: Self.sunday, first: 10, last: 12),
                UsageSpan(kind: .rawCDR, day: Self.sunday, first: 14, last: 14),
                UsageSpan(kind: .rawCDR, day: monday, first: 13, last: 13),
            ])
    }

    @Test("an entry's body names kind, day, both ends and the count, and is read back as it was")
    func body() throws {
        let spans = [UsageSpan(kind: .rawCDR, day: Self.sunday, first: 101, last: 150)]
        let body = UsageSpan.body(of: spans)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"spans":[{"kind":"raw_cdr","day":"2026-11-22","first":101,"last":150,"count":50}]}"#)
        #expect(try UsageSpan.parse(body: body) == spans)
    }

    @Test("many spans are spread over several entries, each within the bound")
    func bound() throws {
        let spans = (0..<1_000).map { number in
            UsageSpan(
                kind: .rawVendorCDR, day: Self.sunday, first: .max - 2_000 + Int64(number) * 2,
                last: .max - 2_000 + Int64(number) * 2)
        }
        let bodies = UsageSpan.bodies(of: spans)
        #expect(bodies.count == 3)
        #expect(bodies.allSatisfy { $0.count <= EnvelopeField.maximumBodyBytes })
        #expect(try bodies.flatMap { try UsageSpan.parse(body: $0) } == spans)
    }

    @Test(
        "a body that names no spans is refused",
        arguments: [
            "", "[]", "{}", #"{"spans":[{"kind":"raw_dlr","day":"2026-11-22","first":1,"last":1}]}"#,
            #"{"spans":[{"kind":"raw_cdr","day":"2026-11-31","first":1,"last":1}]}"#,
            #"{"spans":[{"kind":"raw_cdr","day":"2026-11-22","first":2,"last":1}]}"#,
        ])
    func refused(body: String) {
        #expect(throws: UsageSpan.ParsingError.self) { try UsageSpan.parse(body: body.utf8) }
    }
}
