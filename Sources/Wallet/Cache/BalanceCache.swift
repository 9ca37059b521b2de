import Core
import DaemonKit
import Drivers
import ServiceLifecycle
import Synchronization

/// Keeps the balances in Redis that routing reads. Stores hand over the wallets that a commit has changed, which takes no time and cannot fail; as a
/// service it writes them, each customer's newest state alone. What is lost on the way is made good by `refresh`, which walks all wallets.
final class BalanceCache: Service {
    /// The most customers that wait for Redis; others wait for the next refresh.
    static let waitingCustomers = 50_000
    /// Customers that one write takes, and wallets that one page of a refresh reads.
    static let pageSize = 1_000
    /// How long states are gathered before they are written.
    private static let pause: Duration = .milliseconds(100)
    private static let pauseAfterFailure: Duration = .seconds(1)
    /// How long a question to Redis may take while a caller waits.
    private static let patience: Duration = .milliseconds(200)

    fileprivate struct State {
        /// What is to be written, the newest state of each customer.
        var waiting: [CustomerID: CachedBalance] = [:]
        /// The accounts of each customer, as of the last refresh.
        var accounts: [CustomerID: [BAN]] = [:]
        /// What was last seen of each wallet.
        var seen: [CustomerID: CachedBalance] = [:]
        /// Whether the last write failed.
        var isRedisAway = false
    }

    private let balances: RedisBalances
    private let remembersAll: Bool
    private let loop: Loop
    private let state = Mutex(State())

    /// A cache that knows nothing yet.
    /// - Parameter remembersAll: whether balances are kept in this process too, to be asked while PostgreSQL is away.
    init(_ balances: RedisBalances, remembersAll: Bool, loop: Loop) {
        self.balances = balances
        self.remembersAll = remembersAll
        self.loop = loop
    }

    /// The cache of a daemon: it runs with it, and walks all wallets at its start and every `cache.refreshSeconds`.
    static func add(to context: DaemonContext) -> BalanceCache {
        let config = context.config
        let cache = BalanceCache(
            RedisBalances(
                connection: RedisConnection(context.redis), prefix: config[DaemonConfig.redisKeyPrefix],
                expirySeconds: config[WalletConfig.cacheExpiry]),
            remembersAll: Exposure(config) != nil, loop: context.loop)
        context.add(cache)
        let pool = context.pool
        context.schedule("balance-cache", .every(seconds: config[WalletConfig.cacheRefresh])) {
            try await cache.refresh(from: pool)
        }
        return cache
    }

    /// What stores tell of their commits.
    var watch: WalletWatch { WalletWatch(wallets: { self.note($0) }) }

    /// Takes the states of wallets that were committed just now.
    func note(_ wallets: [WalletRow]) {
        guard !wallets.isEmpty else { return }
        let now = Instant(milliseconds: loop.clock.now())
        let dropped = state.withLock { state in
            var dropped = 0
            for wallet in wallets {
                let balance = CachedBalance(wallet, at: now)
                if remembersAll { state.seen.keepNewer(balance) }
                if state.waiting.count < BalanceCache.waitingCustomers || state.waiting[balance.customer] != nil {
                    state.waiting.keepNewer(balance)
                } else {
                    dropped += 1
                }
            }
            return dropped
        }
        if dropped > 0 { loop.metrics.increment(.walletCacheBalances, by: dropped, "dropped") }
    }

    /// Writes what waits until the daemon stops, then what is left.
    func run() async throws {
        let worker = loop.watchdog.register("balance cache")
        defer { worker.done() }
        while !isStopping {
            await worker.waiting(upTo: .seconds(30)) {
                let isWritten = await flush()
                await pauseUnlessStopping(isWritten ? BalanceCache.pause : BalanceCache.pauseAfterFailure)
            }
        }
        await flush()
    }

