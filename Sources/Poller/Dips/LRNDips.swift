import Core
import DaemonKit
import Drivers
import Synchronization

/// Dips of a portability service (M11): one a call, whatever happens afterwards. What was answered before is taken from `lrn_dips`,
/// what was asked lately from memory; the other numbers of a batch are asked side by side, each once.
actor LRNDips {
    private let services: [LRNService]
    private let store: LRNDipStore
    private let loop: Loop
    private let costPerDip: Money
    private var cache: LRNCache
    /// Failures since the last answer, and until when nobody is asked because of them.
    private var failures = 0
    private var pausedUntil: Instant?
    private var isRefused = false

    /// A service that failed so often in a row is left alone for a while: a batch must not wait for each of its numbers.
    static let failuresBeforePause = 5
    static let pauseSeconds = 10

    /// Dips over these connections, each of which carries one at a time.
    init(services: [LRNService], store: LRNDipStore, cache: LRNCache, costPerDip: Money, loop: Loop) {
        self.services = services
        self.store = store
        self.cache = cache
        self.costPerDip = costPerDip
        self.loop = loop
    }

    private struct Reply: Sendable {
        let number: NationalNumber
        let answer: LRNAnswer
        let milliseconds: Int
    }

    /// The answers by call, stored before anybody uses them. A call without one waits, unless it is `overdue`: it goes on as
    /// timed out.
    func answers(to questions: [LRNQuestion], overdue: Set<UsageID>) async throws -> [UsageID: LRNAnswer] {
        var answers = try await store.answers(to: questions)
        let open = questions.filter { answers[$0.call] == nil }
        guard !open.isEmpty else { return answers }
        let now = self.now
        var known: [NationalNumber: LRNAnswer] = [:]
        for question in open where known[question.number] == nil {
            known[question.number] = cache.answer(about: question.number, at: now)
        }
        var paid: [NationalNumber: Int] = [:]
        for reply in await ask(Array(Set(open.map { $0.number }).subtracting(known.keys))) {
            known[reply.number] = reply.answer
            paid[reply.number] = reply.milliseconds
        }
        // An instance that stops has asked nobody: nothing may be concluded from the silence.
        try Task.checkCancellation()

        var dips: [LRNDip] = []
        for question in open {
            if let answer = known[question.number] {
                var dip = LRNDip(question: question, answer: answer)
                if let milliseconds = paid.removeValue(forKey: question.number) {
                    dip.milliseconds = milliseconds
                    dip.cost = costPerDip
                } else {
                    loop.metrics.increment(.pollerLRNCacheHits)
                }
                dips.append(dip)
            } else if overdue.contains(question.call) {
                dips.append(LRNDip(question: question, answer: .timedOut))
            }
        }
        try await store.insert(dips, at: now)
        for dip in dips { answers[dip.question.call] = dip.answer }
        return answers
    }

    // MARK: Asking

    /// Asks about each number once, on all connections side by side, until the service is found to be away.
    private func ask(_ numbers: [NationalNumber]) async -> [Reply] {
        guard !numbers.isEmpty else { return [] }
        let queue = NumberQueue(numbers)
        return await withTaskGroup(of: [Reply].self) { lanes in
            for service in services.prefix(numbers.count) {
                lanes.addTask { await self.lane(service, queue) }
            }
            var replies: [Reply] = []
            for await some in lanes { replies += some }
            return replies
        }
    }

    private func lane(_ service: LRNService, _ queue: NumberQueue) async -> [Reply] {
        var replies: [Reply] = []
        while !Task.isCancelled, !isPaused, let number = queue.next() {
            let start = ContinuousClock.now
            do throws(LRNError) {
                let answer = try await service.ask(number)
                replies.append(noted(answer, about: number, after: ContinuousClock.now - start))
            } catch {
                if !Task.isCancelled { note(error) }
            }
            Watchdog.progressed()
        }
        return replies
    }

    private var isPaused: Bool { pausedUntil.map { now < $0 } ?? false }

    private func noted(_ answer: LRNAnswer, about number: NationalNumber, after duration: Duration) -> Reply {
        failures = 0
        pausedUntil = nil
        setRefused(false)
        cache.keep(answer, about: number, at: now)
        loop.metrics.increment(.pollerLRNDips, answer.stored)
        loop.metrics.observe(.pollerLRNSeconds, duration)
        loop.metrics.increment(.pollerLRNCost, by: Int(costPerDip.units / 10))
        return Reply(number: number, answer: answer, milliseconds: Int(duration / .milliseconds(1)))
    }

    private func note(_ error: LRNError) {
        failures += 1
        loop.metrics.increment(.pollerLRNDips, error.reason)
        if case .refused = error { setRefused(true) }
        guard failures >= Self.failuresBeforePause, !isPaused else { return }
        // The first failure after the pause begins the next one.
        failures = Self.failuresBeforePause - 1
        pausedUntil = now.advanced(seconds: Self.pauseSeconds)
        loop.logger.error(
            "Portability service does not answer: calls that need it wait",
            metadata: ["failure.reason": "\(error.reason)", "failure.detail": "\(error)"])
    }

    /// The alarm that somebody must look at the address or the token.
    private func setRefused(_ refused: Bool) {
        guard refused != isRefused else { return }
        isRefused = refused
        loop.metrics.set(.pollerLRNRefused, to: refused ? 1 : 0)
    }

    private var now: Instant { Instant(milliseconds: loop.clock.now()) }
}

/// Numbers to ask about, each handed out once.
private final class NumberQueue: Sendable {
    private let numbers: Mutex<[NationalNumber]>

    init(_ numbers: [NationalNumber]) {
        self.numbers = Mutex(numbers)
    }

    func next() -> NationalNumber? { numbers.withLock { $0.popLast() } }
}
