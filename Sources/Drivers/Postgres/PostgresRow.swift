import CPostgres

/// The rows that a statement returned, in order. They stay in libpq's own memory; a cell is converted when it is read.
public struct PostgresRows: RandomAccessCollection, Sendable {
    private let result: PostgresResult

    init(_ result: PostgresResult) {
        self.result = result
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }
    public subscript(position: Int) -> PostgresRow { PostgresRow(result: result, index: position) }

    /// Rows that an INSERT, UPDATE, DELETE, MERGE or COPY touched, or that a SELECT returned.
    public var affected: Int { result.affectedRows }
}

/// One row; columns are read by name.
public struct PostgresRow: Sendable {
    fileprivate let result: PostgresResult
    fileprivate let index: Int

    /// The column's value; NULL only into an optional.
    public func value<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let position = result.columns.firstIndex(of: column) else {
            throw .decoding(column: column, reason: "no such column among \(result.columns.joined(separator: ", "))")
        }
        return try Value(postgres: PostgresCell(result: result, row: index, position: position))
    }

    /// The value of the column at a position from 0, for the hottest loops.
    public func value<Value: PostgresDecodable>(
        at position: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard result.columns.indices.contains(position) else {
            throw .decoding(column: "#\(position)", reason: "the row has \(result.columns.count) columns")
        }
        return try Value(postgres: PostgresCell(result: result, row: index, position: position))
    }

    /// The cell at a position from 0, nil for NULL: where there are millions of them, its own readers spare what `value` costs a type that
    /// is not known when this is compiled.
    public func cell(at position: Int) throws(PostgresError) -> PostgresCell? {
        guard result.columns.indices.contains(position) else {
            throw .decoding(column: "#\(position)", reason: "the row has \(result.columns.count) columns")
        }
        guard PQgetisnull(result.handle, Int32(index), Int32(position)) == 0 else { return nil }
        return PostgresCell(result: result, row: index, position: position)
    }

    /// The UTF-8 bytes of the text of the column at a position from 0.
    public func text(at position: Int) throws(PostgresError) -> [UInt8] {
        guard result.columns.indices.contains(position) else {
            throw .decoding(column: "#\(position)", reason: "the row has \(result.columns.count) columns")
        }
        return try PostgresCell(result: result, row: index, position: position).bytes()
    }
}

/// One value as the server printed it.
public struct PostgresCell: Sendable {
    /// The column's name, for messages.
    public let column: String
    private let storage: Storage

    private enum Storage: Sendable {
        case null
        case result(PostgresResult, row: Int32, position: Int32)
        case copy([UInt8])
    }

    init(result: PostgresResult, row: Int, position: Int) {
        column = result.columns[position]
        let isNull = PQgetisnull(result.handle, Int32(row), Int32(position)) == 1
        storage = isNull ? .null : .result(result, row: Int32(row), position: Int32(position))
    }

    init(column: String, copy: [UInt8]?) {
        self.column = column
        storage = copy.map(Storage.copy) ?? .null
    }

    public var isNull: Bool {
        if case .null = storage { return true }
        return false
    }

    /// The error to throw when the text is not what the type reads.
    public func malformed(_ reason: String) -> PostgresError {
        .decoding(column: column, reason: reason)
    }

    /// The text form; throws on NULL.
    public func text() throws(PostgresError) -> String {
        try withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of the text form; throws on NULL.
    public func bytes() throws(PostgresError) -> [UInt8] {
        try withBytes { Array($0) }
    }

    /// An integer of any width, read without a String.
    public func int64() throws(PostgresError) -> Int64 {
        guard let value = try withBytes({ DecimalDigits.int64($0) }) else { throw malformed("not an integer") }
        return value
    }

    /// A NUMERIC in units of 10^-scale. Throws when it has more digits behind the point than that (zeros excepted),
    /// or is out of range, NaN or infinite.
    public func units(scale: Int) throws(PostgresError) -> Int64 {
        guard let value = try withBytes({ DecimalDigits.units($0, scale: scale) }) else {
            throw malformed("not a numeric with at most \(scale) decimals")
        }
        return value
    }

    /// `t` or `f`.
    public func bool() throws(PostgresError) -> Bool {
        switch try withBytes({ $0.count == 1 ? $0[0] : 0 }) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: throw malformed("not a boolean")
        }
    }

    /// A uuid as its two halves, read without a String.
    public func uuid() throws(PostgresError) -> (high: UInt64, low: UInt64) {
        guard let value = try withBytes({ DecimalDigits.uuid($0) }) else { throw malformed("not a uuid") }
        return value
    }

    /// The bytes of a bytea.
    public func bytea() throws(PostgresError) -> [UInt8] {
        guard let value = try withBytes({ DecimalDigits.bytes(hex: $0) }) else { throw malformed("not a bytea") }
        return value
    }

    /// A timestamptz as milliseconds since 1970; digits behind the millisecond are cut off.
    public func milliseconds() throws(PostgresError) -> Int64 {
        guard let value = try withBytes({ DecimalDigits.milliseconds(timestamp: $0) }) else {
            throw malformed("not a timestamptz of the years 0001 to 9999 in UTC")
        }
        return value
    }

    /// A date as days since 1970.
    public func days() throws(PostgresError) -> Int32 {
        guard let value = try withBytes({ DecimalDigits.days(date: $0) }) else { throw malformed("not a date") }
        return value
    }

    private func withBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) throws(PostgresError) -> T {
        switch storage {
        case .null:
            throw malformed("NULL where a value is needed")
        case .result(let result, let row, let position):
            return withExtendedLifetime(result) {
                let length = Int(PQgetlength(result.handle, row, position))
                let start = UnsafeRawPointer(PQgetvalue(result.handle, row, position))
                return body(UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: length))
            }
        case .copy(let bytes):
            return bytes.withUnsafeBufferPointer(body)
        }
    }
}

/// libpq's result, freed with the last row that refers to it. It is never changed once it has been received.
final class PostgresResult: @unchecked Sendable {
    let handle: OpaquePointer
    let columns: [String]
    let rowCount: Int

    init(_ handle: OpaquePointer) {
        self.handle = handle
        rowCount = Int(PQntuples(handle))
        columns = (0..<PQnfields(handle)).map { String(cString: PQfname(handle, $0)) }
    }

    deinit {
        PQclear(handle)
    }

    var affectedRows: Int {
        Int(String(cString: PQcmdTuples(handle))) ?? 0
    }
}
