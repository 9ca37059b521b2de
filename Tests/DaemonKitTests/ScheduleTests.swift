import Foundation
import TestSupport
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

    @Test("what was due while the daemon was down runs at the start, the rest waits for its time")
    func firstRun() async throws {
        let schedule = try #require(Schedule(parsing: "daily 06:00 America/New_York"))
        let now = try #require(InstantText.parse("2026-11-22T12:00:00Z"))
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let loop = testLoop(clock: Clock(file: try directory.write("clock", "2026-11-22T12:00:00Z")))
        let runs = Seen<String>()
        func work(_ name: String, last: Int64) -> ScheduledWork {
            let asked = Seen<String>()
            return ScheduledWork(
                name, schedule,
                first: .due {
                    asked.add(name)
                    // The first question finds nobody who could answer.
                    if asked.all.count == 1 { throw CancellationError() }
                    return last
                }, loop: loop
            ) { runs.add(name) }
        }
        // 06:00 in New York is 11:00 UTC.
        try await running(work("missed", last: now - 7_200_000), work("done", last: now - 3_600_000)) {
            try await eventually { runs.all == ["missed"] }
            try await Task.sleep(for: .milliseconds(700))
            #expect(runs.all == ["missed"])
        }
    }

    @Test("two names have two locks, one name one")
    func lockKeys() {
        #expect(Singleton.key(of: "biller") == Singleton.key(of: "biller"))
        #expect(Singleton.key(of: "biller") != Singleton.key(of: "vendor-recon"))
    }
}
