public import Core
import Drivers
import Reference

/// Proves an export: every chain from its first event to its head, the arithmetic of every row, every wallet against the sum of its events, and all
/// of it against the seals. Needs no database.
public struct LedgerVerifier: Sendable {
    let directory: String
    let seals: [SealedFile]

    /// A seal that was read.
    struct SealedFile: Sendable {
        let name: String
        let seal: LedgerSeal
    }

    /// What was proved.
    public struct Report: Hashable, Sendable {
        public var wallets = 0
        public var events = 0
        public var rows = 0
        public var seals = 0
    }

    /// A verifier of the export in a directory, with the seals of another.
    /// - Throws: `LedgerFault` where a seal was changed or one is missing between two.
    public init(export directory: String, seals sealDirectory: String?) throws {
        self.directory = directory
        guard let sealDirectory else {
            seals = []
            return
        }
        var read: [SealedFile] = []
        for name in try LedgerSeal.names(in: sealDirectory) {
            guard let seal = try LedgerSeal.read(name, in: sealDirectory), seal.name == name else {
                throw LedgerFault(name, "the seal was changed")
            }
            if let before = read.last?.seal, seal.before != before.hash {
                throw LedgerFault(name, "does not follow the seal before it")
            }
            read.append(SealedFile(name: name, seal: seal))
        }
        seals = read
    }

    /// Walks through all wallets. `progress` hears of every thousandth.
    /// - Throws: `LedgerFault`, the first row that does not fit.
    public func verify(progress: (Report) -> Void = { _ in }) throws -> Report {
        var expectations = SealedHeads(seals)
        return try withCursor(of: .wallets) { wallets in
            try withCursor(of: .postings) { postings in
                try withCursor(of: .transactions) { transactions in
                    try withCursor(of: .journal) { journal in
                        var walk = try LedgerWalk(&postings, &transactions, &journal)
                        var report = Report(seals: seals.count)
                        var reader = try WalletFile(&wallets)
                        while let wallet = try reader.next(&wallets) {
                            let chain = try walk.prove(
                                wallet, sealed: expectations.take(wallet.customer), &postings, &transactions, &journal)
                            report.wallets += 1
                            report.events += Int(chain.length)
                            if report.wallets % 1_000 == 0 { progress(report) }
                        }
                        try walk.expectEnd()
                        if let (customer, file) = expectations.rest {
                            throw LedgerFault("wallets.csv", "the wallet of \(customer), sealed by \(file), is missing")
                        }
                        report.rows = walk.rows
                        return report
                    }
                }
            }
        }
    }

    private func withCursor<Value>(
        of file: LedgerExport.File, _ body: (inout CSVCursor) throws -> Value
    ) throws -> Value {
        try CSVReader(MappedFile(path: "\(directory)/\(file.name)")).withCursor(body)
    }
}

/// What seals say of wallets that have not been met yet.
struct SealedHeads {
    /// A head that a seal names.
    struct Head {
        let chain: LedgerChain
        let file: String
    }

    private var heads: [CustomerID: [Head]] = [:]

    init(_ seals: [LedgerVerifier.SealedFile]) {
        for file in seals {
            for chain in file.seal.chains where heads[chain.customer]?.last?.chain != chain {
                heads[chain.customer, default: []].append(Head(chain: chain, file: file.name))
            }
        }
    }

    /// The heads of a wallet, which is met now.
    mutating func take(_ customer: CustomerID) -> [Head] { heads.removeValue(forKey: customer) ?? [] }

    /// A wallet that was sealed and never met.
    var rest: (customer: CustomerID, file: String)? {
        heads.min { $0.key < $1.key }.flatMap { customer, heads in heads.first.map { (customer, $0.file) } }
    }
}

/// `wallets.csv`, row by row.
struct WalletFile {
    /// A wallet as it stands.
    struct Row {
        let line: Int
        let customer: CustomerID
        let length: Int64
        let head: WalletHead
    }

    private var last: CustomerID?

    init(_ cursor: inout CSVCursor) throws {
        guard let titles = cursor.next(), try titles.get().texts == LedgerExport.File.wallets.titles else {
            throw LedgerFault("wallets.csv", line: 1, "not the columns of wallets.csv")
        }
    }

    mutating func next(_ cursor: inout CSVCursor) throws -> Row? {
        guard let record = try cursor.next()?.get() else { return nil }
        guard record.count == LedgerExport.File.wallets.titles.count,
            let customer = CustomerID(parsing: record.text(0)), let length = Int64(record.text(1)), length >= 0,
            let head = WalletHead(record)
        else { throw LedgerFault("wallets.csv", line: record.line, "not a row of this file") }
        if let last, customer <= last {
            throw LedgerFault("wallets.csv", line: record.line, "not in the order of customer_id")
        }
        last = customer
        return Row(line: record.line, customer: customer, length: length, head: head)
    }
}
