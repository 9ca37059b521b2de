import Core
import Drivers
import Foundation
import LedgerAudit
import Logging
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("The ledger's chain", .needsPostgres)
struct LedgerChainTests {
    /// A world in which every table of the ledger has rows of two customers, exported and sealed.
    static func withExport(_ body: (WalletWorld, LedgerFolder) async throws -> Void) async throws {
        try await WalletWorld.with { world in
            for charge in ["0.10007", "0.00004", "0.20000"] {
                try await world.addCall(WalletWorld.prepaid, charge: charge)
                try await world.addCall(WalletWorld.hybrid, charge: charge)
                try await world.addCall(WalletWorld.postpaid, charge: charge)
            }
            try await world.post(limit: 4)
            let folder = LedgerFolder()
            defer { folder.remove() }
            try await folder.seal(world, at: world.noon)
            try await world.addCall(WalletWorld.prepaid, charge: "0.05000")
            try await world.addCall(WalletWorld.postpaid, charge: "0.05000")
            try await world.post()
            try await folder.export(world)
            try await body(world, folder)
        }
    }

    @Test("what the wallet wrote proves itself: every event, every sum, the seal")
    func clean() async throws {
        try await Self.withExport { world, folder in
            let report = try folder.verify()
            let events = try await world.text("SELECT sum(chain_length) FROM billing.wallets")
            #expect(report.wallets == 3)
            #expect("\(report.events)" == events)
            #expect(report.seals == 1)
            #expect(report.rows > report.events)
        }
    }

    @Test("the first event's hash is SHA-256 over its rows as texts")
    func hash() async throws {
        try await Self.withExport { world, folder in
            let row = try #require(
                try await world.admin.query(
                    """
                    SELECT t.id, t.reference_id, t.chain_hash, t.created_at
                    FROM billing.transactions AS t WHERE customer_id = \(WalletWorld.prepaid) AND chain_index = 1
                    """
                ).first)
            let id: Identifier128 = try row.value("id")
            let payment: String = try row.value("reference_id")
            let instant: Instant = try row.value("created_at")
            let fields = [
                "T", WalletWorld.prepaid.text, "1", id.text, "payment", "1.0000", "0.0000", "1.0000",
                "Opening balance", "payment", payment, instant.text,
                "J", WalletWorld.prepaid.text, "1", "1", "cash_clearing", "wallet", "1.00000", "payment", payment,
                instant.text,
            ]
            let expected = Digest.sha256(fields.map { $0 + "\0" }.joined())
            #expect(try row.value("chain_hash") == expected)
        }
    }

    @Test(
        "a flipped column of any row is found, and its row named",
        arguments: ["postings", "transactions", "journal"])
    func flipped(file: String) async throws {
        try await Self.withExport { _, folder in
            let rows = try folder.rows(file)
            for column in rows[0].indices {
                var changed = rows
                let line = changed.count / 2
                changed[line][column] = LedgerFolder.flipped(changed[line][column])
                try folder.write(changed, to: file)
                let fault = folder.fault()
                #expect(fault != nil, "\(file): \(rows[0][column])")
            }
            try folder.write(rows, to: file)
            #expect(folder.fault() == nil)
        }
    }

    @Test("a flipped amount of a wallet is found", arguments: 0..<7)
    func wallet(column: Int) async throws {
        try await Self.withExport { _, folder in
            var rows = try folder.rows("wallets")
            rows[1][column] = LedgerFolder.flipped(rows[1][column])
            try folder.write(rows, to: "wallets")
            #expect(folder.fault() != nil)
        }
    }

    @Test("a deleted, doubled or swapped row is found", arguments: ["postings", "transactions", "journal"])
    func moved(file: String) async throws {
        try await Self.withExport { _, folder in
            let rows = try folder.rows(file)
            for line in 1..<rows.count {
                var deleted = rows
                deleted.remove(at: line)
                try folder.write(deleted, to: file)
                #expect(folder.fault() != nil, "\(file) without line \(line + 1)")
                var doubled = rows
                doubled.insert(rows[line], at: line)
                try folder.write(doubled, to: file)
                #expect(folder.fault() != nil, "\(file) with line \(line + 1) twice")
            }
            for line in 2..<rows.count {
                var swapped = rows
                swapped.swapAt(line - 1, line)
                try folder.write(swapped, to: file)
                #expect(folder.fault() != nil, "\(file) with lines \(line) and \(line + 1) swapped")
            }
        }
    }

    @Test("a wallet whose tail was cut off, and made to fit, is found by the seal")
    func cutTail() async throws {
        try await WalletWorld.with { world in
            for _ in 1...3 { try await world.addCall(WalletWorld.postpaid, charge: "0.10000") }
            try await world.post()
            let folder = LedgerFolder()
            defer { folder.remove() }
            try await folder.export(world)
            var (postings, wallets) = (try folder.rows("postings"), try folder.rows("wallets"))
            try await folder.seal(world, at: world.noon)
            let line = try #require(wallets.firstIndex { $0[0] == WalletWorld.postpaid.text })
            let hash = try #require(postings[postings.count - 2].last)
            postings.removeLast()
            wallets[line] = [wallets[line][0], "2", hash, "0.0000", "0.2000", "0.00", "0.00000"]
            try folder.write(postings, to: "postings")
            try folder.write(wallets, to: "wallets")
            #expect(try folder.verifier(seals: false).verify().wallets == 1)
            let fault = try #require(folder.fault())
            #expect(fault.problem.contains("has 2 events, but"))
            #expect(fault.problem.contains("sealed 3"))
        }
    }

    @Test("a seal that was changed or taken away is found")
    func seals() async throws {
        try await Self.withExport { world, folder in
            try await folder.seal(world, at: world.noon.advanced(seconds: 86_400))
            try await folder.seal(world, at: world.noon.advanced(seconds: 2 * 86_400))
            try await folder.export(world)
            #expect(try folder.verify().seals == 3)
            let names = try LedgerSeal.names(in: folder.seals)
            let middle = "\(folder.seals)/\(names[1])"
            let bytes = try MappedFile(path: middle).withBytes { Array($0) }
            var changed = bytes
            changed[changed.count / 2] ^= 1
            try DurableFile.write(changed, to: middle)
            #expect(folder.fault()?.problem == "the seal was changed")
            try FileManager.default.removeItem(atPath: middle)
            #expect(folder.fault()?.problem == "does not follow the seal before it")
        }
    }

    @Test("a day is sealed once, whoever asks")
    func onceADay() async throws {
        try await WalletWorld.with { world in
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            let folder = LedgerFolder()
            defer { folder.remove() }
            for hours in [0, 3, 11, 12, 13] {
                try await folder.seal(world, at: world.noon.advanced(seconds: hours * 3_600))
            }
            #expect(try LedgerSeal.names(in: folder.seals).map { $0.prefix(10) } == ["2026-11-22", "2026-11-23"])
        }
    }
}

