import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import Reference
import Synchronization
import TestSupport
import Testing

@testable import Biller

/// A migrated database and a clock; the biller works on it as its own role, tests look and prepare as a superuser.
final class BillerWorld: Sendable {
    let pool: PostgresPool
    /// As `warp_biller`, so that a missing grant is found.
    let own: PostgresPool
    let database: ScratchDatabase
    let directory: URL
    private let clock: Mutex<Instant>

    private init(_ database: ScratchDatabase, now: Instant) throws {
        self.database = database
        pool = PostgresPool(configuration: try database.configuration(), size: 2)
        own = PostgresPool(configuration: try BillerWorld.configuration(database, user: "warp_biller"), size: 8)
        directory = FileManager.default.temporaryDirectory.appending(path: "biller-\(Digest.hex(Digest.random(8)))")
        clock = Mutex(now)
    }

    static func with(at now: String = "2026-12-01T06:00:00Z", _ body: (BillerWorld) async throws -> Void) async throws {
        try await withMigratedDatabase { database in
            let world = try BillerWorld(database, now: try instant(now))
            do {
                try await body(world)
                await world.close()
            } catch {
                await world.close()
                throw error
            }
        }
    }

    var now: Instant {
        get { clock.withLock { $0 } }
        set { clock.withLock { $0 = newValue } }
    }

    func move(to text: String) throws { now = try instant(text) }

    /// The biller's parts, exporting into files below the world's directory unless another target is given.
    func biller(
        cutWait: Duration = .zero, batchSize: Int = 100,
        target: ((NetSuiteExportStore, @escaping @Sendable () -> Instant) -> NetSuiteSync.Target)? = nil
    ) -> BillerServices {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let metrics = PrometheusRegistry()
        let now: @Sendable () -> Instant = { [self] in self.now }
        let customers = CustomerStore(pool: own)
        let taxes = TaxTable(pool: own)
        let plans = PlanStore(pool: own)
        let run = BillingRun(
            pool: own, cuts: InvoiceCut(pool: own, wait: cutWait, logger: logger), usage: UsageStore(pool: own),
            invoices: InvoiceStore(pool: own), customers: customers, plans: plans, taxes: taxes,
            issuer: InvoiceDocument.Issuer(
                name: "WARP Communications", address: ["1 Signal Road", "Chicago, IL 60601"],
                contact: "billing@warp.example", payment: "Please pay by the due date."),
            batchSize: batchSize, now: now, logger: logger, metrics: metrics)
        let store = NetSuiteExportStore(pool: own, taxItemPrefix: "TAX-")
        return BillerServices(
            customers: customers, taxes: taxes, invoices: InvoiceList(pool: own), run: run,
            archive: DocumentArchive(
                pool: own, directory: directory.appending(path: "documents").path, now: now, logger: logger),
            netSuite: NetSuiteSync(
                store: store, plans: plans,
                target: target?(store, now) ?? .csv(directory: directory.appending(path: "netsuite").path), now: now,
                logger: logger, metrics: metrics), now: now)
    }

    /// One number that a query answers.
    func count(_ sql: SQL) async throws -> Int {
        let row = try #require(try await pool.query(sql).first)
        return try row.value(at: 0)
    }

    /// The texts of a query's first column.
    func texts(_ sql: SQL) async throws -> [String] {
        try await pool.query(sql).map { try $0.value(at: 0) }
    }

    /// A role's way into the database.
    static func configuration(_ database: ScratchDatabase, user: String) throws -> PostgresConfiguration {
        let info = try #require(Services.postgresConnectionInfo)
        return PostgresConfiguration(
            connectionInfo: "\(info) dbname=\(database.name) user=\(user)", applicationName: "warp-tests",
            statementTimeout: .seconds(30), acquireTimeout: .seconds(10))
    }

    private func close() async {
        await pool.close()
        await own.close()
        #expect(throws: Never.self) {
            if FileManager.default.fileExists(atPath: directory.path) {
                try FileManager.default.removeItem(at: directory)
            }
        }
    }
}

/// An instant of a test.
func instant(_ text: String) throws -> Instant { try #require(Instant(parsing: text)) }

/// A day of a test.
func day(_ text: String) throws -> UsageDay { try #require(UsageDay(parsing: text)) }

/// An amount of a test.
func money(_ text: String) throws -> Money { try Money(parsing: text) }

/// The bytes of a file of the tutorial's world.
func tutorial(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(TestDatabase.repositoryRoot)/Tests/Fixtures/tutorial/\(name)")))
}
