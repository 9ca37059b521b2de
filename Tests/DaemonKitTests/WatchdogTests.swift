import Logging
import Synchronization
import Testing

@testable import DaemonKit

@Suite("Watchdog")
struct WatchdogTests {
    @Test("a worker that does not progress within its deadline is stuck, one that does is not")
    func deadline() {
        let watchdog = Watchdog()
        let slow = watchdog.register("slow", deadline: .seconds(10))
        _ = watchdog.register("lazy", deadline: .seconds(60))
        #expect(watchdog.stuckWorkers(at: .now + .seconds(9)) == [])
        #expect(watchdog.stuckWorkers(at: .now + .seconds(11)) == ["slow"])
        #expect(watchdog.stuckWorkers(at: .now + .seconds(61)) == ["lazy", "slow"])
        slow.done()
        #expect(watchdog.stuckWorkers(at: .now + .seconds(61)) == ["lazy"])
    }

    @Test("a declared wait counts as progress until it should have ended")
    func waiting() async {
        let watchdog = Watchdog()
        let worker = watchdog.register("poller", deadline: .seconds(10))
        await worker.waiting(upTo: .seconds(300)) {
            #expect(watchdog.stuckWorkers(at: .now + .seconds(300)) == [])
            #expect(watchdog.stuckWorkers(at: .now + .seconds(311)) == ["poller"])
        }
        #expect(watchdog.stuckWorkers(at: .now + .seconds(11)) == ["poller"])
    }

    @Test("work that says it progresses has its limit again, in tasks of its own too")
    func progressed() async throws {
        let watchdog = Watchdog()
        let worker = watchdog.register("export", deadline: .zero)
        try await worker.running(upTo: .seconds(300)) {
            for isApart in [false, true] {
                try await Task.sleep(for: .milliseconds(1))
                let end = ContinuousClock.now + .seconds(300)
                #expect(watchdog.stuckWorkers(at: end) == ["export"])
                if isApart {
                    await withTaskGroup(of: Void.self) { $0.addTask { Watchdog.progressed() } }
                } else {
                    Watchdog.progressed()
                }
                #expect(watchdog.stuckWorkers(at: end) == [])
            }
        }
        let end = ContinuousClock.now + .seconds(1)
        Watchdog.progressed()
        #expect(watchdog.stuckWorkers(at: end) == ["export"])
    }

    @Test("pings go out at half the interval, and stop while a worker is stuck")
    func pings() async throws {
        let watchdog = Watchdog()
        let pings = Mutex(0)
        let ping = WatchdogPing(
            watchdog: watchdog, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            interval: .milliseconds(20)
        ) { pings.withLock { $0 += 1 } }
        let running = Task { try await ping.run() }
        while pings.withLock({ $0 }) < 3 { try await Task.sleep(for: .milliseconds(5)) }
        let worker = watchdog.register("stuck", deadline: .zero)
        try await Task.sleep(for: .milliseconds(50))
        let before = pings.withLock { $0 }
        try await Task.sleep(for: .milliseconds(100))
        #expect(pings.withLock { $0 } == before)
        worker.done()
        while pings.withLock({ $0 }) == before { try await Task.sleep(for: .milliseconds(5)) }
        running.cancel()
        try await running.value
    }
}
