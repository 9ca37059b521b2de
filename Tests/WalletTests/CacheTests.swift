import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import TestSupport
import Testing

@testable import Wallet

@Suite("Balance cache", .needsServices)
struct CacheTests {
    @Test("a balance is one line, which begins with whose it is and which version")
    func json() throws {
        var balance = CachedBalance(
            customer: WalletWorld.prepaid, version: 17, available: try Money(parsing: "12.3400"),
            balance: try Money(parsing: "12.34"), isSuspended: false, at: Instant(milliseconds: 1_795_348_800_000))
        let text = String(decoding: balance.json, as: UTF8.self)
        #expect(
            text == """
                {"customer_id":"00000000-0000-0001-0000-000000000001","version":17,"open":true,"suspended":false,\
                "available":"12.3400","balance":"12.3400","at":"2026-11-22T12:00:00.000Z"}
                """)
        #expect(try CachedBalance(json: balance.json) == balance)
        balance = CachedBalance(
            customer: WalletWorld.postpaid, version: 1, available: nil, balance: .zero, isSuspended: true,
            at: balance.at)
        #expect(try CachedBalance(json: balance.json) == balance)
        #expect(try CachedBalance(json: Array("{}".utf8)) == nil)
    }

    @Test(
        "a call may begin where something is left and nobody stopped it",
        arguments: [
            ("0.0001", false, true), ("0.0000", false, false), ("-1.0000", false, false), (nil, false, true),
            ("5.0000", true, false), (nil, true, false),
        ] as [(String?, Bool, Bool)])
    func isOpen(available: String?, isSuspended: Bool, isOpen: Bool) throws {
        let balance = CachedBalance(
            customer: WalletWorld.prepaid, version: 1, available: try available.map { try Money(parsing: $0) },
            balance: .zero, isSuspended: isSuspended, at: Instant(milliseconds: 0))
        #expect(balance.isOpen == isOpen)
    }

    @Test("what a commit makes of a wallet is in Redis under each of its accounts")
    func followsCommits() async throws {
        try await CacheWorld.with { here async throws in
            try await here.cache.refresh(from: here.world.store.pool)
            #expect(try await here.read("BAN1")?.available == Money(parsing: "1.0000"))
            try await here.world.addCall(WalletWorld.prepaid, charge: "0.25000")
            try await here.post()
            var book = here.world.book
            book.watch = here.cache.watch
            _ = try await book.settle([WalletWorld.Question.authorize("a").order], at: here.world.noon)
            #expect(await here.cache.flush())
            for account in ["BAN1", "BAN2"] {
                let read = try #require(try await here.read(account))
                #expect(read.customer == WalletWorld.prepaid)
                #expect(read.balance == (try Money(parsing: "0.7500")))
                #expect(read.available == (try Money(parsing: "0.7000")))
                #expect(read.at == here.world.noon)
                let version: Int64? = try await here.world.admin.query(
                    "SELECT version FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)"
                ).first?.value(at: 0)
                #expect(read.version == version)
            }
            #expect(try await here.read("BAN3")?.available == nil)
            #expect(try await here.read("BAN3")?.isOpen == true)
        }
    }

    @Test("a later state is never overwritten by an earlier one, whoever writes last; another customer's is")
    func staleNeverWins() async throws {
        try await CacheWorld.with { here async throws in
            let account = try BAN(parsing: "BAN1")
            func write(
                _ version: Int64, _ amount: String, of customer: CustomerID = WalletWorld.prepaid
            ) async throws -> RedisBalances.Written {
                let balance = CachedBalance(
                    customer: customer, version: version, available: nil, balance: try Money(parsing: amount),
                    isSuspended: false, at: here.world.noon)
                return try await here.balances.write([(account, balance)])
            }
            let (written, stale) = (RedisBalances.Written(written: 1), RedisBalances.Written(stale: 1))
            #expect(try await write(9, "9.0000") == written)
            #expect(try await write(10, "10.0000") == written)
            #expect(try await write(9, "9.0000") == stale)
            #expect(try await here.read("BAN1")?.balance == Money(parsing: "10"))
            // The same one again, to renew it.
            #expect(try await write(10, "10.0000") == written)
            // The account moved to a customer whose wallet is young.
            #expect(try await write(1, "1.0000", of: WalletWorld.hybrid) == written)
            #expect(try await here.read("BAN1")?.customer == WalletWorld.hybrid)
        }
    }

    @Test("two instances that write the states of a wallet in any order leave the last one")
    func severalInstances() async throws {
        try await CacheWorld.with { here async throws in
            let other = here.cache(prefix: here.balances.prefix)
            for cache in [here.cache, other] { try await cache.refresh(from: here.world.store.pool) }
            var book = here.world.book
            for number in 0..<20 {
                // The one that has the older state writes last.
                book.watch = number.isMultiple(of: 2) ? here.cache.watch : other.watch
                let order = try WalletWorld.Question.authorize("c\(number)", rate: "0.0010").order
                _ = try await book.settle([order], at: here.world.noon)
            }
            #expect(await other.flush())
            #expect(await here.cache.flush())
            // Twenty holds of 0.0050.
            #expect(try await here.read("BAN1")?.available == Money(parsing: "0.9000"))
        }
    }

    @Test("a flushed Redis is filled again by the next refresh, and what nobody renews expires")
    func rebuilt() async throws {
        try await CacheWorld.with { here async throws in
            try await here.cache.refresh(from: here.world.store.pool)
            try await flush(here.balances.prefix)
            #expect(try await here.read("BAN1") == nil)
            try await here.cache.refresh(from: here.world.store.pool)
            #expect(try await here.read("BAN1")?.balance == Money(parsing: "1"))
            let left = try await here.balances.connection.command(
                ["TTL", RedisArgument(here.balances.prefix + "balance:BAN1")]
            ).integer
            #expect((1...180).contains(left ?? 0))
        }
    }

    @Test("posting does not wait for Redis, and what waited is written when it is back")
    func redisAway() async throws {
        let redis = try ServerProxy(name: "redis.sock", upstream: Services.redisSocketPath ?? "")
        try await CacheWorld.with(redis: redis) { here async throws in
            try await here.cache.refresh(from: here.world.store.pool)
            try await here.world.addCall(WalletWorld.prepaid, charge: "0.10000")
            try await here.post()
            // Connected and silent: the write hangs until its time-out of a second and a half.
            redis.freeze()
            let cache = here.cache
            let hanging = Task { (await cache.flush(), ContinuousClock.now) }
            try await Task.sleep(for: .milliseconds(30))
            try await here.world.addCall(WalletWorld.prepaid, charge: "0.20000")
            try await here.post()
            let posted = ContinuousClock.now
            let (isWritten, gaveUp) = await hanging.value
            #expect(!isWritten)
            #expect(posted < gaveUp)
            redis.cut()
            #expect(await !here.cache.flush())
            try redis.restore()
            #expect(await here.cache.flush())
            #expect(try await here.read("BAN1")?.balance == Money(parsing: "0.7"))
        }
        redis.cut()
    }
}

