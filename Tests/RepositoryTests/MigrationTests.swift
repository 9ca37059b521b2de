import Foundation
import Testing

@Suite("Migrations")
struct MigrationTests {
    let tree = SourceTree()

    @Test("a table has one writer: its INSERT, UPDATE and DELETE are granted to a single role")
    func oneWriter() throws {
        var writers: [String: Set<String>] = [:]
        for (privileges, tables, roles) in try grants()
        where !privileges.isDisjoint(with: ["INSERT", "UPDATE", "DELETE"]) {
            for table in tables { writers[table, default: []].formUnion(roles) }
        }
        #expect(writers.count > 40)
        for (table, roles) in writers.sorted(by: { $0.key < $1.key }) {
            #expect(roles.count == 1, "\(table) is written by \(roles.sorted())")
        }
    }

    @Test("facts are never edited: no UPDATE or DELETE on usage, postings and ledger entries")
    func factsAreInserted() throws {
        let facts = [
            "raw_cdr", "raw_vendor_cdr", "raw_mdr", "raw_dlr", "raw_api_usage", "rated_cdr", "rated_mdr",
            "rated_api_usage",
            "vendor_cdr", "usage_postings", "transactions", "journal", "invoice_lines", "invoice_cuts",
        ]
        for (privileges, tables, roles) in try grants() where !privileges.isDisjoint(with: ["UPDATE", "DELETE"]) {
            for fact in facts { #expect(!tables.contains("billing.\(fact)"), "\(roles) may change \(fact)") }
        }
    }

    @Test("files are numbered without a gap and begin by saying why")
    func numbering() throws {
        let files = tree.files(below: "Migrations", endings: ["sql"]).filter { !$0.hasSuffix("_check.sql") }
        #expect(!files.isEmpty)
        for (index, file) in files.enumerated() {
            let number = String(repeating: "0", count: 4 - String(index + 1).count) + String(index + 1)
            #expect(file.hasPrefix("Migrations/\(number)_"), "\(file)")
            #expect(try tree.text(file).hasPrefix("-- "), "\(file) begins with a comment")
        }
    }

    @Test("docs/reference/tables.md lists every table")
    func tablesAreDocumented() throws {
        let page = try tree.text("docs/reference/tables.md")
        for file in tree.files(below: "Migrations", endings: ["sql"]) {
            for line in try tree.lines(file) where line.hasPrefix("CREATE TABLE billing.") {
                let name = line.dropFirst("CREATE TABLE billing.".count).prefix { $0.isLetter || $0 == "_" }
                #expect(page.contains("`\(name)`"), "\(name) of \(file)")
            }
        }
    }

    /// Each GRANT of the migrations: its privileges, its tables (sequences and functions left out) and its roles.
    private func grants() throws -> [(privileges: Set<String>, tables: Set<String>, roles: Set<String>)] {
        var found: [(privileges: Set<String>, tables: Set<String>, roles: Set<String>)] = []
        for file in tree.files(below: "Migrations", endings: ["sql"]) {
            let code = try tree.lines(file).filter { !$0.hasPrefix("--") }.joined(separator: " ")
            for statement in code.split(separator: ";") {
                guard let start = statement.range(of: "GRANT ") else { continue }
                let grant = statement[start.upperBound...]
                guard let on = grant.range(of: " ON "), let to = grant.range(of: " TO ") else { continue }
                let targets = grant[on.upperBound..<to.lowerBound]
                guard !targets.contains("SEQUENCE"), !targets.contains("SCHEMA"), !targets.contains("FUNCTION") else {
                    continue
                }
                found.append((words(grant[..<on.lowerBound]), words(targets), words(grant[to.upperBound...])))
            }
        }
        return found
    }

    private func words(_ list: Substring) -> Set<String> {
        Set(list.split { $0 == "," || $0 == " " }.map(String.init))
    }
}
