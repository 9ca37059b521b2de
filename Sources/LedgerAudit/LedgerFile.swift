import Core
import Drivers
import Reference

/// One file of an export, read from the top with one row in sight.
struct LedgerFile<Row> {
    /// A row with its place.
    struct Record {
        let line: Int
        let customer: CustomerID
        let index: Int64
        let hash: [UInt8]
        let row: Row
    }

    let name: String
    private let titles: [String]
    private let parse: (CSVRecord) -> Row?
    /// The next row; nil at the end.
    private(set) var next: Record?
    private var last: (customer: CustomerID, index: Int64)?

    /// Reads the titles and the first row.
    init(_ file: LedgerExport.File, _ cursor: inout CSVCursor, parse: @escaping (CSVRecord) -> Row?) throws {
        name = file.name
        titles = file.titles
        self.parse = parse
        guard let head = cursor.next(), try head.get().texts == file.titles else {
            throw LedgerFault(name, line: 1, "not the columns \(file.titles.joined(separator: ","))")
        }
        try advance(&cursor)
    }

    /// Goes on to the next row.
    mutating func advance(_ cursor: inout CSVCursor) throws {
        next = nil
        guard let result = cursor.next() else { return }
        let record: CSVRecord
        switch result {
        case .success(let read): record = read
        case .failure(let fault): throw LedgerFault(name, line: fault.line, fault.problem)
        }
        guard record.count == titles.count, let customer = CustomerID(parsing: record.text(0)),
            let index = Int64(record.text(1)), index > 0,
            let row = parse(record), let hash = Digest.bytes(hex: record.text(record.count - 1))
        else { throw LedgerFault(name, line: record.line, "not a row of this file") }
        if let last, (customer, index) < last {
            throw LedgerFault(name, line: record.line, "not in the order of customer_id and chain_index")
        }
        last = (customer, index)
        next = Record(line: record.line, customer: customer, index: index, hash: hash, row: row)
    }
}

extension PostingRow {
    /// From the columns behind customer and index.
    init?(_ record: CSVRecord) {
        guard let usage = UsageID(parsing: record.text(2)), let day = UsageDay(parsing: record.text(3)),
            let sequence = Int64(record.text(4)), let charge = Money(exported: record.text(5), .charge),
            let debit = Money(exported: record.text(6), .ledger),
            let accrued = Money(exported: record.text(7), .ledger),
            let residue = Money(exported: record.text(8), .charge), let at = Instant(parsing: record.text(9))
        else { return nil }
        self.init(
            usage: usage, day: day, sequence: sequence, charge: charge, debit: debit, accrued: accrued,
            residueAfter: residue, at: at)
        // Only the form that an export has: another spelling of the same value was not made by one.
        guard columns == (2..<10).map(record.text) else { return nil }
    }
}

extension EntryRow {
    init?(_ record: CSVRecord) {
        guard let id = Identifier128(parsing: record.text(2)), let amount = Money(exported: record.text(4), .ledger),
            let before = Money(exported: record.text(5), .ledger), let after = Money(exported: record.text(6), .ledger),
            let at = Instant(parsing: record.text(10))
        else { return nil }
        self.init(
            id: id, kind: record.text(3), amount: amount, balanceBefore: before, balanceAfter: after,
            description: record.text(7), reference: LedgerReference(type: record.text(8), id: record.text(9)), at: at)
        guard columns == (2..<11).map(record.text) else { return nil }
    }
}

extension LineRow {
    init?(_ record: CSVRecord) {
        guard let number = Int(record.text(2)), let amount = Money(exported: record.text(5), .charge),
            let at = Instant(parsing: record.text(8))
        else { return nil }
        self.init(
            number: number, debit: record.text(3), credit: record.text(4), amount: amount,
            reference: LedgerReference(type: record.text(6), id: record.text(7)), at: at)
        guard columns == (2..<9).map(record.text) else { return nil }
    }
}

/// A row of `wallets.csv`: where a wallet stands.
struct WalletHead {
    let head: [UInt8]
    let balance: Money
    let accrued: Money
    let receivable: Money
    let residue: Money

    init?(_ record: CSVRecord) {
        guard let head = Digest.bytes(hex: record.text(2)), let balance = Money(exported: record.text(3), .ledger),
            let accrued = Money(exported: record.text(4), .ledger),
            let receivable = Money(exported: record.text(5), .cents),
            let residue = Money(exported: record.text(6), .charge)
        else { return nil }
        self.head = head
        self.balance = balance
        self.accrued = accrued
        self.receivable = receivable
        self.residue = residue
    }
}

extension Money {
    /// An amount in exactly the form of its column; nil for anything else.
    init?(exported text: String, _ decimals: MoneyScale) {
        do throws(FixedPoint.ParsingError) {
            try self.init(parsing: text)
        } catch {
            return nil
        }
        guard isWhole(at: decimals), self.text(decimals) == text else { return nil }
    }
}
