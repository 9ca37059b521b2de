import Core
public import Drivers

/// Loads rating snapshots from the tables: reference data by their version, customers and vendors as they are.
public enum SnapshotLoader {
    /// Rows fetched at a time.
    private static let chunk = 10_000

    /// Which versions are current.
    public static func stamp(from pool: PostgresPool) async throws -> SnapshotStamp {
        try await pool.withTransaction(readOnly: true) { try stamp(in: $0) }
    }

    /// The snapshot of the current versions, all of one moment. Nil where `previous` is current already; what has not changed since
    /// it is taken over from it.
    public static func load(from pool: PostgresPool, after previous: RatingSnapshot? = nil) async throws
        -> RatingSnapshot?
    {
        try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            let stamp = try stamp(in: transaction)
            guard stamp != previous?.stamp else { return nil }
            var builder = ReferenceBuilder(version: String(stamp.referenceVersion))
            let isSameReference = previous?.stamp.referenceVersion == stamp.referenceVersion
            if !isSameReference { try readReference(stamp.referenceVersion, transaction, into: &builder) }
            try readAccounts(transaction, into: &builder)
            let (reference, accounts) = builder.finished()
            let kept = isSameReference ? previous?.tables.reference : nil
            return RatingSnapshot(RatingTables(kept ?? reference, accounts), stamp: stamp)
        }
    }

    static func stamp(in transaction: PostgresTransaction) throws -> SnapshotStamp {
        let rows = try transaction.query(
            """
            SELECT (SELECT coalesce(max(version), 0) FROM billing.reference_versions) AS reference,
                (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM billing.customers_version_seq) AS customers,
                (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM billing.vendors_version_seq) AS vendors
            """)
        guard let row = rows.first else { return SnapshotStamp() }
        return SnapshotStamp(
            referenceVersion: try row.value("reference"), customersVersion: try row.value("customers"),
            vendorsVersion: try row.value("vendors"))
    }

    /// The loads that are in force for a version, by dataset.
    static func loads(
        _ version: Int64, _ transaction: PostgresTransaction
    ) throws -> [(kind: String, name: String, load: Int64)] {
        try transaction.query(
            """
            SELECT kind, name, load_id FROM billing.reference_activations
            WHERE from_version <= \(version) AND (until_version IS NULL OR \(version) < until_version)
            ORDER BY kind, name
            """
        ).map { (try $0.value("kind"), try $0.value("name"), try $0.value("load_id")) }
    }

    private static func readReference(
        _ version: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        for (kind, name, load) in try loads(version, transaction) {
            switch kind {
            case "deck": try readDeck(name, load, transaction, into: &builder)
            case "plan": try readPlans(load, transaction, into: &builder)
            case "ported": try readPorts(load, transaction, into: &builder)
            case "sku":
                for row in try transaction.query(
                    "SELECT class_key, sku FROM billing.sku_map WHERE load_id = \(load)")
                {
                    builder.addSKU(ClassKey(try row.value("class_key")), try row.value("sku"))
                }
            default: try readTable(kind, load, transaction, into: &builder)
            }
        }
    }

    /// The tables whose columns are those of their files.
    static func readTable(
        _ kind: String, _ load: Int64, _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        switch kind {
        case "npa":
            try read(["npa", "type", "country", "state"], of: "npa_codes", load, transaction) {
                try builder.addAreaCode($0)
            }
        case "country_prefixes":
            try read(["prefix", "country"], of: "country_prefixes", load, transaction) {
                try builder.addCountryPrefix($0)
            }
        case "lerg":
            try read(
                ["npa", "nxx", "x", "ocn", "lata", "state", "rate_center", "switch"], of: "lerg_blocks", load,
                transaction
            ) { try builder.addBlock($0) }
        case "local_areas":
            try read(["area_id", "state", "rate_center"], of: "local_areas", load, transaction) {
                try builder.addLocalArea($0)
            }
        case "resporg":
            try read(["tfn", "resporg", "cic", "ring_to"], of: "resporg_assignments", load, transaction) {
                try builder.addRespOrg($0)
            }
        case "connectors":
            try read(["connector", "vendor"], of: "connectors", load, transaction) {
                try builder.addConnector($0)
            }
        case "ocn_carriers":
            try read(["ocn", "carrier"], of: "ocn_carriers", load, transaction) {
                try builder.addCarrier($0)
            }
        default: throw ReferenceFault(place: "reference_activations", problem: "no dataset is called \(kind)")
        }
    }

    /// Hands over a load's rows of a table by column name; an empty text is null, as in a file.
    private static func read(
        _ columns: [String], of table: String, _ load: Int64, _ transaction: PostgresTransaction,
        _ body: (ReferenceRow) throws -> Void
    ) throws {
        let names = SQL(verbatim: columns.joined(separator: ", "))
        let sql: SQL = "SELECT \(names) FROM \(identifier: "billing.\(table)") WHERE load_id = \(load)"
        try transaction.stream(sql, chunk: chunk) { rows in
            for row in rows {
                var fields: [String: String] = [:]
                for column in columns {
                    if let text = try row.value(column) as String?, !text.isEmpty { fields[column] = text }
                }
                try body(ReferenceRow(place: table) { fields[$0] })
            }
        }
    }
}
