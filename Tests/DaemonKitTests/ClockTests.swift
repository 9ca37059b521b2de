import Foundation
import Testing

@testable import DaemonKit

@Suite("Clock")
struct ClockTests {
    private func age(_ file: String, bySeconds seconds: Int) throws {
        let modified = Date(timeIntervalSince1970: TimeInterval(realMilliseconds() / 1_000 - Int64(seconds)))
        try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: file)
    }

    @Test("an instant in the file runs on since the file was written")
    func instant() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write("clock", "2026-12-01T06:00:00.000Z\n")
        try age(file, bySeconds: 100)
        let clock = Clock(file: file)
        let expected = try #require(InstantText.parse("2026-12-01T06:01:40Z"))
        #expect((expected...(expected + 3_000)).contains(clock.now()))
    }

    @Test("a rewritten file moves the clock, one that vanishes leaves it")
    func moved() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write("clock", "2026-12-01T06:00:00Z")
        try age(file, bySeconds: 50)
        let clock = Clock(file: file)
        _ = clock.now()
        try directory.write("clock", "2027-01-01T00:00:00Z")
        #expect(InstantText.dayText(clock.today()) == "2027-01-01")
        try FileManager.default.removeItem(atPath: file)
        #expect(InstantText.dayText(clock.today()) == "2027-01-01")
    }

    @Test("an offset in seconds is added to the machine's clock")
    func offset() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let clock = Clock(file: try directory.write("clock", "+86400"))
        let ahead = clock.now() - Clock.system.now()
        #expect((86_399_000...86_401_000).contains(ahead))
    }

    @Test(
        "an instant is written and read to the millisecond",
        arguments: [
            ("1970-01-01T00:00:00.000Z", Int64(0)), ("2026-11-22T17:03:14.486Z", 1_795_366_994_486),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("1969-12-31T23:59:59.999Z", -1),
        ])
    func text(text: String, milliseconds: Int64) {
        #expect(InstantText.text(milliseconds) == text)
        #expect(InstantText.parse(text) == milliseconds)
    }

    @Test(
        "nothing but an instant in UTC is read",
        arguments: ["2026-02-30T00:00:00Z", "2026-11-22", "2026-11-22T17:03:14"])
    func refused(text: String) {
        #expect(InstantText.parse(text) == nil)
    }
}
