/// Where the rows of each area code and exchange begin in a table that is sorted by number: two steps to a short run of rows.
/// Only area codes that have rows take memory (4 KB each).
public struct ExchangeIndex: Sendable {
    /// By area code: the page of its exchanges plus one; 0 where it has no rows.
    private var pages = [UInt16](repeating: 0, count: ExchangeIndex.codes)
    /// Pages of 1,001 entries: the first row of each exchange, then the end of the area code.
    private var firsts: [UInt32] = []
    private var rowCount: UInt32 = 0
    private var openCode = -1
    /// Entries of the open page that are written.
    private var filled = 0

    private static let codes = 1_000
    private static let pageLength = codes + 1

    /// The index of a table without rows.
    public init() {}

    /// The index of rows whose exchanges (NPA-NXX) these are, in ascending order.
    public init(exchanges: some Sequence<Int>) {
        for exchange in exchanges { append(exchange: exchange) }
        finish()
    }

    /// Adds the next row, of an exchange that is not below the one before.
    public mutating func append(exchange: Int) {
        let code = exchange / ExchangeIndex.codes
        let entry = exchange % ExchangeIndex.codes
        if code != openCode {
            precondition(code > openCode && code < ExchangeIndex.codes, "rows are sorted by number")
            finish()
            openCode = code
            pages[code] = UInt16(firsts.count / ExchangeIndex.pageLength + 1)
        }
        precondition(entry >= filled - 1, "rows are sorted by number")
        point(upTo: entry)
        rowCount += 1
    }

    /// Ends the last area code: no row comes after this.
    public mutating func finish() {
        if openCode >= 0, filled > 0 { point(upTo: ExchangeIndex.codes) }
        filled = 0
    }

    /// The rows of an exchange.
    @inline(__always)
    public func rows(of exchange: Int) -> Range<Int> {
        let page = Int(pages[exchange / ExchangeIndex.codes])
        guard page > 0 else { return 0..<0 }
        let place = (page - 1) * ExchangeIndex.pageLength + exchange % ExchangeIndex.codes
        return Int(firsts[place])..<Int(firsts[place + 1])
    }

    /// Entries of the open page up to this one point at the next row.
    private mutating func point(upTo entry: Int) {
        while filled <= entry {
            firsts.append(rowCount)
            filled += 1
        }
    }
}

extension ExchangeIndex {
    /// The index as a file keeps it.
    public var words: (pages: [UInt16], firsts: [UInt32]) { (pages, firsts) }

    /// The index that a file keeps; nil where it cannot be one of so many rows.
    public init?(pages: [UInt16], firsts: [UInt32], rows: Int) {
        guard pages.count == ExchangeIndex.codes, firsts.count % ExchangeIndex.pageLength == 0,
            pages.allSatisfy({ Int($0) <= firsts.count / ExchangeIndex.pageLength }),
            zip(firsts, firsts.dropFirst()).allSatisfy({ $0 <= $1 }),
            firsts.last.map({ Int($0) == rows }) ?? (rows == 0)
        else { return nil }
        self.pages = pages
        self.firsts = firsts
        rowCount = UInt32(rows)
    }
}
