import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import Reference
import TestSupport
import Testing

@testable import VendorRecon

/// A migrated database with a vendor and its attempts in it, and the daemon's parts working there as its own role.
struct ReconWorld {
    let admin: PostgresPool
    let own: PostgresPool
    let database: ScratchDatabase
    let directory: URL
    /// 2026-11-22.
    let day = UsageDay(parsing: "2026-11-22") ?? UsageDay(daysSince1970: 0)
    static let invoiceDate = UsageDay(parsing: "2026-11-23") ?? UsageDay(daysSince1970: 0)
    static let now = Instant(parsing: "2026-12-01T06:00:00Z") ?? Instant(milliseconds: 0)

    /// The header of Telnyx's statements.
    static let header =
        "Start Timestamp (UTC),SIP Call ID,Direction,Originating Number,Terminating Number,Call Duration (sec),"
        + "Billed Duration (sec),Rate,Cost,Currency\n"

    static func with(_ body: (ReconWorld) async throws -> Void) async throws {
        try await withMigratedDatabase { database in
            let admin = PostgresPool(configuration: try database.configuration(), size: 2)
            let own = PostgresPool(
                configuration: try Services.postgres(database: database.name, user: "warp_recon"), size: 3)
            let directory = FileManager.default.temporaryDirectory.appending(path: "recon-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let world = ReconWorld(admin: admin, own: own, database: database, directory: directory)
            do {
                try await world.loadNumbering()
                try await VendorStore(pool: own).load(
                    [
                        VendorEntry(
                            name: "telnyx", deck: "telnyx", terms: "{}", cycle: .weekly, netDays: 7, method: "ach",
                            format: nil)
                    ], at: now)
                try await body(world)
            } catch {
                await admin.close()
                await own.close()
                throw error
            }
            await admin.close()
            await own.close()
            try FileManager.default.removeItem(at: directory)
        }
    }

    var importer: StatementImport {
        StatementImport(
            store: StatementStore(pool: own), vendors: VendorStore(pool: own),
            formatsDirectory: TestDatabase.repositoryRoot + "/deploy/vendors", now: { ReconWorld.now })
    }

    var reconciliation: ReconciliationRun {
        let loop = Loop(
            logger: Logger(label: "test"), metrics: PrometheusRegistry(), watchdog: Watchdog(), clock: .system)
        return ReconciliationRun(
            matches: MatchStore(pool: own), desk: DisputeDesk(store: DisputeStore(pool: own), loop: loop), loop: loop,
            now: { ReconWorld.now })
    }

    /// Writes a statement and imports it.
    @discardableResult
    func importStatement(_ lines: String, name: String = "telnyx-2026-11-22.csv") async throws
        -> StatementImport.Outcome
    {
        let file = directory.appending(path: name)
        try (ReconWorld.header + lines).write(to: file, atomically: true, encoding: .utf8)
        return try await importer.run(
            file: file.path, vendor: "telnyx", format: nil, invoiceDate: ReconWorld.invoiceDate)
    }

    /// An attempt of ours, answered, as the poller stores it.
    func addAttempt(callID: String, start: String, billed: Int, rate: String, cost: String) async throws {
        _ = try await admin.query("SELECT billing.ensure_partition('vendor_cdr', \(day))")
        try await admin.execute(
            """
            INSERT INTO billing.vendor_cdr (id, vendor_cdr_seq, usage_day, raw_day, raw_seq, sip_uuid, sip_callid, vendor_name,
                attempt_number, start_stamp, answer_stamp, end_stamp, disposition, sip_response_code, pdd_ms, ani, dni,
                class_key, billed_seconds, vendor_rate, vendor_cost, flags, ref_version, created_at)
            VALUES (gen_random_uuid(), nextval('billing.vendor_cdr_seq'), \(day), \(day), 1, \(callID), \(callID), 'telnyx', 1,
                \(start)::timestamptz, \(start)::timestamptz, \(start)::timestamptz + make_interval(secs => \(billed)),
                'ANSWERED', 200, 900, '+16304207501', '+16467007042', 'TERMINATING:DOMESTIC:INTERSTATE', \(billed), \(rate),
                \(cost), '{}', '1', \(ReconWorld.now))
            """)
    }

    /// Returns once somebody holds an advisory lock of this database, or waits for one; ten seconds at the most.
    func advisoryLock(isGranted: Bool) async throws {
        for _ in 0..<200 {
            let locks = try await text(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND granted = \(isGranted)
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """)
            if locks != "0" { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no advisory lock")
    }

    /// The one value of a query.
    func text(_ sql: SQL) async throws -> String? {
        try await admin.query(sql).first?.value(at: 0)
    }

    /// Two area codes are all the numbering that these statements need.
    private func loadNumbering() async throws {
        try await admin.execute(
            "INSERT INTO billing.reference_versions (version, activated_at, activated_by, note) VALUES (1, now(), 'test', '')"
        )
        let rows = try await admin.query(
            """
            INSERT INTO billing.reference_loads (kind, name, file_checksum, row_count, loaded_at, loaded_by)
            VALUES ('npa', '', '', 2, now(), 'test') RETURNING load_id
            """)
        guard let load: Int64 = try rows.first?.value("load_id") else { return }
        try await admin.execute(
            "INSERT INTO billing.npa_codes VALUES (\(load), '630', 'geo', 'US', 'IL'), (\(load), '646', 'geo', 'US', 'NY')"
        )
        try await admin.execute(
            "INSERT INTO billing.reference_activations (kind, name, load_id, from_version) VALUES ('npa', '', \(load), 1)"
        )
    }
}
