import Core
public import Drivers

/// Loads rating snapshots from the tables, of the current versions of reference data, customers and vendors or of any before.
public enum SnapshotLoader {
    /// Rows fetched at a time.
    private static let chunk = 10_000

    /// Which versions are current.
    public static func stamp(from pool: PostgresPool) async throws -> SnapshotStamp {
        try await pool.withTransaction(readOnly: true) { try stamp(in: $0) }
    }

    /// The snapshot of the current versions, all of one moment. Nil where `previous` is current already; what has not changed since
    /// it is taken over from it: decks one by one, all that is known of numbers together.
    ///
    /// Whoever rates meanwhile goes on with the previous one: nothing of it is changed.
    /// - Parameter portedFiles: where ported numbers are mapped; nil holds them in memory.
    public static func load(
        from pool: PostgresPool, after previous: RatingSnapshot? = nil, portedFiles: PortedNumberFiles? = nil
    ) async throws -> RatingSnapshot? {
        try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            let stamp = try stamp(in: transaction)
            guard stamp != previous?.stamp else { return nil }
            return try read(stamp, after: previous, portedFiles, transaction)
        }
    }

    /// The snapshot of a stamp: what rated the records that bear it. Versions never change, so it is the same at any time.
    /// - Parameters:
    ///   - previous: any other snapshot, whose parts are taken over where they are the same.
    ///   - portedFiles: where ported numbers are mapped; nil holds them in memory.
    public static func load(
        at stamp: SnapshotStamp, from pool: PostgresPool, sharing previous: RatingSnapshot? = nil,
        portedFiles: PortedNumberFiles? = nil
    ) async throws -> RatingSnapshot {
        try await pool.withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            let current = try self.stamp(in: transaction)
            guard stamp.referenceVersion <= current.referenceVersion,
                stamp.customersVersion <= current.customersVersion, stamp.vendorsVersion <= current.vendorsVersion
            else { throw ReferenceFault(place: "version \(stamp)", problem: "there is no such version yet") }
            return try read(stamp, after: previous, portedFiles, transaction)
        }
    }

    private static func read(
        _ stamp: SnapshotStamp, after previous: RatingSnapshot?, _ portedFiles: PortedNumberFiles?,
        _ transaction: PostgresTransaction
    ) throws -> RatingSnapshot {
        var builder = ReferenceBuilder(version: stamp.description)
        var loads = previous?.loads ?? [:]
        let kept = previous?.stamp.referenceVersion == stamp.referenceVersion ? previous?.tables.reference : nil
        if kept == nil {
            loads = try self.loads(stamp.referenceVersion, transaction)
            try readReference(loads, after: previous, portedFiles, transaction, into: &builder)
        }
        try readAccounts(stamp, transaction, into: &builder)
        var (reference, accounts) = builder.finished()
        if let kept { reference = kept.named(stamp.description) }
        return RatingSnapshot(RatingTables(reference, accounts), stamp: stamp, loads: loads)
    }

    static func stamp(in transaction: PostgresTransaction) throws -> SnapshotStamp {
        let rows = try transaction.query(
            """
            SELECT (SELECT coalesce(max(version), 0) FROM billing.reference_versions) AS reference,
                (SELECT version FROM billing.customers_version) AS customers,
                (SELECT version FROM billing.vendors_version) AS vendors
            """)
        guard let row = rows.first else { return SnapshotStamp() }
        return SnapshotStamp(
            referenceVersion: try row.value("reference"), customersVersion: try row.value("customers"),
            vendorsVersion: try row.value("vendors"))
    }

    /// The loads that are in force for a version, by dataset.
    static func loads(
        _ version: Int64, _ transaction: PostgresTransaction
    ) throws -> [RatingSnapshot.Dataset: Int64] {
        let rows = try transaction.query(
            """
            SELECT kind, name, load_id FROM billing.reference_activations
            WHERE from_version <= \(version) AND (until_version IS NULL OR \(version) < until_version)
            """)
        var loads: [RatingSnapshot.Dataset: Int64] = [:]
        for row in rows {
            loads[RatingSnapshot.Dataset(kind: try row.value("kind"), name: try row.value("name"))] =
                try row.value("load_id")
        }
        return loads
    }

    /// The datasets that rows of other ones point into: they are taken over together or not at all.
    private static let numberKinds: Set<String> = ["npa", "country_prefixes", "lerg", "local_areas", "resporg"]

    private static func readReference(
        _ loads: [RatingSnapshot.Dataset: Int64], after previous: RatingSnapshot?, _ portedFiles: PortedNumberFiles?,
        _ transaction: PostgresTransaction, into builder: inout ReferenceBuilder
    ) throws {
        let known = previous?.loads ?? [:]
        let keepsNumbers =
            loads.filter { numberKinds.contains($0.key.kind) } == known.filter { numberKinds.contains($0.key.kind) }
        if keepsNumbers, let previous { builder.takeOver(previous.tables.reference.numbers) }
        for (dataset, load) in loads.sorted(by: { ($0.key.kind, $0.key.name) < ($1.key.kind, $1.key.name) }) {
            let kept = known[dataset] == load ? previous?.tables : nil
            switch dataset.kind {
            case "deck":
                if let deck = kept?.deck(dataset.name) {
                    builder.takeOver(deck)
                } else {
                    builder.addDeck(try sheet(dataset.name, load: load, in: transaction))
                }
            case "plan": try readPlans(load, transaction, into: &builder)
            case "ported":
                if let kept {
                    builder.setPorts(kept.reference.numbers.ported)
                } else if let portedFiles {
                    builder.setPorts(try mapPorts(load, portedFiles, transaction).numbers)
                } else {
                    try readPorts(load, transaction) { builder.addPort($0) }
                }
            case _ where numberKinds.contains(dataset.kind) && keepsNumbers && previous != nil: break
            case "sku":
                for row in try transaction.query(
                    "SELECT class_key, sku FROM billing.sku_map WHERE load_id = \(load)")
                {
                    builder.addSKU(ClassKey(try row.value("class_key")), try row.value("sku"))
                }
            default: try readTable(dataset.kind, load, transaction, into: &builder)
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
        try transaction.streamAhead(sql, chunk: chunk) { rows in
            for row in rows {
                let fields = try columns.indices.map { try row.cell(at: $0)?.text() ?? "" }
                try body(
                    ReferenceRow(place: table) { name in
                        guard let place = columns.firstIndex(of: name), !fields[place].isEmpty else { return nil }
                        return fields[place]
                    })
            }
        }
    }
}
