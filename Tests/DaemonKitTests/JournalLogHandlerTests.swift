import Logging
import Synchronization
import Testing

@testable import DaemonKit

@Suite("Log lines")
struct JournalLogHandlerTests {
    @Test("in the journal a line has its priority, a constant sentence and sorted facts")
    func journal() {
        let lines = Lines()
        var logger = Logger(label: "poller") {
            JournalLogHandler(label: $0, level: .info, journal: true) { lines.add($0) }
        }
        logger[metadataKey: "batch.id"] = "7"
        logger.info("Batch rated", metadata: ["usage.count": "500", "stream.name": "usage rated"])
        logger.debug("Not written")
        logger.error("Two\nlines", metadata: ["failure.detail": "a \"b\"\nc"])
        #expect(
            lines.all == [
                "<6>poller: Batch rated batch.id=7 stream.name=\"usage rated\" usage.count=500\n",
                "<3>poller: Two lines batch.id=7 failure.detail=\"a \\\"b\\\"\\nc\"\n",
            ])
    }

    @Test("without the journal a line begins with the time and the level")
    func plain() throws {
        let lines = Lines()
        let logger = Logger(label: "poller") {
            JournalLogHandler(label: $0, level: .info, journal: false) { lines.add($0) }
        }
        logger.warning("Stream not read")
        let line = try #require(lines.all.first)
        #expect(line.contains("Z warning poller: Stream not read\n"))
    }
}

/// Lines that a log handler wrote.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
