import Core
import Testing

@Suite("Time zones and bands")
struct ZoneClockTests {
    @Test(
        "offsets follow daylight saving to the second",
        arguments: [
            ("2025-03-09T06:59:59Z", -18_000), ("2025-03-09T07:00:00Z", -14_400), ("2025-11-02T05:59:59Z", -14_400),
            ("2025-11-02T06:00:00Z", -18_000), ("2037-07-01T00:00:00Z", -14_400),
        ])
    func newYork(instant: String, offset: Int) throws {
        let clock = try #require(ZoneClock(identifier: "America/New_York"))
        #expect(clock.offsetSeconds(at: try #require(Instant(parsing: instant))) == offset)
    }

    @Test("a month without daylight saving inside the summer is seen (Morocco's Ramadan)")
    func shortPeriods() throws {
        let clock = try #require(ZoneClock(identifier: "Africa/Casablanca"))
        #expect(clock.offsetSeconds(at: try #require(Instant(parsing: "2025-02-01T00:00:00Z"))) == 3_600)
        #expect(clock.offsetSeconds(at: try #require(Instant(parsing: "2025-03-15T00:00:00Z"))) == 0)
        #expect(clock.offsetSeconds(at: try #require(Instant(parsing: "2025-05-01T00:00:00Z"))) == 3_600)
    }

    @Test(
        "names outside the zone database are refused", arguments: ["Mars/Olympus", "PST", "GMT+3", "", "/etc", "utc8"])
    func unknown(name: String) {
        #expect(ZoneClock(identifier: name) == nil)
    }

    @Test("a local day begins at its first instant, also where midnight does not exist (M30)")
    func dayStart() throws {
        let chicago = try #require(ZoneClock(identifier: "America/Chicago"))
        let day = try #require(UsageDay(year: 2025, month: 7, day: 4))
        #expect(chicago.start(of: day).text == "2025-07-04T05:00:00.000Z")
        // Havana's clocks go from 00:00 to 01:00.
        let havana = try #require(ZoneClock(identifier: "America/Havana"))
        let spring = try #require(UsageDay(year: 2025, month: 3, day: 9))
        #expect(havana.start(of: spring).text == "2025-03-09T05:00:00.000Z")
    }

    @Test(
        "a band over midnight belongs to the day on which it starts (R10)",
        arguments: [
            ("2025-03-13T01:59:59.999Z", "1.0000000"), ("2025-03-13T02:00:00Z", "0.8333333"),
            ("2025-03-14T09:59:59.999Z", "0.8333333"), ("2025-03-14T10:00:00Z", "1.0000000"),
            ("2025-03-15T05:00:00Z", "0.5000000"), ("2025-03-17T04:30:00Z", "1.0000000"),
        ])
    func bands(instant: String, multiplier: String) throws {
        let bands = TimeOfDay(
            clock: try #require(ZoneClock(identifier: "America/New_York")),
            bands: [
                .init(days: [6, 7], from: 0, to: 1_440, multiplier: try Multiplier(parsing: "0.5")),
                .init(days: 1...5, from: 1_320, to: 360, multiplier: try Multiplier(parsing: "0.8333333")),
            ])
        let found = bands.multiplier(at: try #require(Instant(parsing: instant))) ?? .one
        #expect(found.text == multiplier)
    }

    @Test("a rate in a band is rounded to seven decimals, once (R10)")
    func bandRate() throws {
        let third = try Multiplier(parsing: "0.8333333")
        #expect(try Rate(parsing: "0.0100000").multiplied(by: third).text == "0.0083333")
        #expect(try Rate(parsing: "0.0000003").multiplied(by: try Multiplier(parsing: "0.5")).text == "0.0000002")
    }
}
