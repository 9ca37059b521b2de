import Core
import DaemonKit
import Drivers
import Synchronization

/// Answers switches while PostgreSQL is away. What it grants it promises: it is in the journal on the disk before the answer, and becomes holds when
/// PostgreSQL is back.
///
/// It works on the journal's own thread, so that nothing comes between the decisions of a batch and their entries.
actor PromiseBook {
    nonisolated let journal: SpoolDirectory
    private let exposure: Money
    private let cache: BalanceCache
    private let known: KnownHolds
    private let metrics: PrometheusRegistry
    /// The calls of the journal.
    private var holds: [UsageID: PromisedHold] = [:]
    /// What each customer was promised since the journal was last empty.
    private var promised: [CustomerID: Money] = [:]
    private var isPostingLast = false
    private nonisolated let standing = Mutex(Standing())

    private struct Standing {
        /// Whether the journal of an earlier life has been posted: what that promised counts too, and only PostgreSQL knows it then.
        var isArmed = false
        /// Until when PostgreSQL is not asked after it did not answer.
        var silentUntil: ContinuousClock.Instant?
    }

    /// The most bytes of the journal: about half a million answers.
    static let journalBytes = 256 << 20
    /// So long PostgreSQL is left alone after it did not answer.
    private static let silence: Duration = .seconds(2)

    nonisolated var unownedExecutor: UnownedSerialExecutor { journal.unownedExecutor }

    /// A book whose journal nobody has looked into yet.
    /// - Parameter exposure: what each customer is promised at most, by this instance, until the journal is posted.
    init(
        journal: SpoolDirectory, exposure: Money, cache: BalanceCache, known: KnownHolds, metrics: PrometheusRegistry
    ) {
        self.journal = journal
        self.exposure = exposure
        self.cache = cache
        self.known = known
        self.metrics = metrics
    }

    /// Whether it may answer at all: not before it has seen its journal empty.
    nonisolated var isArmed: Bool { standing.withLock { $0.isArmed } }

    /// Whether it answers and PostgreSQL is not asked: promises wait, which PostgreSQL does not know of, or it was silent just now.
    nonisolated var answers: Bool {
        let (isArmed, silentUntil) = standing.withLock { ($0.isArmed, $0.silentUntil) }
        return isArmed && (!journal.load.isEmpty || silentUntil.map { $0 > .now } ?? false)
    }

    /// PostgreSQL did not answer.
    nonisolated func noteSilence() { standing.withLock { $0.silentUntil = .now + PromiseBook.silence } }

    /// Answers questions, in their order, after what it promises is on the disk.
    /// - Throws: `PromiseFailure` where the journal takes nothing; nothing is promised then.
    func settle(_ orders: [HoldOrder], at now: Instant) async throws -> [HoldAnswer] {
        let balances = await balances(of: orders)
        // From here on nothing is awaited, so no other batch comes in between.
        let calls = calls(of: orders)
        var before: [CustomerID: Money] = [:]
        for customer in Array(balances.keys) + calls.values.map(\.row.customer) {
            before[customer] = promised[customer]
        }
        var page = PromisePage(exposure: exposure, holds: calls, promised: before, balances: balances)
        let answers = orders.map { page.decide($0, at: now) }
        try write(page.entries)
        for case .hold(let row) in page.entries { holds[row.id] = page.holds[row.id] }
        promised.merge(page.promised) { $1 }
        for answer in answers { metrics.increment(.walletPromises, answer.isAllowed ? "granted" : "refused") }
        return answers
    }

    /// Has a part of the journal posted, and takes it away.
    /// - Parameter isLast: whether those who ask meanwhile wait for it, so that the journal gets empty under any load.
    func post(_ part: SpoolDirectory.Part, isLast: Bool, by post: @Sendable () async throws -> Void) async throws {
        isPostingLast = isLast
        defer { isPostingLast = false }
        try await post()
        try drop(part)
        lookAtJournal()
        if journal.load.isEmpty { standing.withLock { $0.silentUntil = nil } }
    }

    /// Waits while the last part is being posted, a quarter of a second at most; true where PostgreSQL knows everything then.
    func waitForLast() async throws -> Bool {
        var pauses = 50
        while isPostingLast, pauses > 0 {
            try await Task.sleep(for: .milliseconds(5))
            pauses -= 1
        }
        return !answers
    }

    /// Counts anew where the journal is empty, once it was read to its end: everything promised is in the wallets then.
    func lookAtJournal() {
        if journal.load.isEmpty {
            holds = [:]
            promised = [:]
            standing.withLock { $0.isArmed = true }
        }
        show()
    }

    /// Shows what is out.
    func show() {
        metrics.set(.walletPromised, to: Int(promised.values.total().units / 10))
        metrics.set(.walletJournalBytes, to: journal.load.bytes)
    }

    /// The holds of the batch's calls: promised ones, and those that this instance wrote before.
    private func calls(of orders: [HoldOrder]) -> [UsageID: PromisedHold] {
        var calls: [UsageID: PromisedHold] = [:]
        for order in orders {
            calls[order.id] =
                holds[order.id] ?? known.hold(of: order.id).map { PromisedHold(row: $0, known: $0.hold.amount) }
        }
        return calls
    }

    /// What was last seen of the wallets that the questions are about.
    private func balances(of orders: [HoldOrder]) async -> [CustomerID: CachedBalance] {
        let calls = calls(of: orders)
        var balances: [CustomerID: CachedBalance] = [:]
        var asked: Set<CustomerID> = []
        for order in orders {
            var customer = calls[order.id]?.row.customer
            if case .authorize(let caller, _, _) = order.wish { customer = caller }
            guard let customer, asked.insert(customer).inserted else { continue }
            balances[customer] = await cache.balance(of: customer, account: order.account)
        }
        return balances
    }

    private func drop(_ part: SpoolDirectory.Part) throws { try journal.assumeIsolated { try $0.drop(part) } }

    private func write(_ entries: [PromiseEntry]) throws {
        guard !entries.isEmpty else { return }
        let bytes = entries.map(\.bytes)
        do {
            try journal.assumeIsolated { try $0.append(bytes) }
        } catch let refusal as SpoolDirectory.Refusal {
            throw PromiseFailure(refusal)
        }
    }
}

/// Why nothing could be promised: PostgreSQL is away, and the journal takes nothing.
struct PromiseFailure: Failure, CustomStringConvertible {
    let refusal: SpoolDirectory.Refusal

    init(_ refusal: SpoolDirectory.Refusal) { self.refusal = refusal }

    var reason: String {
        switch refusal {
        case .full: "promise-journal-full"
        case .busy: "promise-journal-busy"
        case .failed: "promise-journal-failed"
        }
    }

    var isTransient: Bool { true }

    var description: String {
        switch refusal {
        case .full: "the journal of promises is full"
        case .busy: "another process has the journal of promises"
        case .failed(let failure): "\(failure)"
        }
    }
}
