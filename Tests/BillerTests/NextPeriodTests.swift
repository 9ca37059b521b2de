import Core
import Testing

@Suite("Billing periods")
struct NextPeriodTests {
    struct Example: Sendable {
        let length: BillingCycle.Length
        var anchor = 1
        var zone = "UTC"
        let billedFrom: String
        let start: String
        let end: String
        let from: String
        let until: String
    }

    @Test(
        "the first period begins on the first day that can be billed and ends with the cycle's",
        arguments: [
            Example(
                length: .monthly, billedFrom: "2026-11-01", start: "2026-11-01", end: "2026-11-30",
                from: "2026-11-01T00:00:00.000Z", until: "2026-12-01T00:00:00.000Z"),
            // From the middle of a month: the rest of it.
            Example(
                length: .monthly, billedFrom: "2026-11-20", start: "2026-11-20", end: "2026-11-30",
                from: "2026-11-20T00:00:00.000Z", until: "2026-12-01T00:00:00.000Z"),
            Example(
                length: .monthly, anchor: 15, billedFrom: "2026-11-01", start: "2026-11-01", end: "2026-11-14",
                from: "2026-11-01T00:00:00.000Z", until: "2026-11-15T00:00:00.000Z"),
            // The Sunday of a week that had begun before.
            Example(
                length: .weekly, billedFrom: "2026-11-01", start: "2026-11-01", end: "2026-11-01",
                from: "2026-11-01T00:00:00.000Z", until: "2026-11-02T00:00:00.000Z"),
            // New York leaves daylight saving on the first: a day of 25 hours.
            Example(
                length: .daily, zone: "America/New_York", billedFrom: "2026-11-01", start: "2026-11-01",
                end: "2026-11-01", from: "2026-11-01T04:00:00.000Z", until: "2026-11-02T05:00:00.000Z"),
            // And enters it on 8 March: 23 hours.
            Example(
                length: .daily, zone: "America/New_York", billedFrom: "2026-03-08", start: "2026-03-08",
                end: "2026-03-08", from: "2026-03-08T05:00:00.000Z", until: "2026-03-09T04:00:00.000Z"),
        ])
    func first(_ example: Example) throws {
        let period = NextPeriod(
            cycle: try cycle(example.length, example.anchor, example.zone), billedFrom: try day(example.billedFrom),
            after: nil)
        #expect(period.start.text == example.start)
        #expect(period.end.text == example.end)
        #expect(period.instants.lowerBound.text == example.from)
        #expect(period.instants.upperBound.text == example.until)
    }

    @Test("a period is over at its last instant, not before")
    func ended() throws {
        let period = NextPeriod(
            cycle: try cycle(.monthly, 1, "America/New_York"), billedFrom: try day("2026-11-01"), after: nil)
        #expect(try !period.hasEnded(by: instant("2026-12-01T04:59:59.999Z")))
        #expect(try period.hasEnded(by: instant("2026-12-01T05:00:00Z")))
        #expect(period.invoiceDate.text == "2026-12-01")
    }

    @Test("a changed cycle goes on where the last period ended")
    func changedCycle() throws {
        let november = NextPeriod(cycle: try cycle(.monthly, 1, "UTC"), billedFrom: try day("2026-11-01"), after: nil)
        // 1 December 2026 is a Tuesday.
        let rest = NextPeriod(
            cycle: try cycle(.weekly, 1, "UTC"), billedFrom: try day("2026-11-01"), after: november.closed)
        #expect([rest.start.text, rest.end.text] == ["2026-12-01", "2026-12-06"])
        #expect(rest.instants.lowerBound == november.instants.upperBound)
    }

    @Test("a changed time zone leaves no instant out and bills none twice")
    func changedZone() throws {
        let first = NextPeriod(
            cycle: try cycle(.daily, 1, "America/New_York"), billedFrom: try day("2026-11-10"), after: nil)
        let second = NextPeriod(
            cycle: try cycle(.daily, 1, "Asia/Tokyo"), billedFrom: try day("2026-11-10"), after: first.closed)
        #expect(second.instants.lowerBound == first.instants.upperBound)
        #expect(second.instants.upperBound.text == "2026-11-11T15:00:00.000Z")
        #expect(second.end.text == "2026-11-11")
    }

    private func cycle(_ length: BillingCycle.Length, _ anchor: Int, _ zone: String) throws -> BillingCycle {
        BillingCycle(length, anchorDay: anchor, clock: try #require(ZoneClock(identifier: zone)))
    }
}
