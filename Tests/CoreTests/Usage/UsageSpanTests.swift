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

    @Test("a span names kind, day, both ends and the count, and is read back as it was")
    func body() throws {
        let span = UsageSpan(kind: .rawCDR, day: Self.sunday, first: 101, last: 150)
        #expect(
            String(decoding: span.json, as: UTF8.self)
                == #"{"kind":"raw_cdr","day":"2026-11-22","first":101,"last":150,"count":50}"#)
        let other = UsageSpan(kind: .ratedMDR, day: Self.sunday.advanced(days: -1), first: 7, last: 7)
        let body = Array("[".utf8) + span.json + Array(",".utf8) + other.json + Array("]".utf8)
        #expect(try UsageSpan.parse(body: body) == [span, other])
    }

    @Test(
        "a body that names no spans is refused",
        arguments: [
            "", "{}", "[1]", #"[{"kind":"raw_dlr","day":"2026-11-22","first":1,"last":1}]"#,
            #"[{"kind":"raw_cdr","day":"2026-11-31","first":1,"last":1}]"#,
            #"[{"kind":"raw_cdr","day":"2026-11-22","first":2,"last":1}]"#,
        ])
    func refused(body: String) {
        #expect(throws: UsageSpan.ParsingError.self) { try UsageSpan.parse(body: body.utf8) }
    }
}