/// An export and its seals in a directory of their own.
struct LedgerFolder {
    let path = FileManager.default.temporaryDirectory.appending(path: "ledger-\(UUID().uuidString)").path
    var seals: String { path + "/seals" }

    func remove() {
        // A test that failed may have made none.
        _ = try? FileManager.default.removeItem(atPath: path)
    }

    func export(_ world: WalletWorld) async throws {
        try await LedgerExport(pool: world.admin).write(to: path)
    }

    func seal(_ world: WalletWorld, at instant: Instant) async throws {
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        try await LedgerSealing(pool: world.store.pool, directory: seals, now: { instant }, logger: logger).seal()
    }

    func verifier(seals: Bool = true) throws -> LedgerVerifier {
        try LedgerVerifier(export: path, seals: seals ? self.seals : nil)
    }

    func verify() throws -> LedgerVerifier.Report { try verifier().verify() }

    /// The fault that verification finds; nil for none.
    func fault() -> LedgerFault? {
        do {
            _ = try verify()
            return nil
        } catch let fault as LedgerFault {
            return fault
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    func rows(_ file: String) throws -> [[String]] {
        var rows: [[String]] = []
        try CSVReader(MappedFile(path: "\(path)/\(file).csv")).forEachLine { rows.append(try $0.get().fields) }
        return rows
    }

    func write(_ rows: [[String]], to file: String) throws {
        let text = rows.map { $0.joined(separator: ",") + "\n" }.joined()
        try DurableFile.write(Array(text.utf8), to: "\(path)/\(file).csv")
    }

    /// Another text of the same kind.
    static func flipped(_ text: String) -> String {
        guard let index = text.lastIndex(where: { $0.isHexDigit && $0.isASCII }) else { return text + "x" }
        var changed = text
        changed.replaceSubrange(index...index, with: text[index] == "1" ? "2" : "1")
        return changed
    }
}