    /// Writes everything that waits; false where Redis does not take it. It waits on then, unless it is Redis that can never take it.
    @discardableResult
    func flush() async -> Bool {
        while true {
            let (taken, accounts) = state.withLock { state in
                let taken = Array(state.waiting.values.prefix(BalanceCache.pageSize))
                for balance in taken { state.waiting[balance.customer] = nil }
                return (taken, taken.map { state.accounts[$0.customer] ?? [] })
            }
            guard !taken.isEmpty else { return true }
            let isWritten = await write(
                zip(taken, accounts).flatMap { balance, accounts in accounts.map { ($0, balance) } }
            ) {
                self.state.withLock { state in for balance in taken { state.waiting.keepNewer(balance) } }
            }
            guard isWritten else { return false }
        }
    }

    /// Writes the balance of every wallet as PostgreSQL has it now: the whole cache at a start, and what was lost since.
    func refresh(from pool: PostgresPool) async throws {
        var last = CustomerID(Identifier128(high: 0, low: 0))
        var takesBalances = true
        while true {
            let now = Instant(milliseconds: loop.clock.now())
            let page = try await WalletRow.page(after: last, limit: BalanceCache.pageSize, in: pool)
            guard let end = page.last else { return }
            last = end.customer
            let accounts = try await BalanceCache.accounts(of: page.map(\.customer), in: pool)
            let balances = page.map { CachedBalance($0, at: now) }
            state.withLock { state in
                for balance in balances {
                    state.accounts[balance.customer] = accounts[balance.customer] ?? []
                    if remembersAll { state.seen.keepNewer(balance) }
                }
            }
            // Who is away need not be asked for every page.
            if takesBalances {
                takesBalances = await write(
                    balances.flatMap { balance in (accounts[balance.customer] ?? []).map { ($0, balance) } })
            }
            Watchdog.progressed()
        }
    }

    /// What is known of a customer's wallet: last seen by this process, or else what Redis has under the account; nil where neither knows it.
    func balance(of customer: CustomerID, account: BAN?) async -> CachedBalance? {
        if let seen = state.withLock({ $0.seen[customer] }) { return seen }
        guard let account else { return nil }
        do {
            let balances = balances
            let read = try await within(BalanceCache.patience) { try await balances.read(account) }
            guard let read, read.customer == customer else { return nil }
            state.withLock { $0.seen.keepNewer(read) }
            return read
        } catch {
            loop.logger.warning(
                "Balance not to be had from Redis", metadata: ["failure.reason": "\(FailureFacts(error).reason)"])
            return nil
        }
    }

    /// One write; what Redis cannot take now is given to `keep`.
    private func write(
        _ values: [(account: BAN, balance: CachedBalance)], keep: () -> Void = {}
    ) async -> Bool {
        guard !values.isEmpty else { return true }
        do {
            let outcome = try await balances.write(values)
            loop.metrics.increment(.walletCacheBalances, by: outcome.written, "written")
            loop.metrics.increment(.walletCacheBalances, by: outcome.stale, "stale")
            if state.withLock({ state in state.setRedisAway(false) }) {
                loop.logger.notice("Balances are written again")
            }
            return true
        } catch {
            loop.metrics.increment(.walletCacheBalances, by: values.count, "failed")
            if error.isTransient { keep() }
            if state.withLock({ state in state.setRedisAway(true) }) {
                loop.logger.warning(
                    "Balances are not written",
                    metadata: ["failure.reason": "\(error.reason)", "failure.detail": "\(error)"])
            }
            return false
        }
    }

    private static func accounts(
        of customers: [CustomerID], in pool: PostgresPool
    ) async throws -> [CustomerID: [BAN]] {
        let rows = try await pool.query(
            "SELECT customer_id, ban FROM billing.customer_bans WHERE customer_id = ANY (\(customers))")
        var accounts: [CustomerID: [BAN]] = [:]
        for row in rows { accounts[try row.value("customer_id"), default: []].append(try row.value("ban")) }
        return accounts
    }
}

extension BalanceCache.State {
    /// Notes whether Redis is away; true where that is news.
    fileprivate mutating func setRedisAway(_ isAway: Bool) -> Bool {
        defer { isRedisAway = isAway }
        return isRedisAway != isAway
    }
}

extension [CustomerID: CachedBalance] {
    /// Keeps a state unless a later one is there.
    fileprivate mutating func keepNewer(_ balance: CachedBalance) {
        if let there = self[balance.customer], there.version > balance.version { return }
        self[balance.customer] = balance
    }
}
