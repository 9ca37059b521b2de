import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// What a load made.
struct LoadedVersion: Sendable {
    let version: Int64
    /// The datasets that are new in it, with their numbers of rows.
    let loads: [(kind: ReferenceKind, name: String, rows: Int)]
}

/// Files into new versions of the reference tables: rows by COPY, then one new version that puts all of them in force at once.
struct ReferenceLoader: Sendable {
    let pool: PostgresPool
    let actor: String
    let now: Instant
    /// Hears how far a file has been written.
    var progress: @Sendable (_ file: String, _ rows: Int, _ of: Int) -> Void = { _, _, _ in }

    /// The rows of one COPY, so that each stays well within the statement deadline however long the file is.
    private static let copyRows = 100_000

    /// Reads and checks files; every fault of every file is told.
    static func check(_ paths: [(kind: ReferenceKind, path: String)]) throws -> [ReferenceFile] {
        var files: [ReferenceFile] = []
        var faults: [FileFault] = []
        var omitted = 0
        for (kind, path) in paths {
            do {
                files.append(try ReferenceFile(kind, path: path))
            } catch let error as FileFaults {
                faults += error.faults
                omitted += error.omitted
            } catch let error as MappedFile.Failure {
                faults.append(FileFault(file: path, place: "0", problem: "\(error)"))
            }
        }
        guard faults.isEmpty else { throw FileFaults(faults: faults, omitted: omitted) }
        return files
    }

