import Core
import Drivers
import Foundation
import Reference
import Synchronization
import TestSupport
import Testing

@Suite("Rating snapshots from tables")
struct SnapshotLoaderTests {
    @Test("what the tables say is what the files say, and nothing is loaded twice", .needsPostgres)
    func load() async throws {
        try await withMigratedPool { pool in
            #expect(try await SnapshotLoader.load(from: pool)?.stamp == SnapshotStamp())
            try await pool.withTransaction { try World.write($0) }
            let snapshot = try #require(try await SnapshotLoader.load(from: pool))
            #expect(snapshot.version == "1.1.1")

            let usage = snapshot.rate(World.call())
            #expect(usage.status == .rated)
            #expect(usage.ratePlanID == "default-voice")
            #expect(usage.call?.ratePrefix == "312200")
            #expect(usage.call?.dnisParty.lrnSource == .table)
            #expect(usage.call?.aniParty.state == "NY")
            #expect(usage.charge?.text(.charge) == "0.00712")
            #expect(usage.vendorCost?.text(.charge) == "0.00220")
            #expect(usage.sku == "SKU001")
            #expect(usage.refVersion == "1.1.1")

            #expect(try await SnapshotLoader.load(from: pool, after: snapshot) == nil)
            try await pool.execute("UPDATE billing.customers SET margin_alert_pct = 90.00")
            let changed = try #require(try await SnapshotLoader.load(from: pool, after: snapshot))
            #expect(changed.rate(World.call()).flags.contains(.marginAlert))
            #expect(changed.version == "1.2.1")
            #expect(changed.rate(World.call()).refVersion == "1.2.1")

            // What rated before is what is loaded for its stamp.
            let past = try await SnapshotLoader.load(at: snapshot.stamp, from: pool, sharing: changed)
            #expect(past.version == "1.1.1")
            #expect(past.rate(World.call()) == usage)
            await #expect(throws: ReferenceFault.self) {
                try await SnapshotLoader.load(at: SnapshotStamp(referenceVersion: 2), from: pool)
            }
        }
    }

    @Test("ported numbers are mapped from a file that is written once, and again where it is no good", .needsPostgres)
    func portedFiles() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "warp-\(UUID().uuidString)")
        try await withMigratedPool { pool in
            try await pool.withTransaction { try World.write($0) }
            let refused = Mutex<[String]>([])
            let files = PortedNumberFiles(directory: directory.path) { problem in
                refused.withLock { $0.append(problem) }
            }
            func source() async throws -> LRNSource? {
                let snapshot = try #require(try await SnapshotLoader.load(from: pool, portedFiles: files))
                return snapshot.rate(World.call()).call?.dnisParty.lrnSource
            }
            #expect(try await source() == .table)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(names.count == 1)
            let file = directory.appending(path: try #require(names.first))
            try Data("WARPPORT".utf8).write(to: file)
            #expect(try await source() == .table)
            #expect(refused.withLock { $0.count } == 1)
            #expect(try await source() == .table)
            #expect(refused.withLock { $0.count } == 1)
        }
        try FileManager.default.removeItem(at: directory)
    }

    @Test("a new version takes over what it shares with the one before, and reads the rest", .needsPostgres)
    func takenOver() async throws {
        try await withMigratedPool { pool in
            try await pool.withTransaction { try World.write($0) }
            let first = try #require(try await SnapshotLoader.load(from: pool))
            try await pool.withTransaction { transaction in
                let load = try World.load(transaction, "deck", "telnyx")
                try transaction.execute(
                    """
                    INSERT INTO billing.rate_deck_entries (load_id, line, scope, prefix, interstate, effective_date)
                    VALUES (\(load), 2, 'domestic', '312', 0.0030, '2024-01-01')
                    """)
                try World.version(transaction, 2)
                try transaction.execute(
                    """
                    UPDATE billing.reference_activations SET until_version = 2 WHERE kind = 'deck' AND name = 'telnyx'
                    """)
                try World.activate(transaction, "deck", "telnyx", load, from: 2)
                // Not part of any activation: rows that only a fresh reading would see.
                try transaction.execute("UPDATE billing.lerg_blocks SET state = 'XX' WHERE npa = '312'")
            }
            let second = try #require(try await SnapshotLoader.load(from: pool, after: first))
            let usage = second.rate(World.call())
            #expect(second.version == "2.1.1")
            #expect(usage.vendorRate?.text == "0.0030000")
            #expect(usage.call?.dnisParty.state == "IL")
            #expect(usage.call?.dnisParty.lrnSource == .table)
            #expect(usage.ratePlanID == "default-voice")
            #expect(first.rate(World.call()).vendorRate?.text == "0.0020000")
        }
    }

    @Test("a version that was rolled back is not read any more", .needsPostgres)
    func versions() async throws {
        try await withMigratedPool { pool in
            try await pool.withTransaction { transaction in
                try World.write(transaction)
                let load = try World.load(transaction, "sku", "")
                try transaction.execute(
                    "INSERT INTO billing.sku_map (load_id, class_key, sku) VALUES (\(load), \("API:LRN"), \("SKU011"))")
                try World.version(transaction, 2)
                try transaction.execute(
                    """
                    UPDATE billing.reference_activations SET until_version = 2 WHERE kind = 'sku' AND from_version = 1
                    """)
                try World.activate(transaction, "sku", "", load, from: 2)
            }
            let snapshot = try #require(try await SnapshotLoader.load(from: pool))
            #expect(snapshot.version == "2.1.1")
            #expect(snapshot.tables.sku(.terminatingInterstate) == nil)
            #expect(snapshot.tables.sku(.api("LRN")) == "SKU011")
        }
    }
}

