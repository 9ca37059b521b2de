public import Core
public import Drivers
import Reference

/// The heads of all wallets' chains at one moment, in a file outside the database (M17): whoever cuts off or writes anew a part of the ledger
/// would have to change the seals as well, each of which holds the hash of the one before.
///
/// A seal is text: `warp-ledger-seal 1`, `at INSTANT`, `before HASH` (of the seal before, or `none`), a line `CUSTOMER LENGTH HEAD` for each wallet that has a
/// chain, in the order of customers, and `sha256 HASH` over all bytes before that line.
public struct LedgerSeal: Hashable, Sendable {
    public let at: Instant
    /// The hash of the seal before; nil for the first one.
    public let before: String?
    /// The chains, as far as they had grown.
    public let chains: [LedgerChain]
    /// SHA-256 in lower-case hexadecimal.
    public let hash: String

    private static let title = "warp-ledger-seal 1"
    private static let ending = ".seal"

    /// Reads the heads of all chains as they are at this moment.
    public static func heads(from pool: PostgresPool) async throws -> [LedgerChain] {
        try await pool.query(
            """
            SELECT customer_id, chain_length, chain_head FROM billing.wallets WHERE chain_length > 0 ORDER BY customer_id
            """
        ).map { row in
            LedgerChain(
                customer: try row.value("customer_id"), length: try row.value("chain_length"),
                head: try row.value("chain_head"))
        }
    }

    /// A new seal behind another.
    public init(_ chains: [LedgerChain], at: Instant, after before: LedgerSeal?) {
        self.at = at
        self.before = before?.hash
        self.chains = chains
        hash = Digest.hex(Digest.sha256(Self.body(chains, at: at, before: self.before)))
    }

    private static func body(_ chains: [LedgerChain], at: Instant, before: String?) -> [UInt8] {
        var bytes = Array("\(title)\nat \(at.text)\nbefore \(before ?? "none")\n".utf8)
        for chain in chains {
            bytes.append(contentsOf: "\(chain.customer.text) \(chain.length) \(Digest.hex(chain.head))\n".utf8)
        }
        return bytes
    }

    /// The file's bytes.
    public var bytes: [UInt8] { Self.body(chains, at: at, before: before) + Array("sha256 \(hash)\n".utf8) }

    /// Reads a file; nil for what no seal of this form is, or one that was changed.
    public init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 4, lines[0] == Self.title, let last = lines.last, last.hasPrefix("sha256 "),
            lines[1].hasPrefix("at "), let at = Instant(parsing: lines[1].dropFirst(3)), lines[2].hasPrefix("before ")
        else { return nil }
        let before = lines[2].dropFirst("before ".count)
        var chains: [LedgerChain] = []
        for line in lines[3..<(lines.count - 1)] {
            let words = line.split(separator: " ")
            guard words.count == 3, let customer = CustomerID(parsing: words[0]), let length = Int64(words[1]),
                let head = Digest.bytes(hex: words[2])
            else { return nil }
            chains.append(LedgerChain(customer: customer, length: length, head: head))
        }
        self.at = at
        self.before = before == "none" ? nil : String(before)
        self.chains = chains
        hash = Digest.hex(Digest.sha256(Self.body(chains, at: at, before: self.before)))
        guard bytes == self.bytes else { return nil }
    }

    /// The names of the seals in a directory, oldest first; none where there is no directory.
    public static func names(in directory: String) throws -> [String] {
        do throws(DurableFile.Failure) {
            return try DurableFile.names(in: directory).filter { $0.hasSuffix(ending) }.sorted()
        } catch {
            guard error.isAbsence else { throw error }
            return []
        }
    }

    /// Reads a seal of a directory; nil where it was changed.
    public static func read(_ name: String, in directory: String) throws -> LedgerSeal? {
        LedgerSeal(try MappedFile(path: "\(directory)/\(name)").withBytes { Array($0) })
    }

    /// Its name in a directory: `2026-11-23T00-10-00.000Z.seal`.
    public var name: String { at.text.replacing(":", with: "-") + Self.ending }
}
