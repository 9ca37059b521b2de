import Drivers
import Foundation
import Testing

@testable import Sandbox

/// Real processes: small shell scripts that speak sd_notify by way of systemd-notify.
@Suite("The supervisor")
struct SupervisorTests {
    private func run(
        _ plans: [ProcessPlan], seconds: Double, until isDone: @Sendable (SupervisorState) -> Bool = { _ in false }
    ) throws -> (state: SupervisorState, directory: URL) {
        let directory = FileManager.default.temporaryDirectory.appending(path: "supervisor-\(UUID().uuidString)")
        let stateFile = directory.appending(path: "state.json")
        let deadline = ContinuousClock.now + .seconds(seconds)
        var supervisor = try Supervisor(
            config: SupervisorConfig(stateFile: stateFile.path, logDirectory: directory.path, processes: plans))
        func state() throws -> SupervisorState {
            try JSONDecoder().decode(SupervisorState.self, from: Data(contentsOf: stateFile))
        }
        var seen = SupervisorState(supervisor: 0, processes: [])
        try supervisor.run {
            guard FileManager.default.fileExists(atPath: stateFile.path) else { return false }
            do { seen = try state() } catch { Issue.record(error) }
            return isDone(seen) || ContinuousClock.now > deadline
        }
        #expect(try state().processes.allSatisfy { $0.phase == "ended" && $0.pid == nil })
        return (seen, directory)
    }

    private func shell(_ name: String, _ script: String, watchdogSeconds: Double = 0) -> ProcessPlan {
        ProcessPlan(
            name: name, command: ["/bin/sh", "-c", script], environment: ["GREETING": "hello"],
            watchdogSeconds: watchdogSeconds, stopTimeoutSeconds: 2, abortTimeoutSeconds: 1)
    }

    private static let ready = "systemd-notify --ready --status=open; "

    @Test("a process that says READY=1 is ready, its status is kept, its output is in its log")
    func readiness() throws {
        let (state, directory) = try run(
            [shell("a", "echo $GREETING; \(Self.ready) exec sleep 60")], seconds: 20
        ) { $0.processes.allSatisfy(\.ready) }
        #expect(state.processes.map(\.ready) == [true])
        #expect(state.processes.map(\.status) == ["open"])
        let log = try String(contentsOf: directory.appending(path: "a.log"), encoding: .utf8)
        #expect(log == "hello\n")
        try FileManager.default.removeItem(at: directory)
    }

    @Test("one that is killed is started again, one with a configuration fault is not")
    func restarts() throws {
        let (state, directory) = try run(
            [shell("a", "\(Self.ready) sleep 0.2; kill -9 $$"), shell("b", "exit 2")], seconds: 20
        ) { $0.processes.first.map { $0.restarts >= 2 } ?? false }
        #expect(state.processes[0].restarts >= 2)
        #expect(state.processes[0].lastExit == "signal 9")
        #expect(state.processes[1].restarts == 0)
        #expect(state.processes[1].lastExit == "exit 2")
        try FileManager.default.removeItem(at: directory)
    }

    @Test("one that stops sending WATCHDOG=1 is aborted and started again")
    func hangs() throws {
        let (state, directory) = try run(
            [shell("a", "\(Self.ready) exec sleep 60", watchdogSeconds: 0.5)], seconds: 20
        ) { $0.processes.first.map { $0.restarts >= 1 } ?? false }
        #expect(state.processes[0].lastExit == "signal 6")
        try FileManager.default.removeItem(at: directory)
    }

    @Test("a program that is not there does not stop the others")
    func missingProgram() throws {
        let (state, directory) = try run(
            [
                ProcessPlan(name: "a", command: ["/nowhere/program"]), shell("b", "\(Self.ready) exec sleep 60"),
            ], seconds: 20
        ) { $0.processes.last?.ready == true && $0.processes.first.map { $0.restarts > 0 } ?? false }
        #expect(state.processes[0].lastExit == "exit 127")
        #expect(state.processes[1].ready)
        try FileManager.default.removeItem(at: directory)
    }
}
