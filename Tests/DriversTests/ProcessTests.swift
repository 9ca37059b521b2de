import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Drivers

@Suite("Owned threads and the service manager")
struct ProcessTests {
    private actor Worker {
        private let thread = BlockingThread(name: "worker")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private var order: [Int] = []

        func note(_ number: Int) -> pthread_t {
            assertIsolated()
            order.append(number)
            return pthread_self()
        }

        func sleep(milliseconds: UInt32) { usleep(milliseconds * 1_000) }
        var count: Int { order.count }
    }

    @Test("an actor on a blocking thread runs every job there, one after the other")
    func oneThread() async {
        let worker = Worker()
        let threads = await withTaskGroup(of: pthread_t.self) { group in
            for number in 0..<200 { group.addTask { await worker.note(number) } }
            return await group.reduce(into: Set<pthread_t>()) { $0.insert($1) }
        }
        #expect(threads.count == 1)
        #expect(await worker.count == 200)
    }

    @Test("a blocked thread holds nobody else up, and many of them come and go")
    func others() async {
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<32 { group.addTask { await Worker().sleep(milliseconds: 200) } }
        }
        #expect(start.duration(to: .now) < .seconds(3))
    }

    @Test("messages go to NOTIFY_SOCKET as datagrams, and the watchdog's interval is the manager's")
    func notify() throws {
        let place = try SocketPath(name: "notify")
        let manager = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        #expect(withUnixAddress(place.path) { bind(manager, $0, $1) } == 0)
        #expect(SystemdNotify.ready() == false)
        #expect(SystemdNotify.watchdogInterval == nil)
        setenv("NOTIFY_SOCKET", place.path, 1)
        setenv("WATCHDOG_USEC", "30000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        defer { for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) } }
        #expect(SystemdNotify.watchdogInterval == .seconds(30))
        var messages: [String] = []
        for sent in [
            SystemdNotify.ready(), SystemdNotify.status("waiting\nfor PostgreSQL"), SystemdNotify.watchdog(),
            SystemdNotify.stopping(),
        ] where sent {
            var buffer = [UInt8](repeating: 0, count: 1_000)
            let count = recv(manager, &buffer, 1_000, 0)
            messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
        #expect(messages == ["READY=1", "STATUS=waiting for PostgreSQL", "WATCHDOG=1", "STOPPING=1"])
        setenv("WATCHDOG_PID", "1", 1)
        #expect(SystemdNotify.watchdogInterval == nil)
    }
}
