public import Drivers
import Logging
public import ServiceLifecycle
import Synchronization

/// How a daemon's notifications are sent.
public struct NotificationSettings: Sendable {
    /// How many are sent at once by one instance.
    public var concurrency = 8
    /// Between looks for what is due.
    public var interval = Duration.seconds(2)
    /// After which a notification that nobody took is given up, in seconds.
    public var giveUpSeconds = 72 * 3_600
    /// For how long a row that is being sent is kept from other instances, in seconds; far above what one send may take.
    public var leaseSeconds = 60
    /// How long settled rows are kept, in days.
    public var keptDays = 90

    /// The defaults.
    public init() {}
}

/// Sends a daemon's notifications: several at once, by any number of instances side by side. Each arrives at least once, with the same id
/// each time; one that fails is tried again after a pause that grows to an hour.
public struct NotificationSender: Service {
    private let notifications: Notifications
    private let pool: PostgresPool
    private let settings: NotificationSettings
    private let loop: Loop
    private let lanes: NotificationLanes
    private let bell = Bell()
    /// Any number from 0 to a bound, which a test fixes.
    private let upTo: @Sendable (Int64) -> Int64

    /// A sender of the rows of these tables; without mail, rows for e-mail wait until they are given up.
    public init(
        _ notifications: Notifications, pool: PostgresPool, settings: NotificationSettings, mail: NotificationMail?,
        loop: Loop, upTo: @escaping @Sendable (Int64) -> Int64 = { Int64.random(in: 0...$0) }
    ) {
        self.notifications = notifications
        self.pool = pool
        self.settings = settings
        self.loop = loop
        self.upTo = upTo
        lanes = NotificationLanes(count: settings.concurrency, mail: mail)
    }

    /// Looks for what is due now, rather than at the next turn.
    public func ring() { bell.ring() }

    public func run() async throws {
        let worker = loop.watchdog.register("notifications")
        defer { worker.done() }
        var backoff = Backoff(first: .milliseconds(500), most: .seconds(30))
        await withDiscardingTaskGroup { group in
            while !isStopping {
                var pause = settings.interval
                do {
                    for notification in try await worker.waiting(upTo: .seconds(60), { try await claim() }) {
                        let lane = lanes.take()
                        group.addTask {
                            await send(notification, by: lane)
                            lanes.give(back: lane)
                            bell.ring()
                        }
                    }
                    backoff.reset()
                } catch {
                    if isStopping { break }
                    warn("Notifications not read", error)
                    pause = backoff.next()
                }
                await worker.waiting(upTo: pause) { await bell.wait(upTo: pause) }
            }
        }
    }

    private func claim() async throws -> [OutgoingNotification] {
        let free = lanes.freeCount
        guard free > 0 else { return [] }
        return try await notifications.claim(
            limit: free, leaseSeconds: settings.leaseSeconds, at: loop.clock.now(), in: pool)
    }

    /// One attempt and its outcome. A failure to store the outcome leaves the lease to end: the row is sent again then.
    private func send(_ notification: OutgoingNotification, by lane: NotificationLane) async {
        do {
            do throws(NotificationFault) {
                try await lane.deliver(notification)
            } catch {
                return try await settle(notification, error)
            }
            try await notifications.sent(notification, at: loop.clock.now(), in: pool)
            report(notification, "sent")
        } catch {
            warn("Outcome of a notification not stored", error)
        }
    }

    private func settle(_ notification: OutgoingNotification, _ fault: NotificationFault) async throws {
        let now = loop.clock.now()
        let isOver = now - notification.pendingSince >= Int64(settings.giveUpSeconds) * 1_000
        let due = fault.isTransient && !isOver ? now + pause(after: notification, fault) : nil
        try await notifications.failed(
            notification, "\(fault.reason): \(fault.detail)", dueAgain: due, isPausing: fault.isReceivers, in: pool)
        report(notification, due == nil ? "failed" : "retry", fault)
    }

    /// Milliseconds to the next attempt: anything up to a window that doubles from a second to an hour, and never less than the receiver has
    /// asked for.
    private func pause(after notification: OutgoingNotification, _ fault: NotificationFault) -> Int64 {
        let failures = max(notification.attempt, fault.isReceivers ? notification.subscription.failures + 1 : 1)
        let window = min(Int64(1_000) << Int64(min(failures, 30) - 1), 3_600_000)
        return max(upTo(window), Int64(fault.retryAfterSeconds ?? 0) * 1_000)
    }

    /// Sends a row that nobody else has, once and now; returns why it was not taken, nil where it was.
    public func sendNow(_ notification: OutgoingNotification) async throws -> String? {
        do throws(NotificationFault) {
            try await NotificationLane(mail: lanes.mail).deliver(notification)
        } catch {
            let reason = "\(error.reason): \(error.detail)"
            try await notifications.failed(notification, reason, dueAgain: nil, isPausing: false, in: pool)
            return reason
        }
        try await notifications.sent(notification, at: loop.clock.now(), in: pool)
        return nil
    }

    /// Counts what waits and forgets what was settled long ago; to be run now and then.
    public func keepUp() async throws {
        loop.metrics.set(.notificationsPending, to: try await notifications.pendingCount(in: pool))
        let before = loop.clock.now() - Int64(settings.keptDays) * 86_400_000
        while try await notifications.forget(before: before, limit: 1_000, in: pool) == 1_000 {
            Watchdog.progressed()
        }
    }

    private func report(_ notification: OutgoingNotification, _ outcome: String, _ fault: NotificationFault? = nil) {
        let channel = notification.subscription.channel.rawValue
        loop.metrics.increment(.notificationsHandled, channel, outcome)
        guard let fault else { return }
        loop.logger.log(
            level: outcome == "failed" ? .error : .warning,
            outcome == "failed" ? "Notification given up" : "Notification not taken",
            metadata: [
                "notification.id": "\(notification.id)", "notification.kind": "\(notification.kind)",
                "subscription.id": "\(notification.subscription.id)", "attempt.number": "\(notification.attempt)",
                "failure.reason": "\(fault.reason)", "failure.detail": "\(fault.detail)",
            ])
    }

    private func warn(_ message: Logger.Message, _ error: any Error) {
        loop.logger.warning(
            message, metadata: ["failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)"])
    }
}

/// The ways out of one instance: as many as are used at once, made when they are first needed and used again.
private final class NotificationLanes: Sendable {
    private struct State {
        var idle: [NotificationLane] = []
        var busyCount = 0
    }

    private let count: Int
    let mail: NotificationMail?
    private let state = Mutex(State())

    init(count: Int, mail: NotificationMail?) {
        self.count = count
        self.mail = mail
    }

    var freeCount: Int { state.withLock { count - $0.busyCount } }

    func take() -> NotificationLane {
        let idle = state.withLock { state in
            state.busyCount += 1
            return state.idle.popLast()
        }
        return idle ?? NotificationLane(mail: mail)
    }

    func give(back lane: NotificationLane) {
        state.withLock { state in
            state.busyCount -= 1
            state.idle.append(lane)
        }
    }
}
