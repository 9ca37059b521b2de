import Core
import Drivers
import Foundation
import Reference
import TestSupport

@testable import Poller
@testable import Wallet

/// A migrated database with customers and rated usage in it, and a store that works there as the wallet's own role.
struct WalletWorld {
    let admin: PostgresPool
    let store: WalletStore
    let database: ScratchDatabase
    /// 2026-11-22, noon.
    let noon = Instant(milliseconds: 1_795_348_800_000)

    static let prepaid = CustomerID(Identifier128(high: 1, low: 1))
    static let hybrid = CustomerID(Identifier128(high: 1, low: 2))
    static let postpaid = CustomerID(Identifier128(high: 1, low: 3))

    /// Runs the body in a world of one customer of each model.
    static func with(_ body: (WalletWorld) async throws -> Void) async throws {
        try await withMigratedDatabase { database in
            let admin = PostgresPool(configuration: try database.configuration(), size: 2)
            let own = PostgresPool(
                configuration: try Services.postgres(database: database.name, user: "warp_wallet"), size: 4)
            let world = WalletWorld(admin: admin, store: WalletStore(pool: own), database: database)
            do {
                try await world.addCustomer(prepaid, model: "PREPAID", balance: "1.0000", limit: "0.00")
                try await world.addCustomer(hybrid, model: "HYBRID", balance: "0.0100", limit: "50.00")
                try await world.addCustomer(postpaid, model: "POSTPAID", balance: "0.0000", limit: nil)
                try await body(world)
            } catch {
                await admin.close()
                await own.close()
                throw error
            }
            await admin.close()
            await own.close()
        }
    }

    /// Loads the reference data by which calls are priced.
    func loadReference() async throws {
        let directory = TestDatabase.repositoryRoot + "/Tests/Fixtures/vectors/ref"
        let files = try ReferenceLoader.check(try ReferenceLoader.files(in: directory))
        _ = try await ReferenceLoader(pool: admin, actor: "tests", now: noon).load(files, note: "test")
    }

    /// A customer as the biller makes one.
    func addCustomer(_ customer: CustomerID, model: String, balance: String, limit: String?) async throws {
        try await admin.execute(
            """
            INSERT INTO billing.customers (customer_id, name, model, cycle, initial_credit_limit, initial_balance, billed_from,
                created_at, updated_at)
            VALUES (\(customer), \(customer.text), \(model), 'monthly', \(limit), \(balance), '2026-11-01', \(noon), \(noon))
            """)
    }

    /// A rated call of a customer, at noon unless it says when; returns its id. With a country it is an international one.
    @discardableResult
    func addCall(
        _ customer: CustomerID?, charge: String, status: String = "rated", call: String? = nil,
        startedAt: Instant? = nil, seconds: Int? = nil, country: String? = nil, corrects: UsageID? = nil
    ) async throws -> UsageID {
        let id = call.map { UsageID(RecordReader.id(.cdr, naturalKey: $0)) } ?? UsageID(.random())
        let instant = startedAt ?? noon
        let day = instant.usageDay
        let endedAt = seconds.map { instant.advanced(seconds: $0) }
        let jurisdiction = country == nil ? "interstate" : "international"
        _ = try await admin.query("SELECT billing.ensure_partition('rated_cdr', \(day))")
        try await admin.withTransaction { transaction in
            try transaction.execute("SELECT billing.lock_sequence('rated')")
            let rows = try transaction.query("SELECT nextval('billing.rated_seq') AS number")
            guard let number: Int64 = try rows.first?.value("number") else { return }
            try transaction.execute(
                """
                INSERT INTO billing.rated_cdr (id, rated_seq, usage_day, raw_day, raw_seq, source, received_at, rated_at, sip_uuid,
                    customer_id, status, flags, answered, rating_instant, start_stamp, end_stamp, billed_seconds, dni_country,
                    corrects, jurisdiction, tax_jurisdiction, class_key, charge, ref_version)
                VALUES (\(id), \(number), \(day), \(day), \(number), 'test', \(noon), \(noon), \(id.text), \(customer), \(status),
                    '{}', true, \(instant), \(startedAt), \(endedAt), \(seconds), \(country ?? "US"), \(corrects),
                    \(jurisdiction), 'interstate', 'TERMINATING:DOMESTIC:INTERSTATE', \(charge), '1')
                """)
            try transaction.execute(
                """
                INSERT INTO billing.rated_spans (service, usage_day, first_seq, last_seq, count, charges)
                VALUES ('voice', \(day), \(number), \(number), 1, \(charge))
                """)
        }
        return id
    }

    /// Posts what is rated, until the horizon.
    @discardableResult
    func post(
        limit: Int = 5_000, rechargesPerDay: Int = 0, by instance: WalletStore? = nil, at now: Instant? = nil
    ) async throws -> WalletStore.PostingOutcome {
        let horizon: Int64 = try await admin.query("SELECT billing.horizon('rated') AS h").first?.value("h") ?? 0
        var total = WalletStore.PostingOutcome()
        var store = instance ?? store
        store.rechargesPerDay = rechargesPerDay
        while true {
            let outcome = try await store.postNext(upTo: horizon, limit: limit, at: now ?? noon)
            total.posted += outcome.posted
            total.repeats += outcome.repeats
            total.parked += outcome.parked
            total.alerts += outcome.alerts
            total.suspended += outcome.suspended
            total.fraud.reviews += outcome.fraud.reviews
            total.fraud.blocked += outcome.fraud.blocked
            total.fraud.unreadable += outcome.fraud.unreadable
            if outcome.isDone { return total }
        }
    }

    /// `balance accrued residue receivable` of a wallet.
    func amounts(_ customer: CustomerID) async throws -> String? {
        try await admin.query(
            """
            SELECT concat_ws(' ', balance, accrued, residue, receivable) AS amounts
            FROM billing.wallets WHERE customer_id = \(customer)
            """
        ).first?.value("amounts")
    }

    /// The one value of a query.
    func text(_ sql: SQL) async throws -> String? {
        try await admin.query(sql).first?.value(at: 0)
    }
}
