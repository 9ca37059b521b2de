import Drivers
import Foundation
import Synchronization

/// Runs the processes of a configuration until it is told to stop. One thread: it waits for datagrams, and looks twenty
/// times a second at who ended and whose time is up.
struct Supervisor {
    private struct Member {
        var process: SupervisedProcess
        let socket: NotifySocket
        var child: ChildProcess?
    }

    private static let tickMilliseconds: Int32 = 50
    /// What every process gets of the supervisor's own environment.
    private static let passedOn = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"]

    private let config: SupervisorConfig
    private var members: [Member]
    private var writtenState = Data()

    init(config: SupervisorConfig) throws {
        self.config = config
        try FileManager.default.createDirectory(atPath: config.logDirectory, withIntermediateDirectories: true)
        members = []
        let family = UUID().uuidString
        for plan in config.processes {
            let socket = try NotifySocket(name: "warp-billing/\(family)/\(plan.name.suffix(40))")
            members.append(Member(process: SupervisedProcess(plan: plan, now: .now), socket: socket))
        }
    }

    /// Returns when every process has ended: all of them by themselves for good, or after `isStopping` became true.
    mutating func run(isStopping: () -> Bool) throws {
        var wasTold = false
        while members.contains(where: { $0.process.phase != .ended }) {
            NotifySocket.wait(for: members.map(\.socket), milliseconds: Self.tickMilliseconds)
            if !wasTold, isStopping() {
                wasTold = true
                for index in members.indices { perform(members[index].process.stop(.now), index) }
            }
            for index in members.indices { look(at: index) }
            try writeState()
        }
    }

    private mutating func look(at index: Int) {
        for message in members[index].socket.receive() {
            perform(members[index].process.notified(message, .now), index)
        }
        if let exit = members[index].child?.reap() {
            members[index].child = nil
            members[index].process.exited(exit, .now)
        }
        perform(members[index].process.tick(.now), index)
    }

    private mutating func perform(_ action: SupervisedProcess.Action?, _ index: Int) {
        switch action {
        case .start: start(index)
        case .signal(let number): members[index].child?.signal(number)
        case nil: break
        }
    }

    private mutating func start(_ index: Int) {
        let plan = members[index].process.plan
        var environment = ProcessInfo.processInfo.environment.filter { Self.passedOn.contains($0.key) }
        environment["NOTIFY_SOCKET"] = members[index].socket.address
        if plan.watchdogSeconds > 0 { environment["WATCHDOG_USEC"] = String(Int(plan.watchdogSeconds * 1_000_000)) }
        // As in the units: a backtrace takes longer than the abort may.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment.merge(plan.environment) { _, own in own }

        members[index].process.started(.now)
        do throws(ChildProcessError) {
            members[index].child = try ChildProcess(
                command: plan.command, environment: environment,
                logFile: "\(config.logDirectory)/\(plan.name).log")
        } catch {
            // As a shell says it: 127 for a program that cannot be started.
            members[index].process.exited(.exited(status: 127), .now)
        }
    }

    /// Rewrites the state file when something changed; a reader finds the old one or the new one whole.
    private mutating func writeState() throws {
        let states = members.map { member in
            ProcessState(
                name: member.process.plan.name, pid: member.child?.pid, ready: member.process.isReady,
                phase: member.process.phase.name, status: member.process.status, restarts: member.process.restarts,
                lastExit: member.process.lastExit?.description)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(SupervisorState(supervisor: getpid(), processes: states))
        guard data != writtenState else { return }
        try data.write(to: URL(filePath: config.stateFile), options: .atomic)
        writtenState = data
    }
}

/// The state file.
struct SupervisorState: Codable {
    /// The supervisor's own process id.
    let supervisor: Int32
    let processes: [ProcessState]
}

/// One process in the state file.
struct ProcessState: Codable {
    let name: String
    let pid: Int32?
    let ready: Bool
    /// `waiting`, `starting`, `ready`, `stopping`, `aborting`, `ended`.
    let phase: String
    let status: String
    let restarts: Int
    /// `exit 2`, `signal 9`; nil before the first end.
    let lastExit: String?
}

extension SupervisedProcess.Phase {
    fileprivate var name: String {
        switch self {
        case .waiting: "waiting"
        case .starting: "starting"
        case .ready: "ready"
        case .stopping: "stopping"
        case .aborting: "aborting"
        case .ended: "ended"
        }
    }
}
