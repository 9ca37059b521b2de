import Core
import Testing

@Suite("Instants and days")
struct InstantTests {
    @Test(
        "ISO 8601 in its usual dresses is one instant in UTC",
        arguments: [
            ("2026-11-22T17:03:14.486Z", "2026-11-22T17:03:14.486Z"),
            ("2026-11-22 17:03:14", "2026-11-22T17:03:14.000Z"),
            ("2026-11-22T12:03:14.4-05:00", "2026-11-22T17:03:14.400Z"),
            ("2026-11-22T22:33:14.999999+0530", "2026-11-22T17:03:14.999Z"),
            ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ])
    func parsed(_ written: String, _ shown: String) {
        #expect(Instant(parsing: written)?.text == shown)
    }

    @Test(
        "anything else is no instant",
        arguments: [
            "", "2026-11-22", "2026-11-22T17:03", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2025-00-01T00:00:00.000Z", "2025-01-00T00:00:00.000Z", "2025-02-29T00:00:00.000Z",
            "2025-01-01T24:00:00.000Z", "2025-01-01T23:60:00.000Z", "2025-01-01T23:59:60.000Z",
            "2026-11-22T17:03:14.Z", "2026-11-22T17:03:14Zx", "1795366994", "2026-11-22T17:03:14+5:00", "<null>",
        ])
    func refused(_ written: String) {
        #expect(Instant(parsing: written) == nil)
    }

    @Test("whatever byte is put into the usual form, it reads as the same text with a digit more")
    func anyByte() {
        let usual = Array("2024-02-29T23:59:59.382Z".utf8)
        var mismatches: [String] = []
        for place in usual.indices {
            for byte in UInt8(0)..<128 {
                var bytes = usual
                bytes[place] = byte
                let text = String(decoding: bytes, as: UTF8.self)
                bytes.insert(UInt8(ascii: "0"), at: 23)
                let longer = String(decoding: bytes, as: UTF8.self)
                if Instant(parsing: text) != Instant(parsing: longer) { mismatches.append(text) }
            }
        }
        #expect(mismatches.isEmpty)
    }

    @Test("days count through leap years, weekdays follow")
    func days() throws {
        let leapDay = try #require(UsageDay(parsing: "2024-02-29"))
        #expect(leapDay.advanced(days: 1).text == "2024-03-01")
        #expect(leapDay.isoWeekday == 4)
        #expect(UsageDay(parsing: "2023-02-29") == nil)
        #expect(UsageDay(daysSince1970: 0).text == "1970-01-01")
        #expect(UsageDay(daysSince1970: -1).isoWeekday == 3)
        #expect(Instant(milliseconds: -1).usageDay.text == "1969-12-31")
    }

    @Test("every day of four centuries survives text and calendar")
    func everyDay() {
        var mismatches: [String] = []
        for number in Int32(-10_000)..<Int32(136_097) {
            let day = UsageDay(daysSince1970: number)
            if UsageDay(parsing: day.text) != day { mismatches.append(day.text) }
        }
        #expect(mismatches.isEmpty)
    }
}
