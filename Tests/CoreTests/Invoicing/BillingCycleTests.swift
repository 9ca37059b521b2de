import Core
import Testing

@Suite("Billing cycles")
struct BillingCycleTests {
    @Test(
        "a period's usage lies between two local midnights (I1)",
        arguments: [
            (
                BillingCycle.Length.monthly, "America/Chicago", at: "2025-04-01T00:30:00Z", start: "2025-03-01",
                from: "2025-03-01T06:00:00.000Z", until: "2025-04-01T05:00:00.000Z"
            ),
            // Clocks go forward at midnight: the day begins at 01:00, an hour after 23:59.
            (
                .daily, "America/Havana", at: "2025-03-09T12:00:00Z", start: "2025-03-09",
                from: "2025-03-09T05:00:00.000Z", until: "2025-03-10T04:00:00.000Z"
            ),
            // Clocks go back from 01:00 to 00:00: midnight comes twice, the day begins with the first.
            (
                .daily, "America/Havana", at: "2025-11-02T12:00:00Z", start: "2025-11-02",
                from: "2025-11-02T04:00:00.000Z", until: "2025-11-03T05:00:00.000Z"
            ),
            (
                .weekly, "Asia/Kolkata", at: "2025-03-16T18:29:59.999Z", start: "2025-03-10",
                from: "2025-03-09T18:30:00.000Z", until: "2025-03-16T18:30:00.000Z"
            ),
        ])
    func period(
        length: BillingCycle.Length, zone: String, at: String, start: String, from: String, until: String
    ) throws {
        let cycle = BillingCycle(length, clock: try #require(ZoneClock(identifier: zone)))
        let period = cycle.period(containing: instant(at))
        #expect(period.start == day(start))
        #expect(period.instants.lowerBound.text == from)
        #expect(period.instants.upperBound.text == until)
        #expect(period.instants.contains(instant(at)))
    }

    @Test("the last ended period ends where the current one begins")
    func lastEnded() throws {
        let cycle = BillingCycle(.monthly, anchorDay: 15, clock: try #require(ZoneClock(identifier: "America/Denver")))
        let period = cycle.lastEnded(by: instant("2025-04-15T06:00:00Z"))
        #expect(period.start == day("2025-03-15"))
        #expect(period.end == day("2025-04-14"))
        #expect(period.invoiceDate == day("2025-04-15"))
        #expect(period.days == 31)
        #expect(cycle.lastEnded(by: instant("2025-04-15T05:59:59.999Z")).end == day("2025-03-14"))
    }

    @Test("periods follow one another without gap or overlap, and each instant finds its own (I1)")
    func partition() throws {
        for zone in ["UTC", "America/New_York", "America/Havana", "America/St_Johns", "Pacific/Apia", "Africa/Cairo"] {
            let clock = try #require(ZoneClock(identifier: zone))
            for length in [BillingCycle.Length.daily, .weekly, .monthly] {
                let cycle = BillingCycle(length, anchorDay: 28, clock: clock)
                var period = cycle.period(containing: day("2010-01-01"))
                while period.start < day("2012-12-31") {
                    let next = cycle.period(containing: period.invoiceDate)
                    #expect(next.instants.lowerBound == period.instants.upperBound)
                    // Samoa left a whole day out: such a period has no instant.
                    if !period.instants.isEmpty {
                        #expect(cycle.period(containing: period.instants.lowerBound) == period)
                        #expect(
                            cycle.period(containing: period.instants.upperBound.advanced(milliseconds: -1)) == period)
                    }
                    period = next
                }
            }
        }
    }

    @Test(
        "with weekly cycles the monthly fee stands on the invoice whose week holds the anchor day (I5)",
        arguments: [
            ("2025-03-03", false), ("2025-03-10", true), ("2025-03-17", false), ("2025-03-24", false),
            ("2025-03-31", false), ("2025-04-14", true),
        ])
    func monthlyCharges(monday: String, carries: Bool) throws {
        let cycle = BillingCycle(.weekly, anchorDay: 15, clock: try #require(ZoneClock(identifier: "UTC")))
        #expect(cycle.carriesMonthlyCharges(cycle.period(containing: day(monday))) == carries)
        #expect(cycle.month(containing: day("2025-03-10")).start == day("2025-02-15"))
    }
}
