/// A service provider's identifier: up to four letters and digits, as number portability knows carriers.
public struct ServiceProviderID: Hashable, Sendable {
    /// The characters in base 37, 0 standing for none.
    let packed: UInt32

    init(packed: UInt32) {
        self.packed = packed
    }

    /// An identifier of one to four letters or digits, any case; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        var packed: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            count += 1
            let digit: UInt32
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0")) + 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(byte - UInt8(ascii: "A")) + 11
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(byte - UInt8(ascii: "a")) + 11
            default: return nil
            }
            guard count <= 4 else { return nil }
            packed = packed * 37 + digit
        }
        guard count > 0 else { return nil }
        self.packed = packed
    }

    /// The characters, upper case.
    public var text: String {
        var bytes: [UInt8] = []
        var rest = packed
        while rest > 0 {
            let digit = UInt8(rest % 37) - 1
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
            rest /= 37
        }
        return String(decoding: bytes.reversed(), as: UTF8.self)
    }
}

/// One row of a table of ported numbers in 14 bytes. Of the number only the line is kept: the exchange is the index's affair.
public struct PortedRow: Hashable, Sendable {
    /// Line (14 bits) and activation (42 bits), so that the rows of an exchange sort by number, then time.
    public let key: UInt64
    /// Routing number (34 bits) and provider (21 bits).
    public let value: UInt64

    /// How many bytes a row takes: seven of the key, seven of the value, the lowest first.
    public static let length = 14
    /// The seven bytes of a key or a value.
    public static let mask: UInt64 = 1 << 56 - 1

    /// The row that stands at an address.
    @inline(__always)
    init(at address: UnsafeRawPointer) {
        key = UInt64(littleEndian: address.loadUnaligned(as: UInt64.self)) & PortedRow.mask
        // One byte early, so that nothing behind the row is read.
        value = UInt64(littleEndian: address.loadUnaligned(fromByteOffset: 6, as: UInt64.self)) >> 8
    }

    init(_ port: PortedNumbers.Port) {
        key = PortedRow.key(of: port.number, at: port.activated)
        value = port.lrn.digits << 21 | UInt64(port.provider?.packed ?? 0)
    }

    /// The row as it lies in a table.
    public var packed: [UInt8] {
        [key, value].flatMap { word in (0..<7).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } }
    }

    var line: Int { Int(key >> 42) }

    func port(of number: NationalNumber) -> PortedNumbers.Port {
        let provider = UInt32(value & (1 << 21 - 1))
        return PortedNumbers.Port(
            number: number, lrn: NationalNumber(digits: value >> 21),
            activated: Instant(milliseconds: Int64(key & PortedRow.latest)),
            provider: provider == 0 ? nil : ServiceProviderID(packed: provider))
    }

    /// Milliseconds since 1970 in 42 bits (until 2109); earlier is 0, later the largest.
    static func key(of number: NationalNumber, at instant: Instant?) -> UInt64 {
        let time = instant.map { UInt64(min(max($0.milliseconds, 0), Int64(latest))) } ?? latest
        return UInt64(number.line) << 42 | time
    }

    private static let latest: UInt64 = 1 << 42 - 1
}

/// Where the rows of a table of ported numbers lie: in memory, or in a mapped file.
public protocol PortedRows: AnyObject, Sendable {
    /// The rows, `PortedRow.length` bytes each, at the same place as long as the object lives.
    var bytes: UnsafeRawBufferPointer { get }
}

/// Ported numbers with their routing numbers over time: rows sorted by number and time behind an index by exchange.
public struct PortedNumbers: Sendable {
    /// One port.
    public struct Port: Hashable, Sendable {
        public let number: NationalNumber
        public let lrn: NationalNumber
        /// From when on the routing number holds.
        public let activated: Instant
        /// Whose number it is since; nil where the source does not say.
        public let provider: ServiceProviderID?

        /// A port.
        public init(
            number: NationalNumber, lrn: NationalNumber, activated: Instant, provider: ServiceProviderID? = nil
        ) {
            self.number = number
            self.lrn = lrn
            self.activated = activated
            self.provider = provider
        }
    }

    private let index: ExchangeIndex
    private let owner: any PortedRows
    /// The owner's rows.
    private nonisolated(unsafe) let rows: UnsafeRawBufferPointer

    /// The ports in any order, in memory; of two with the same number and instant the later in order counts.
    public init(_ ports: [Port] = []) {
        var table = PortedTable()
        for port in ports.enumerated().sorted(by: {
            PortedTable.precedes($0.element, $1.element, $0.offset < $1.offset)
        }) {
            table.append(port.element)
        }
        let rows = table.settledRows(isEnd: true)
        self.init(index: table.finished(), rows: RowsInMemory(rows))
    }