/// A world with accounts and a cache of its balances, on keys of its own.
struct CacheWorld {
    let world: WalletWorld
    let balances: RedisBalances
    let cache: BalanceCache

    static func with(redis: ServerProxy? = nil, _ body: (CacheWorld) async throws -> Void) async throws {
        try await WalletWorld.with { world in
            try await world.addAccounts()
            var configuration = try Services.redis()
            if let redis { configuration.address = .unixSocket(path: redis.socketPath) }
            configuration.commandTimeout = .milliseconds(1_500)
            let prefix = Services.redisKeyPrefix()
            let balances = RedisBalances(
                connection: RedisConnection(configuration), prefix: prefix, expirySeconds: 180)
            let noon = world.noon
            try await body(
                CacheWorld(
                    world: world, balances: balances,
                    cache: BalanceCache(balances, remembersAll: true, loop: .quiet(at: noon))))
            try await flush(prefix)
        }
    }

    /// Another instance's cache.
    func cache(prefix: String) -> BalanceCache {
        let noon = world.noon
        return BalanceCache(
            RedisBalances(connection: balances.connection, prefix: prefix, expirySeconds: 180), remembersAll: true,
            loop: .quiet(at: noon))
    }

    /// Posts what is rated by a store that tells the cache.
    func post() async throws {
        var store = world.store
        store.watch = cache.watch
        let horizon: Int64 = try await world.admin.query("SELECT billing.horizon('rated') AS h").first?.value("h") ?? 0
        #expect(try await store.postNext(upTo: horizon, limit: 5_000, at: world.noon).isDone)
    }

    func read(_ account: String) async throws -> CachedBalance? { try await balances.read(BAN(parsing: account)) }
}

extension WalletWorld {
    /// The wallets, and accounts BAN1 and BAN2 of the prepaid customer and BAN3 of the postpaid one.
    func addAccounts() async throws {
        try await store.makeWallets(of: [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid], at: noon)
        try await admin.execute(
            """
            INSERT INTO billing.customer_bans (ban, customer_id)
            VALUES ('BAN1', \(WalletWorld.prepaid)), ('BAN2', \(WalletWorld.prepaid)), ('BAN3', \(WalletWorld.postpaid))
            """)
    }
}

extension Loop {
    /// A loop whose log nobody reads and whose clock stands still.
    static func quiet(at now: Instant) -> Loop {
        Loop(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: PrometheusRegistry(),
            watchdog: Watchdog(), clock: DaemonKit.Clock { now.milliseconds })
    }
}
