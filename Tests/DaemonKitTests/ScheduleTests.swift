import Foundation
import Testing

@testable import DaemonKit

@Suite("Schedule")
struct ScheduleTests {
    @Test(
        "a daily run comes at the local time, across daylight saving",
        arguments: [
            // (schedule, after, next)
            ("daily 06:00 America/New_York", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00.000Z"),
            ("daily 06:00 America/New_York", "2026-11-22T11:00:00Z", "2026-11-23T11:00:00.000Z"),
            ("daily 06:00 America/New_York", "2026-07-01T10:00:00Z", "2026-07-02T10:00:00.000Z"),
            // 02:30 does not exist on 8 March 2026: the clocks go from 01:59:59 to 03:00, which is 07:00 UTC.
            ("daily 02:30 America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00.000Z"),
            ("daily 02:30 America/New_York", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00.000Z"),
            // 01:30 comes twice on 1 November 2026: the first one counts, and only that.
            ("daily 01:30 America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00.000Z"),
            ("daily 01:30 America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00.000Z"),
            // In Beirut midnight itself is skipped: on 29 March 2026 the day begins at 01:00, 22:00 UTC the day before.
            ("daily 00:00 Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00.000Z"),
            ("daily 23:59 Pacific/Auckland", "2026-06-01T00:00:00Z", "2026-06-01T11:59:00.000Z"),
            ("every 60 s", "2026-11-22T10:00:00Z", "2026-11-22T10:01:00.000Z"),
        ])
    func next(schedule: String, after: String, expected: String) throws {
        let schedule = try #require(Schedule(parsing: schedule))
        let after = try #require(InstantText.parse(after))
        #expect(InstantText.text(schedule.next(after: after)) == expected)
    }

    @Test(
        "anything else is no schedule",
        arguments: [
            "", "hourly", "every 0 s", "every 60", "daily 24:00 UTC", "daily 6:00 UTC", "daily 06:00 Mars/Olympus",
        ])
    func refused(text: String) {
        #expect(Schedule(parsing: text) == nil)
    }

    @Test("two names have two locks, one name one")
    func lockKeys() {
        #expect(Singleton.key(of: "biller") == Singleton.key(of: "biller"))
        #expect(Singleton.key(of: "biller") != Singleton.key(of: "vendor-recon"))
    }
}