    /// The ports of rows that stand sorted somewhere, with their index.
    public init(index: ExchangeIndex, rows: any PortedRows) {
        self.index = index
        owner = rows
        self.rows = rows.bytes
    }

    /// How many ports there are.
    public var count: Int { rows.count / PortedRow.length }

    /// The routing number in force at an instant: the latest port activated by then. Without an instant the latest of all.
    public func lrn(of number: NationalNumber, at instant: Instant?) -> NationalNumber? {
        guard let row = row(of: number, at: instant) else { return nil }
        return NationalNumber(digits: row.value >> 21)
    }

    /// The port in force at an instant: the latest one activated by then. Without an instant the latest of all.
    public func port(of number: NationalNumber, at instant: Instant?) -> Port? {
        row(of: number, at: instant)?.port(of: number)
    }

    /// Lines spread evenly over an exchange, so the search begins where this one should be and widens from there.
    private func row(of number: NationalNumber, at instant: Instant?) -> PortedRow? {
        let range = index.rows(of: number.npanxx)
        guard !range.isEmpty else { return nil }
        let key = PortedRow.key(of: number, at: instant)
        var lower = range.lowerBound
        var upper = range.upperBound
        var place = lower + number.line * range.count / 10_000
        var step = 2
        // Afterwards all rows below `lower` are at or before the key, all from `upper` on are behind it.
        if row(at: place).key <= key {
            repeat {
                lower = place + 1
                place += step
                step *= 2
            } while place < upper && row(at: place).key <= key
            upper = min(place, upper)
        } else {
            repeat {
                upper = place
                place -= step
                step *= 2
            } while place >= lower && row(at: place).key > key
            lower = max(place + 1, lower)
        }
        while lower < upper {
            let middle = (lower + upper) / 2
            if row(at: middle).key <= key { lower = middle + 1 } else { upper = middle }
        }
        guard lower > range.lowerBound else { return nil }
        let found = row(at: lower - 1)
        return found.line == number.line ? found : nil
    }
    @inline(__always)
    private func row(at place: Int) -> PortedRow {
        PortedRow(at: rows.baseAddress.unsafelyUnwrapped + place * PortedRow.length)
    }
}

/// Makes the rows and the index of a table of ported numbers, of ports in the order of numbers, then instants.
public struct PortedTable {
    private var index = ExchangeIndex()
    private var last: (exchange: Int, row: PortedRow)?
    private var rows: [PortedRow] = []

    /// A table without rows.
    public init() {}

    /// Whether a port stands before another; of equal ones the first does if it came first.
    static func precedes(_ left: PortedNumbers.Port, _ right: PortedNumbers.Port, _ isFirst: Bool) -> Bool {
        if left.number != right.number { return left.number < right.number }
        return left.activated == right.activated ? isFirst : left.activated < right.activated
    }

    /// Adds the next port. Of two with the same number and instant the later one counts.
    /// - Returns: false where it stands before the last one: the source is not sorted.
    @discardableResult
    public mutating func append(_ port: PortedNumbers.Port) -> Bool {
        let row = PortedRow(port)
        let exchange = port.number.npanxx
        if let last {
            guard (last.exchange, last.row.key) <= (exchange, row.key) else { return false }
            if last.exchange == exchange, last.row.key == row.key {
                rows.removeLast()
            } else {
                index.append(exchange: exchange)
            }
        } else {
            index.append(exchange: exchange)
        }
        rows.append(row)
        last = (exchange, row)
        return true
    }

    /// Takes out the rows that no further port can change, for a table that is written while it grows; at the end all of them.
    public mutating func settledRows(isEnd: Bool = false) -> [PortedRow] {
        var settled = rows
        rows = isEnd ? [] : Array(settled.suffix(1))
        settled.removeLast(rows.count)
        return settled
    }

    /// The index of all rows.
    public func finished() -> ExchangeIndex {
        var index = index
        index.finish()
        return index
    }
}

/// Rows as they are made, for small tables and tests.
private final class RowsInMemory: PortedRows {
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    init(_ rows: [PortedRow]) {
        let packed = UnsafeMutableRawBufferPointer.allocate(
            byteCount: rows.count * PortedRow.length, alignment: MemoryLayout<UInt64>.alignment)
        packed.copyBytes(from: rows.flatMap(\.packed))
        bytes = UnsafeRawBufferPointer(packed)
    }

    deinit {
        bytes.deallocate()
    }
}

/// What a dip of the number portability database answered (rule E2).
public enum LRNAnswer: Hashable, Sendable {
    /// Ported to the carrier of this routing number.
    case ported(NationalNumber)
    /// Not ported: the number routes itself.
    case notPorted
    /// No answer for so long that the record goes on without one.
    case timedOut
}
