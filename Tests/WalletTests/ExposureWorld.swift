import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

/// A world in which switches are answered by way of a PostgreSQL that can be taken away.
struct ExposureWorld {
    let world: WalletWorld
    let postgres: ServerProxy
    /// By way of what can be taken away.
    let pool: PostgresPool
    /// Where all instances' journals lie.
    let root: String
    let prefix: String

    /// One instance.
    struct Instance {
        let cache: BalanceCache
        let desk: HoldDesk
        let drain: PromiseDrain

        var promises: PromiseBook { desk.promises }
    }

    static func with(_ body: (ExposureWorld) async throws -> Void) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "promises-\(UUID().uuidString)").path
        let postgres = try ServerProxy(name: ".s.PGSQL.5432", upstream: try Services.postgresSocketPath())
        try await WalletWorld.with { world in
            try await world.addAccounts()
            let pool = PostgresPool(
                configuration: PostgresConfiguration(
                    connectionInfo:
                        "host='\(postgres.directory)' port=5432 dbname='\(world.database.name)' user=warp_wallet",
                    applicationName: "warp-tests"), size: 2)
            let prefix = Services.redisKeyPrefix()
            try await body(
                ExposureWorld(world: world, postgres: postgres, pool: pool, root: root, prefix: prefix))
            try await flush(prefix)
            postgres.cut()
            await pool.close()
        }
        if FileManager.default.fileExists(atPath: root) { try FileManager.default.removeItem(atPath: root) }
    }

    /// An instance that has seen nothing yet.
    func instance(_ name: String = "1", exposure: String = "5.00") throws -> Instance {
        let loop = Loop.quiet(at: world.noon)
        let cache = BalanceCache(
            RedisBalances(connection: RedisConnection(try Services.redis()), prefix: prefix, expirySeconds: 180),
            remembersAll: true, loop: loop)
        let known = KnownHolds()
        let book = HoldBook(pool: pool, watch: WalletWatch(wallets: { cache.note($0) }, holds: { known.note($0) }))
        let promises = PromiseBook(
            journal: SpoolDirectory(path: "\(root)/\(name)", maxBytes: 1 << 20),
            exposure: try Money(parsing: exposure), cache: cache, known: known, metrics: loop.metrics)
        return Instance(
            cache: cache,
            desk: HoldDesk(book: book, promises: promises, patience: .seconds(5), logger: loop.logger),
            drain: PromiseDrain(promises: promises, book: book, known: known, root: root, loop: loop))
    }

    /// An instance that has seen every wallet and an empty journal.
    func readyInstance(_ name: String = "1", exposure: String = "5.00") async throws -> Instance {
        let instance = try instance(name, exposure: exposure)
        try await instance.cache.refresh(from: pool)
        try await instance.drain.drainOwn()
        return instance
    }

    /// Asks an instance.
    func ask(
        _ instance: Instance, _ question: WalletWorld.Question, account: String? = nil
    ) async throws -> HoldAnswer {
        var order = try question.order
        order.account = try account.map { try BAN(parsing: $0) }
        return try #require(try await instance.desk.settle([order], at: world.noon).first)
    }

    func held(_ customer: CustomerID) async throws -> String? { try await world.held(customer) }
    func states() async throws -> [String] { try await world.states() }
}
