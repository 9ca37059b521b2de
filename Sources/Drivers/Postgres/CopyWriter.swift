public import Foundation

/// Rows on their way into `COPY … FROM STDIN (FORMAT binary)`.
///
/// `writer.row { row in row.int8(id); row.text(name); row.numeric(units: charge, scale: 5) }`: one write a column, in the
/// order of the columns and of exactly the column's type (the server refuses another). A nil is NULL.
public final class CopyWriter {
    private let session: PostgresSession
    private let columnCount: Int
    private var buffer = ByteBuffer(capacity: 2 * CopyWriter.flushBytes)
    private var fieldCount = 0

    /// What is kept before it is handed to libpq.
    private static let flushBytes = 128 * 1_024

    private init(_ session: PostgresSession, columnCount: Int) {
        self.session = session
        self.columnCount = columnCount
        for byte in Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0] { append(byte) }
        append(Int32(0))
        append(Int32(0))
    }

    static func copy(
        on session: PostgresSession, into table: String, columns: [String], _ body: (CopyWriter) throws -> Void
    ) throws -> Int {
        guard let target = PostgresText.quoted(identifier: table), !columns.isEmpty else {
            throw PostgresError.misuse("not a table and its columns: \(table)")
        }
        let names = try columns.map { column throws(PostgresError) in
            guard let name = PostgresText.quoted(identifier: column) else { throw .misuse("not a column: \(column)") }
            return name
        }
        try session.startCopy("COPY \(target) (\(names.joined(separator: ", "))) FROM STDIN (FORMAT binary)")
        let writer = CopyWriter(session, columnCount: columns.count)
        do {
            try body(writer)
            writer.append(Int16(-1))
            try writer.flush()
        } catch let error as PostgresError where error.endsConnection {
            throw error
        } catch {
            try CopyWriter.abandon(session)
            throw error
        }
        return try session.endCopy()
    }

    /// Writes one row; the body writes each column once.
    public func row(_ body: (CopyWriter) throws -> Void) throws {
        append(Int16(columnCount))
        fieldCount = 0
        try body(self)
        guard fieldCount == columnCount else {
            throw PostgresError.misuse("a row of \(fieldCount) columns where COPY has \(columnCount)")
        }
        if buffer.count >= CopyWriter.flushBytes { try flush() }
    }

    public func null() {
        fieldCount += 1
        append(Int32(-1))
    }

    public func bool(_ value: Bool?) {
        guard let value else { return null() }
        length(1)
        append(value ? 1 : 0 as UInt8)
    }

    public func int2(_ value: Int16?) {
        guard let value else { return null() }
        length(2)
        append(value)
    }

    public func int4(_ value: Int32?) {
        guard let value else { return null() }
        length(4)
        append(value)
    }

    public func int8(_ value: Int64?) {
        guard let value else { return null() }
        length(8)
        append(value)
    }

    /// text, varchar, char, json, an enum or a domain over them.
    public func text(_ value: String?) {
        guard var value else { return null() }
        value.withUTF8 { bytes in
            length(bytes.count)
            buffer.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// text from UTF-8 bytes, unchecked here: the server refuses what is not UTF-8.
    public func text(utf8 value: ArraySlice<UInt8>?) {
        guard let value else { return null() }
        length(value.count)
        value.withUnsafeBytes { buffer.append($0) }
    }

    public func bytea(_ value: [UInt8]?) {
        text(utf8: value?[...])
    }

    public func bytea(_ value: ArraySlice<UInt8>?) {
        text(utf8: value)
    }

    /// jsonb from its text.
    public func jsonb(_ value: String?) {
        guard var value else { return null() }
        value.withUTF8 { bytes in
            length(bytes.count + 1)
            append(1 as UInt8)
            buffer.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// jsonb from the UTF-8 bytes of its text.
    public func jsonb(utf8 value: ArraySlice<UInt8>?) {
        guard let value else { return null() }
        length(value.count + 1)
        append(1 as UInt8)
        value.withUnsafeBytes { buffer.append($0) }
    }

    public func uuid(_ value: UUID?) {
        guard let value else { return null() }
        length(16)
        withUnsafeBytes(of: value.uuid) { buffer.append($0) }
    }

    /// uuid from its two halves.
    public func uuid(high: UInt64, low: UInt64) {
        length(16)
        append(high)
        append(low)
    }

    /// timestamptz from milliseconds since 1970.
    public func timestamptz(milliseconds value: Int64?) {
        guard let value else { return null() }
        length(8)
        append((value - 946_684_800_000) * 1_000)
    }

    /// date from days since 1970.
    public func date(days value: Int32?) {
        guard let value else { return null() }
        length(4)
        append(value - 10_957)
    }

    /// numeric of so many units of 10^-scale, exact; it prints with `scale` decimals where the column doesn't say otherwise.
    public func numeric(units value: Int64?, scale: Int) {
        guard let value else { return null() }
        // The common sizes without an array: as base-10000 digits with the point between two of them.
        let padding = (4 - scale % 4) % 4
        let (shifted, overflowed) = value.magnitude.multipliedReportingOverflow(by: CopyWriter.padding[padding])
        guard !overflowed else { return numeric(units: Int128(value), scale: scale) }
        var rest = shifted
        var weight = -1 - (scale + padding) / 4
        while rest > 0, rest % 10_000 == 0 {
            rest /= 10_000
            weight += 1
        }
        var count = 0
        var digits: UInt128 = 0
        while rest > 0 {
            digits = digits << 16 | UInt128(rest % 10_000)
            rest /= 10_000
            count += 1
        }
        length(8 + 2 * count)
        append(Int16(count))
        append(Int16(count == 0 ? 0 : weight + count))
        append(value < 0 ? 0x4000 : 0 as Int16)
        append(Int16(scale))
        for _ in 0..<count {
            append(Int16(truncatingIfNeeded: digits))
            digits >>= 16
        }
    }

    private static let padding: [UInt64] = [1, 10, 100, 1_000]

    /// numeric of so many units of 10^-scale, for sums beyond an Int64.
    public func numeric(units value: Int128?, scale: Int) {
        guard let value else { return null() }
        let numeric = PostgresNumeric(units: value, scale: scale)
        length(8 + 2 * numeric.digits.count)
        append(Int16(numeric.digits.count))
        append(numeric.weight)
        append(numeric.isNegative ? 0x4000 : 0 as Int16)
        append(Int16(scale))
        for digit in numeric.digits { append(digit) }
    }

    /// text[]
    public func textArray(_ value: [String]?) {
        array(value, elementType: PostgresType.text.oid) { text($0) }
    }

    /// bigint[]
    public func int8Array(_ value: [Int64]?) {
        array(value, elementType: PostgresType.int8.oid) { int8($0) }
    }

    private func array<Element>(_ value: [Element]?, elementType: UInt32, _ write: (Element) -> Void) {
        guard let value else { return null() }
        let lengthAt = buffer.count
        length(0)
        let fields = fieldCount
        append(Int32(value.isEmpty ? 0 : 1))
        append(Int32(0))
        append(Int32(bitPattern: elementType))
        if !value.isEmpty {
            append(Int32(value.count))
            append(Int32(1))
            value.forEach(write)
        }
        fieldCount = fields
        buffer.put(Int32(buffer.count - lengthAt - 4), at: lengthAt)
    }

    private func length(_ count: Int) {
        fieldCount += 1
        append(Int32(count))
    }

    private func append<Number: FixedWidthInteger>(_ number: Number) {
        buffer.append(number)
    }

    private func flush() throws(PostgresError) {
        try session.putCopyData(buffer.bytes)
        buffer.removeAll()
    }

    /// Tells the server to undo the COPY; the error that this makes of the statement is expected.
    private static func abandon(_ session: PostgresSession) throws(PostgresError) {
        do throws(PostgresError) {
            _ = try session.endCopy(abandoning: "abandoned by the writer")
        } catch {
            guard case .server = error else { throw error }
        }
    }
}

/// Bytes that grow: numbers go in with one store each, where an array of bytes checks and copies.
private struct ByteBuffer: ~Copyable {
    private var start: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        start = .allocate(byteCount: capacity, alignment: 1)
        self.capacity = capacity
    }

    deinit {
        start.deallocate()
    }

    /// What is in it, until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// A number in the order of bytes of the wire.
    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        let size = MemoryLayout<Number>.size
        reserve(size)
        (start + count).storeBytes(of: number.bigEndian, as: Number.self)
        count += size
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Puts a number over what is at a place.
    mutating func put(_ number: Int32, at place: Int) {
        precondition(place >= 0 && place + 4 <= count, "only what was written is written over")
        (start + place).storeBytes(of: number.bigEndian, as: Int32.self)
    }

    mutating func removeAll() {
        count = 0
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = larger
    }
}

/// A number in the server's base-10000 form.
struct PostgresNumeric: Equatable {
    /// Base-10000 digits without leading or trailing zeros; empty is zero.
    private(set) var digits: [Int16]
    /// The power of 10000 of the first digit.
    private(set) var weight: Int16
    let isNegative: Bool

    /// So many units of 10^-scale; the scale is 0 to 37.
    init(units: Int128, scale: Int) {
        precondition((0...37).contains(scale), "numeric with 0 to 37 decimals")
        isNegative = units < 0
        var power: UInt128 = 1
        for _ in 0..<scale { power *= 10 }
        var whole = units.magnitude / power
        var fraction = units.magnitude % power
        var groups: [Int16] = []
        while whole > 0 {
            groups.append(Int16(whole % 10_000))
            whole /= 10_000
        }
        groups.reverse()
        weight = Int16(groups.count - 1)
        // Four digits at a time from the left of the fraction, whose last group may be short.
        var digitsLeft = scale
        while digitsLeft > 0 {
            let taken = min(4, digitsLeft)
            digitsLeft -= taken
            var below: UInt128 = 1
            for _ in 0..<digitsLeft { below *= 10 }
            var group = fraction / below
            fraction %= below
            for _ in taken..<4 { group *= 10 }
            groups.append(Int16(group))
        }
        let leadingZeros = groups.prefix { $0 == 0 }.count
        groups.removeFirst(leadingZeros)
        weight -= Int16(leadingZeros)
        while groups.last == 0 { groups.removeLast() }
        if groups.isEmpty { weight = 0 }
        digits = groups
    }
}
