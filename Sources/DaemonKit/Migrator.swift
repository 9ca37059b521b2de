public import Drivers
import Foundation

/// Why migrations were not applied.
public enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The directory holds no migration, or one whose name is not `NNNN_owner_what.sql`, or a number twice.
    case badDirectory(String)
    /// An applied file has other bytes now.
    case edited(String)
    /// An applied file is not there any more.
    case missing(String)
    /// A file that is not applied comes before one that is.
    case outOfOrder(String)
    /// A check query of this file returned rows.
    case checkFailed(file: String, query: String, rows: Int)
    /// Another process migrates and did not end in time.
    case busy

    public var description: String {
        switch self {
        case .badDirectory(let problem): problem
        case .edited(let file): "\(file) was changed after it had been applied"
        case .missing(let file): "\(file) was applied and is not there any more"
        case .outOfOrder(let file): "\(file) comes before a migration that is applied already"
        case .checkFailed(let file, let query, let rows): "\(file): \(rows) rows from: \(query)"
        case .busy: "another process is migrating"
        }
    }
}

/// Applies `Migrations/NNNN_owner_what.sql` in order, each in one transaction with its `…_check.sql`, whose queries must return no
/// row. A file that was applied is never applied again, and must not have changed.
public struct Migrator: Sendable {
    /// One migration as it lies in the directory.
    public struct File: Sendable, Hashable {
        /// Its place in the order.
        public let number: Int
        /// `0007_wallet_ledger.sql`
        public let name: String
        /// SHA-256, hexadecimal.
        public let checksum: String
        let text: String
        let check: String?
    }

    /// In order of their numbers.
    public let files: [File]

    /// Reads a directory.
    public init(directory: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sql") }
        } catch {
            throw MigrationError.badDirectory("\(directory) cannot be read: \(error)")
        }
        let checks = Set(names.filter { $0.hasSuffix("_check.sql") })
        var unclaimed = checks
        var files: [File] = []
        for name in names.filter({ !checks.contains($0) }).sorted() {
            guard name.utf8.count > 5, name.prefix(4).allSatisfy(\.isNumber), let number = Int(name.prefix(4)),
                name.dropFirst(4).hasPrefix("_")
            else { throw MigrationError.badDirectory("\(name) is not named NNNN_owner_what.sql") }
            guard files.last?.number != number else {
                throw MigrationError.badDirectory("number \(number) stands twice in \(directory)")
            }
            let text = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
            let checkName = name.dropLast(4) + "_check.sql"
            let check =
                unclaimed.remove(String(checkName)) == nil
                ? nil : try String(contentsOfFile: "\(directory)/\(checkName)", encoding: .utf8)
            files.append(
                File(number: number, name: name, checksum: Digest.hex(Digest.sha256(text)), text: text, check: check))
        }
        guard !files.isEmpty else { throw MigrationError.badDirectory("\(directory) holds no migrations") }
        guard unclaimed.isEmpty else {
            throw MigrationError.badDirectory("no migration for \(unclaimed.sorted().joined(separator: ", "))")
        }
        self.files = files
    }

    /// One checksum over all files: the same files make the same schema.
    public var checksum: String {
        Digest.hex(Digest.sha256(files.map { "\($0.name) \($0.checksum) \($0.check ?? "")" }.joined(separator: "\n")))
    }

    /// Applies what is not applied yet, while no other process does; returns the names of what was applied.
    /// - Parameter waitSeconds: how long to wait for another process that migrates.
    public func migrate(_ pool: PostgresPool, waitSeconds: Int = 120) async throws -> [String] {
        for _ in 0..<max(1, waitSeconds * 4) {
            let applied = try await pool.withAdvisoryLock(Singleton.key(of: "migrate")) {
                try await applyAll(pool)
            }
            if let applied { return applied }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw MigrationError.busy
    }

    /// What is not applied yet; everything in a database that was never migrated.
    public func pending(_ pool: PostgresPool) async throws -> [File] {
        let rows = try await pool.query("SELECT to_regclass('billing.schema_migrations') IS NULL AS is_new")
        return try rows.first?.value("is_new") == true ? files : try await unapplied(pool)
    }

    private func applyAll(_ pool: PostgresPool) async throws -> [String] {
        try await pool.withTransaction { transaction in
            try transaction.script(
                """
                CREATE SCHEMA IF NOT EXISTS billing;
                CREATE TABLE IF NOT EXISTS billing.schema_migrations (
                    number integer PRIMARY KEY,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    applied_at timestamptz NOT NULL
                );
                """)
        }
        var applied: [String] = []
        for file in try await unapplied(pool) {
            try await pool.withTransaction { transaction in
                try transaction.script(file.text)
                try Self.runCheck(of: file, in: transaction)
                try transaction.execute(
                    """
                    INSERT INTO billing.schema_migrations (number, name, checksum, applied_at)
                    VALUES (\(file.number), \(file.name), \(file.checksum),
                        \(InstantText.text(realMilliseconds()))::timestamptz)
                    """)
            }
            applied.append(file.name)
        }
        return applied
    }

    private func unapplied(_ pool: PostgresPool) async throws -> [File] {
        let rows = try await pool.query("SELECT number, name, checksum FROM billing.schema_migrations ORDER BY number")
        var newest = 0
        var known: [Int: File] = Dictionary(uniqueKeysWithValues: files.map { ($0.number, $0) })
        for row in rows {
            let name: String = try row.value("name")
            let number: Int = try row.value("number")
            guard let file = known.removeValue(forKey: number), file.name == name else {
                throw MigrationError.missing(name)
            }
            guard file.checksum == (try row.value("checksum") as String) else { throw MigrationError.edited(name) }
            newest = number
        }
        let waiting = files.filter { known[$0.number] != nil }
        if let early = waiting.first, early.number < newest { throw MigrationError.outOfOrder(early.name) }
        return waiting
    }

    private static func runCheck(of file: File, in transaction: PostgresTransaction) throws {
        for query in statements(of: file.check ?? "") {
            let rows = try transaction.query(SQL(verbatim: query))
            guard rows.isEmpty else {
                throw MigrationError.checkFailed(file: file.name, query: query, rows: rows.count)
            }
        }
    }

    /// The queries of a check file: each ends with a semicolon at the end of a line.
    static func statements(of text: String) -> [String] {
        var statements: [String] = []
        var current = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) where !line.hasPrefix("--") {
            current += line + "\n"
            if line.hasSuffix(";") {
                statements.append(String(current.dropLast(2)))
                current = ""
            }
        }
        let rest = current.trimmingCharacters(in: .whitespacesAndNewlines)
        return rest.isEmpty ? statements : statements + [rest]
    }
}
