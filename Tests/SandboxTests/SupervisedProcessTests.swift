import Drivers
import Testing

@testable import Sandbox

@Suite("A supervised process")
struct SupervisedProcessTests {
    private let start = ContinuousClock.now
    private let plan = ProcessPlan(name: "poller", command: ["/bin/true"])

    /// A process that was started and has said READY=1.
    private func ready() -> SupervisedProcess {
        var process = SupervisedProcess(plan: plan, now: start)
        #expect(process.tick(start) == .start)
        process.started(start)
        #expect(process.notified("READY=1\nSTATUS=open", start) == nil)
        #expect(process.isReady)
        #expect(process.status == "open")
        return process
    }

    @Test("it is ready when it says so, and not before")
    func becomesReady() {
        var process = SupervisedProcess(plan: plan, now: start)
        process.started(start)
        #expect(!process.isReady)
        _ = process.notified("STATUS=waiting for PostgreSQL", start)
        #expect(!process.isReady)
        _ = process.notified("READY=1", start)
        #expect(process.isReady)
    }

    @Test("one that says nothing for longer than the watchdog allows is aborted, and killed when that does not help")
    func watchdog() {
        var process = ready()
        _ = process.notified("WATCHDOG=1", start + .seconds(20))
        #expect(process.tick(start + .seconds(50)) == nil)
        #expect(process.tick(start + .seconds(51)) == .signal(6))
        #expect(process.tick(start + .seconds(60)) == nil)
        #expect(process.tick(start + .seconds(62)) == .signal(9))
        process.exited(.killed(signal: 9), start + .seconds(62))
        #expect(process.restarts == 1)
        #expect(process.tick(start + .seconds(63)) == .start)
    }

    @Test("one that is never ready is aborted after its start time-out")
    func startTimeout() {
        var process = SupervisedProcess(plan: plan, now: start)
        process.started(start)
        #expect(process.tick(start + .seconds(90)) == nil)
        #expect(process.tick(start + .seconds(91)) == .signal(6))
    }

    @Test("a configuration fault is not started again")
    func configurationFault() {
        var process = SupervisedProcess(plan: plan, now: start)
        process.started(start)
        process.exited(.exited(status: 2), start)
        #expect(process.phase == .ended)
        #expect(process.tick(start + .seconds(3600)) == nil)
    }

    @Test("each failure in a row waits twice as long, up to five seconds; a steady time forgets them")
    func backoff() {
        var process = SupervisedProcess(plan: plan, now: start)
        var delays: [Duration] = []
        for _ in 1...8 {
            process.started(start)
            process.exited(.exited(status: 1), start)
            guard case .waiting(let until) = process.phase else { break }
            delays.append(until - start)
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { Duration.milliseconds($0) })

        process.started(start)
        _ = process.notified("READY=1", start)
        process.exited(.killed(signal: 9), start + .seconds(10))
        #expect(process.phase == .waiting(until: start + .seconds(10) + .milliseconds(100)))
    }

    @Test("told to stop it gets SIGTERM, after its time SIGKILL, and is not started again")
    func stops() {
        var process = ready()
        #expect(process.stop(start) == .signal(15))
        #expect(process.tick(start + .seconds(20)) == nil)
        #expect(process.tick(start + .seconds(21)) == .signal(9))
        process.exited(.exited(status: 0), start + .seconds(21))
        #expect(process.phase == .ended)
    }

    @Test("one that stops by itself has the time to stop, and then starts again")
    func stopsByItself() {
        var process = ready()
        _ = process.notified("STOPPING=1", start + .seconds(1))
        #expect(!process.isReady)
        #expect(process.tick(start + .seconds(40)) == .signal(9))
        process.exited(.exited(status: 0), start + .seconds(40))
        #expect(process.restarts == 1)
    }
}