    /// The files that a reference directory has of those we know.
    static func files(in directory: String) throws -> [(kind: ReferenceKind, path: String)] {
        let found = ReferenceKind.allCases.map { (kind: $0, path: directory + "/" + $0.fileName) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
        guard !found.isEmpty else {
            throw FileFaults(
                faults: [FileFault(file: directory, place: "0", problem: "holds no file of reference data")], omitted: 0
            )
        }
        return found
    }

    /// Writes checked files and activates them, all or nothing.
    func load(_ files: [ReferenceFile], note: String) async throws -> LoadedVersion {
        try await pool.withTransaction { transaction in
            let version = try ReferenceVersions.begin(in: transaction, by: actor, note: note, at: now)
            var loaded: [(kind: ReferenceKind, name: String, rows: Int)] = []
            for file in files {
                for (name, rows, load) in try write(file, in: transaction) {
                    try ReferenceVersions.activate(file.kind, name, load: load, from: version, in: transaction)
                    loaded.append((file.kind, name, rows))
                }
            }
            try audit(version, loaded, in: transaction)
            return LoadedVersion(version: version, loads: loaded)
        }
    }

    /// Writes decks that were compared with those in force, and activates all of them at once; rows take effect on their days.
    /// - Throws: `DeckChanged` where another one is in force by now.
    func load(_ updates: [DeckUpdate], from file: DeckFile, note: String) async throws -> LoadedVersion {
        try await pool.withTransaction { transaction in
            let version = try ReferenceVersions.begin(in: transaction, by: actor, note: note, at: now)
            let known = try DeckStore.list(in: transaction)
            var loaded: [(kind: ReferenceKind, name: String, rows: Int)] = []
            for update in updates {
                let name = update.sheet.name
                guard known.first(where: { $0.name == name })?.load == update.current?.load else {
                    throw DeckChanged(name: name)
                }
                let rows = update.sheet.rows.count
                let load = try insertLoad(.deck, name: name, checksum: file.checksum, rows: rows, in: transaction)
                try write(update.sheet, load: load, path: file.path, in: transaction)
                try ReferenceVersions.activate(.deck, name, load: load, from: version, in: transaction)
                loaded.append((.deck, name, rows))
            }
            try audit(version, loaded, in: transaction)
            return LoadedVersion(version: version, loads: loaded)
        }
    }

    private func audit(
        _ version: Int64, _ loaded: [(kind: ReferenceKind, name: String, rows: Int)],
        in transaction: PostgresTransaction
    ) throws {
        let names = loaded.map { $0.name.isEmpty ? $0.kind.rawValue : "\($0.kind.rawValue) \($0.name)" }
        try Audit(table: "billing.poller_audit").record(
            in: transaction, actor: actor, action: "reference.load", subject: "version \(version)",
            detail: String(decoding: Self.json(names), as: UTF8.self), at: now.milliseconds)
    }

    // MARK: Rows

    /// Writes the rows of a file; one or more loads, by name.
    private func write(
        _ file: ReferenceFile, in transaction: PostgresTransaction
    ) throws -> [(name: String, rows: Int, load: Int64)] {
        switch file.content {
        case .table(let format, let mapped, let header, let rows):
            let load = try insertLoad(file, name: "", rows: rows, in: transaction)
            try write(format, mapped, header, rows, load: load, of: file, in: transaction)
            return [("", rows, load)]
        case .decks(let sheets):
            return try sheets.map { sheet in
                let load = try insertLoad(file, name: sheet.name, rows: sheet.rows.count, in: transaction)
                try write(sheet, load: load, path: file.path, in: transaction)
                return (sheet.name, sheet.rows.count, load)
            }
        case .skus(let skus):
            let load = try insertLoad(file, name: "", rows: skus.count, in: transaction)
            try transaction.copy(into: "billing.sku_map", columns: ["load_id", "class_key", "sku"]) { copy in
                for (classKey, sku) in skus {
                    try copy.row { row in
                        row.int8(load)
                        row.text(classKey)
                        row.text(sku)
                    }
                }
            }
            return [("", skus.count, load)]
        case .plans(let plans):
            return try plans.map { plan in
                let load = try insertLoad(file, name: plan.id, rows: 1, in: transaction)
                try insert(plan, load: load, in: transaction)
                return (plan.id, 1, load)
            }
        }
    }

    private func write(_ sheet: RateSheet, load: Int64, path: String, in transaction: PostgresTransaction) throws {
        try DeckStore.write(sheet, load: load, in: transaction) { progress(path, $0, sheet.rows.count) }
    }

    private func write(
        _ format: ReferenceFormat, _ mapped: MappedFile, _ header: [String: Int], _ total: Int, load: Int64,
        of file: ReferenceFile, in transaction: PostgresTransaction
    ) throws {
        let writer = TableWriter(format: format, header: header, load: load)
        var written = -1
        var waiting: [CSVReader.Line] = []
        try CSVReader(mapped).forEachLine { line in
            written += 1
            guard written > 0 else { return }
            waiting.append(try line.get())
            guard waiting.count == Self.copyRows else { return }
            try writer.write(waiting, in: transaction)
            waiting.removeAll(keepingCapacity: true)
            progress(file.path, written, total)
        }
        try writer.write(waiting, in: transaction)
        if total >= Self.copyRows { progress(file.path, total, total) }
    }

    private func insertLoad(
        _ file: ReferenceFile, name: String, rows: Int, in transaction: PostgresTransaction
    ) throws -> Int64 {
        try insertLoad(file.kind, name: name, checksum: file.checksum, rows: rows, in: transaction)
    }

    private func insertLoad(
        _ kind: ReferenceKind, name: String, checksum: [UInt8], rows: Int, in transaction: PostgresTransaction
    ) throws -> Int64 {
        let inserted = try transaction.query(
            """
            INSERT INTO billing.reference_loads (kind, name, file_checksum, row_count, loaded_at, loaded_by)
            VALUES (\(kind.rawValue), \(name), \(checksum), \(rows), \(now), \(actor))
            RETURNING load_id
            """)
        guard let row = inserted.first else { throw PostgresError.decoding(column: "load_id", reason: "no row") }
        return try row.value("load_id")
    }

    /// By INSERT: a table with row-level security takes no COPY.
    private func insert(_ plan: PlanRow, load: Int64, in transaction: PostgresTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO billing.rate_plans
                (load_id, id, name, type, customer_id, rates, effective_date, expiry_date, created_at)
            VALUES (\(load), \(plan.id), \(plan.name), \(plan.type.rawValue), \(plan.customer),
                \(plan.ratesText)::jsonb, \(plan.effective), \(plan.expiry), \(now))
            """)
    }

    private static func json(_ loads: [String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.field("loads", loads) }
        return writer.bytes
    }
}

/// Writes the lines of a table's file under its load.
private struct TableWriter {
    let format: ReferenceFormat
    let header: [String: Int]
    let load: Int64

    func write(_ lines: [CSVReader.Line], in transaction: PostgresTransaction) throws {
        guard !lines.isEmpty else { return }
        let positions = format.columns.map { header[$0.name] }
        let names = ["load_id"] + format.columns.map(\.name)
        try transaction.copy(into: "billing.\(format.table)", columns: names) { copy in
            for line in lines {
                try copy.row { row in
                    row.int8(load)
                    for (column, position) in zip(format.columns, positions) {
                        let text = position.map { line.fields[$0] }
                        column.write(row, text?.isEmpty == false ? text : nil)
                    }
                }
            }
        }
    }
}