/// A few rows of every table that rating reads.
private enum World {
    static let customer = "00000000-0000-4000-8000-000000000001"

    static func call() -> RawCDR {
        var call = RawCDR(id: UsageID(Identifier128(high: 0, low: 1)), sipUUID: "u1")
        call.customerBAN = bans.first
        call.rawANI = "2126001111"
        call.dni = "3125001234"
        call.direction = "outbound"
        call.selectedVendor = VendorName("telnyx")
        call.start = Stamp(parsing: "2025-03-12T15:00:00Z")
        call.answer = Stamp(parsing: "2025-03-12T15:00:05Z")
        call.end = Stamp(parsing: "2025-03-12T15:01:06Z")
        return call
    }

    private static let bans: [BAN] = ["BAN1"].compactMap { text in
        do throws(RejectReason) {
            return try BAN(parsing: text)
        } catch {
            return nil
        }
    }

    static func version(_ transaction: PostgresTransaction, _ version: Int64) throws {
        try transaction.execute(
            """
            INSERT INTO billing.reference_versions (version, activated_at, activated_by, note)
            VALUES (\(version), \(Instant(milliseconds: 0)), \("test"), \(""))
            """)
    }

    static func load(_ transaction: PostgresTransaction, _ kind: String, _ name: String) throws -> Int64 {
        let rows = try transaction.query(
            """
            INSERT INTO billing.reference_loads (kind, name, file_checksum, row_count, loaded_at, loaded_by)
            VALUES (\(kind), \(name), '\\x00', 1, \(Instant(milliseconds: 0)), \("test")) RETURNING load_id
            """)
        return try #require(rows.first).value("load_id")
    }

    static func activate(
        _ transaction: PostgresTransaction, _ kind: String, _ name: String, _ load: Int64, from version: Int64
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.reference_activations (kind, name, load_id, from_version)
            VALUES (\(kind), \(name), \(load), \(version))
            """)
    }

    static func write(_ transaction: PostgresTransaction) throws {
        try version(transaction, 1)
        try add(
            transaction, "npa", "npa_codes (load_id, npa, type, country, state)",
            "(LOAD, '312', 'geo', 'US', 'IL'), (LOAD, '212', 'geo', 'US', 'NY')")
        try add(transaction, "country_prefixes", "country_prefixes (load_id, prefix, country)", "(LOAD, '44', 'GB')")
        try add(
            transaction, "lerg", "lerg_blocks (load_id, npa, nxx, x, ocn, lata, state, rate_center)",
            "(LOAD, '312', '200', 'A', '1111', '358', 'IL', 'CHICAGO'), (LOAD, '212', '600', 'A', '2111', '132', 'NY', '')"
        )
        try add(
            transaction, "ported", "ported_numbers (load_id, number, lrn, activated)",
            "(LOAD, '3125001234', '3122000000', '2020-01-01T00:00:00Z')")
        try add(transaction, "resporg", "resporg_assignments (load_id, tfn, resporg)", "(LOAD, '8002000001', 'ABC01')")
        try add(
            transaction, "local_areas", "local_areas (load_id, area_id, state, rate_center)", "(LOAD, 'A', 'IL', 'X')")
        try add(transaction, "connectors", "connectors (load_id, connector, vendor)", "(LOAD, 'smsc1', 'sinch')")
        try add(transaction, "ocn_carriers", "ocn_carriers (load_id, ocn, carrier)", "(LOAD, '2111', 'Verizon')")
        try add(
            transaction, "sku", "sku_map (load_id, class_key, sku)",
            "(LOAD, 'TERMINATING:DOMESTIC:INTERSTATE', 'SKU001')")
        try add(
            transaction, "deck", name: "telnyx",
            "rate_deck_entries (load_id, line, scope, prefix, interstate, initial_increment, subsequent_increment, effective_date)",
            "(LOAD, 2, 'domestic', '312', 0.0020, 6, 6, '2024-01-01')")
        try add(
            transaction, "plan", name: "default-voice",
            "rate_plans (load_id, id, name, type, rates, effective_date, created_at)",
            """
            (LOAD, 'default-voice', 'default-voice', 'voice', '{"schema": "voice/1", "terminating": {"domestic":
             {"prefixes": {"312200": {"interstate": "0.0070000"}}}}}', '2024-01-01', '2024-01-01T00:00:00Z')
            """)
        try transaction.script(
            """
            INSERT INTO billing.customers (customer_id, name, model, cycle, initial_credit_limit, billed_from, created_at, updated_at)
            VALUES ('\(customer)', 'Lakeside', 'PREPAID', 'monthly', 0, '2024-01-01', '2024-01-01Z', '2024-01-01Z');
            INSERT INTO billing.customer_bans (ban, customer_id) VALUES ('BAN1', '\(customer)');
            INSERT INTO billing.customer_numbers (number, ban) VALUES ('+13122009999', 'BAN1');
            INSERT INTO billing.vendors (name, deck, terms, created_at, updated_at)
            VALUES ('telnyx', 'telnyx', '{"deck": "telnyx"}', '2024-01-01Z', '2024-01-01Z');
            """)
    }

    /// One load of a dataset, in force from version 1 on.
    private static func add(
        _ transaction: PostgresTransaction, _ kind: String, name: String = "", _ table: String, _ rows: String
    ) throws {
        let load = try load(transaction, kind, name)
        try transaction.script(
            "INSERT INTO billing.\(table) VALUES \(rows.replacingOccurrences(of: "LOAD", with: String(load)))")
        try activate(transaction, kind, name, load, from: 1)
    }
}
