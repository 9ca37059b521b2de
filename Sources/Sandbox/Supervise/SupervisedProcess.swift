import Drivers

/// One process as its supervisor sees it: what happened goes in, what must be done comes out. It decides as systemd does
/// for `Type=notify` with `WatchdogSec=`, `Restart=always` and `RestartPreventExitStatus=2`.
struct SupervisedProcess {
    typealias Instant = ContinuousClock.Instant

    enum Phase: Equatable {
        /// Not running; it is started at that time.
        case waiting(until: Instant)
        /// Running, no READY=1 yet.
        case starting(since: Instant)
        /// Running and ready; `heard` is its last sign of life.
        case ready(since: Instant, heard: Instant)
        /// It was sent SIGTERM, or said STOPPING=1.
        case stopping(since: Instant)
        /// It was sent SIGABRT, because it hung.
        case aborting(since: Instant)
        /// Not running, and not started again.
        case ended
    }

    enum Action: Equatable {
        case start
        case signal(Int32)
    }

    /// The exit status of a configuration fault: starting again would not help.
    static let configurationFault: Int32 = 2
    static let firstRestartDelay = Duration.milliseconds(100)
    static let longestRestartDelay = Duration.seconds(5)
    /// Who was ready for so long starts again without a longer delay.
    static let steadyAfter = Duration.seconds(10)
    /// SIGABRT and SIGTERM that did not help are followed by this.
    private static let kill: Int32 = 9
    private static let abort: Int32 = 6
    private static let terminate: Int32 = 15

    let plan: ProcessPlan
    private(set) var phase: Phase
    private(set) var restarts = 0
    /// The last STATUS= that it sent.
    private(set) var status = ""
    private(set) var lastExit: ProcessExit?
    private var failuresInARow = 0
    private var isWanted = true

    init(plan: ProcessPlan, now: Instant) {
        self.plan = plan
        phase = .waiting(until: now)
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    /// What its deadlines ask for now.
    mutating func tick(_ now: Instant) -> Action? {
        switch phase {
        case .waiting(let until):
            return now >= until ? .start : nil
        case .starting(let since):
            return now - since > .seconds(plan.startTimeoutSeconds) ? abort(now) : nil
        case .ready(_, let heard):
            guard plan.watchdogSeconds > 0 else { return nil }
            return now - heard > .seconds(plan.watchdogSeconds) ? abort(now) : nil
        case .stopping(let since):
            return now - since > .seconds(plan.stopTimeoutSeconds) ? .signal(Self.kill) : nil
        case .aborting(let since):
            return now - since > .seconds(plan.abortTimeoutSeconds) ? .signal(Self.kill) : nil
        case .ended:
            return nil
        }
    }

    mutating func started(_ now: Instant) {
        phase = .starting(since: now)
        status = ""
    }

    /// A datagram came: lines `NAME=value`.
    mutating func notified(_ message: String, _ now: Instant) -> Action? {
        var action: Action?
        for line in message.split(separator: "\n") {
            switch (line, phase) {
            case ("READY=1", .starting): phase = .ready(since: now, heard: now)
            case ("WATCHDOG=1", .ready(let since, _)): phase = .ready(since: since, heard: now)
            case ("WATCHDOG=trigger", .ready): action = abort(now)
            case ("STOPPING=1", .starting), ("STOPPING=1", .ready): phase = .stopping(since: now)
            default:
                if line.hasPrefix("STATUS=") { status = String(line.dropFirst("STATUS=".count)) }
            }
        }
        return action
    }

    mutating func exited(_ exit: ProcessExit, _ now: Instant) {
        lastExit = exit
        let wasSteady =
            switch phase {
            case .ready(let since, _): now - since >= Self.steadyAfter
            case .waiting, .starting, .stopping, .aborting, .ended: false
            }
        guard isWanted, exit != .exited(status: Self.configurationFault) else {
            phase = .ended
            return
        }
        failuresInARow = wasSteady ? 0 : failuresInARow + 1
        restarts += 1
        let doubled = Self.firstRestartDelay * (1 << min(max(failuresInARow - 1, 0), 10))
        phase = .waiting(until: now + min(doubled, Self.longestRestartDelay))
    }

    /// It is not wanted any more.
    mutating func stop(_ now: Instant) -> Action? {
        isWanted = false
        switch phase {
        case .waiting:
            phase = .ended
            return nil
        case .starting, .ready:
            phase = .stopping(since: now)
            return .signal(Self.terminate)
        case .stopping, .aborting, .ended:
            return nil
        }
    }

    private mutating func abort(_ now: Instant) -> Action {
        phase = .aborting(since: now)
        return .signal(Self.abort)
    }
}
