import Core
import Testing

@Suite("Usage days")
struct UsageDayTests {
    @Test(
        "a month before is the same day, or the last one of a shorter month",
        arguments: [
            (day: "2026-11-23", months: 13, before: "2025-10-23"),
            (day: "2026-03-31", months: 1, before: "2026-02-28"),
            (day: "2028-03-31", months: 1, before: "2028-02-29"),
            (day: "2026-01-15", months: 13, before: "2024-12-15"),
        ])
    func monthsBefore(day: String, months: Int, before: String) throws {
        #expect(try #require(UsageDay(parsing: day)).monthsBefore(months).text == before)
    }

    @Test("whole days are kept for 13 months")
    func oldestKept() throws {
        #expect(try #require(UsageDay(parsing: "2026-11-23")).oldestKept.text == "2025-10-23")
    }
}
