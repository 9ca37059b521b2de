import CSimdjson
import Glibc

/// One parsed record: fields by name, straight from the source bytes.
///
/// Of a key that occurs twice the last one counts, as in PostgreSQL's jsonb. Numbers keep their source text.
public struct JSONRecord: Sendable {
    fileprivate let index: JSONIndex
    fileprivate let position: Int

    /// The exact bytes of this record in the body, from `{` to `}`.
    public var rawBytes: ArraySlice<UInt8> { index.rawBytes(position) }

    /// Text, with its escapes resolved.
    public func string(_ key: JSONKey) -> JSONValue<String> {
        field(key).map { field in
            guard field.kind == .string else { return .wrongType(field.kind) }
            return .value(index.string(of: field))
        }
    }

    /// The UTF-8 of text, with its escapes resolved: for parsers that work on bytes.
    public func utf8(_ key: JSONKey) -> JSONValue<ArraySlice<UInt8>> {
        field(key).map { field in
            field.kind == .string ? .value(index.text(of: field)) : .wrongType(field.kind)
        }
    }

    /// A number without fraction and exponent that an Int64 holds; any other number is `.wrongType(.number)`.
    public func integer(_ key: JSONKey) -> JSONValue<Int64> {
        field(key).map { field in
            guard field.kind == .number else { return .wrongType(field.kind) }
            let value = index.bytes(of: field).withUnsafeBufferPointer { digits in
                digits.contains(UInt8(ascii: ".")) ? nil : DecimalDigits.int64(digits)
            }
            return value.map { .value($0) } ?? .wrongType(.number)
        }
    }

    /// A number as it was written: `0.0075`, `1e3`.
    public func number(_ key: JSONKey) -> JSONValue<String> {
        field(key).map { field in
            guard field.kind == .number else { return .wrongType(field.kind) }
            return .value(String(decoding: index.bytes(of: field), as: UTF8.self))
        }
    }

    public func bool(_ key: JSONKey) -> JSONValue<Bool> {
        field(key).map { field in
            field.kind == .bool ? .value(field.isTrue) : .wrongType(field.kind)
        }
    }

    /// An object, as a record of its own.
    public func object(_ key: JSONKey) -> JSONValue<JSONRecord> {
        field(key).map { field in
            guard field.kind == .object else { return .wrongType(field.kind) }
            let nested = JSONIndex(Array(index.bytes(of: field)), JSONLimits())
            return .value(JSONRecord(index: nested, position: 0))
        }
    }

    /// The source bytes of a value of any type, null too; text with its quotes. Nil when the key is absent.
    public func raw(_ key: JSONKey) -> ArraySlice<UInt8>? {
        switch field(key) {
        case .value(let field): index.bytes(of: field, withQuotes: true)
        case .null: Array("null".utf8)[...]
        case .absent, .wrongType: nil
        }
    }

    /// Whether the key is there and its value is null.
    public func isNull(_ key: JSONKey) -> Bool {
        if case .null = field(key) { return true }
        return false
    }

    /// Whether the key is there, with any value.
    public func contains(_ key: JSONKey) -> Bool {
        if case .absent = field(key) { return false }
        return true
    }

    /// The keys in the order of the source, escapes resolved, repeats included.
    public var keys: [String] {
        index.fields(of: position).map { String(decoding: index.key(of: $0), as: UTF8.self) }
    }

    /// Keys that occur more than once.
    public var duplicateKeys: [String] {
        var seen: Set<String> = []
        var repeated: [String] = []
        for key in keys where !seen.insert(key).inserted && !repeated.contains(key) { repeated.append(key) }
        return repeated
    }

    private func field(_ key: JSONKey) -> JSONValue<JSONIndex.Field> {
        guard let found = index.field(key, of: position) else { return .absent }
        return found.kind == .null ? .null : .value(found)
    }
}

/// The name of a field. A static one costs nothing at each look-up.
public struct JSONKey: Sendable, ExpressibleByStringLiteral {
    /// The name as it was given.
    public let name: String
    /// The first 8 bytes as they lie in memory, filled up with zeros.
    let prefix: UInt64
    /// The 16 bytes behind them, in the same way.
    let middle: (UInt64, UInt64)
    /// How many bytes there are, and those that stand behind all of these.
    let length: Int
    let tail: [UInt8]

    private static let inline = 24

    public init(_ name: String) {
        self.name = name
        let bytes = Array(name.utf8)
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes.prefix(JSONKey.inline)) }
        prefix = words.0
        middle = (words.1, words.2)
        length = bytes.count
        tail = Array(bytes.dropFirst(JSONKey.inline))
    }

    /// Whether these bytes are the name's behind its first eight.
    func hasTail(_ bytes: UnsafeRawBufferPointer) -> Bool {
        withUnsafeBytes(of: middle) { own in
            guard let theirs = bytes.baseAddress, let ours = own.baseAddress else { return length <= 8 }
            guard bytes.count > own.count else { return memcmp(theirs, ours, bytes.count) == 0 }
            return memcmp(theirs, ours, own.count) == 0 && bytes[own.count...].elementsEqual(tail)
        }
    }

    public init(stringLiteral name: String) {
        self.init(name)
    }
}

/// What a record says under a key.
public enum JSONValue<Value> {
    case absent
    case null
    case value(Value)
    case wrongType(JSONKind)

    /// The value, or nil for whatever else is there.
    public var value: Value? {
        if case .value(let value) = self { return value }
        return nil
    }

    func map<Other>(_ transform: (Value) -> JSONValue<Other>) -> JSONValue<Other> {
        switch self {
        case .absent: .absent
        case .null: .null
        case .value(let value): transform(value)
        case .wrongType(let kind): .wrongType(kind)
        }
    }
}

extension JSONValue: Sendable where Value: Sendable {}
extension JSONValue: Equatable where Value: Equatable {}

/// The types of JSON.
public enum JSONKind: String, Sendable {
    case null, bool, number, string, object, array
}

/// How much one body may hold.
public struct JSONLimits: Sendable {
    public var maxBytes: Int
    public var maxDepth: Int
    public var maxFieldsPerRecord: Int

    public init(maxBytes: Int = 64 * 1_024 * 1_024, maxDepth: Int = 16, maxFieldsPerRecord: Int = 512) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxFieldsPerRecord = maxFieldsPerRecord
    }
}

/// What is wrong with a body or a record, and where.
public struct JSONFault: Error, Sendable, Equatable {
    public enum Reason: String, Sendable {
        case empty = "EMPTY"
        case malformed = "MALFORMED_JSON"
        case invalidUTF8 = "INVALID_UTF8"
        case tooLarge = "TOO_LARGE"
        case tooDeep = "TOO_DEEP"
        case notAnObject = "NOT_AN_OBJECT"
        /// A word or number that JSON does not have: `tru`, `01`, `NaN`.
        case badValue = "BAD_VALUE"
        /// `\q`, or half of a surrogate pair.
        case badEscape = "BAD_ESCAPE"
        /// `\u0000`, which PostgreSQL can't keep.
        case nulCharacter = "NUL_CHARACTER"
        /// A number of more than 400 characters or beyond 10^400.
        case numberOutOfRange = "NUMBER_OUT_OF_RANGE"
        case tooManyFields = "TOO_MANY_FIELDS"
    }

    public let reason: Reason
    /// Bytes from the start of the body.
    public let offset: Int
}

/// The records of one body: a single object, an array of objects, or objects on lines (NDJSON).
///
/// In an array, what breaks its framing (brackets, commas, quotes, UTF-8) makes the whole body malformed; what is wrong
/// inside one record breaks that record only. Of lines each stands for itself.
public struct JSONRecords: RandomAccessCollection, Sendable {
    public enum Form: Sendable {
        case object, array, lines
    }

    /// One record of a body, readable or not.
    public enum Element: Sendable {
        case record(JSONRecord)
        case broken(JSONFault, rawBytes: ArraySlice<UInt8>)
    }

    public let form: Form
    private let index: JSONIndex

    /// The records of a body; throws when it has none that can be told apart.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONFault) {
        guard bytes.count <= Swift.min(limits.maxBytes, Int(UInt32.max) - 64) else {
            throw JSONFault(reason: .tooLarge, offset: limits.maxBytes)
        }
        index = JSONIndex(bytes, limits)
        form = index.form
        if let fault = index.bodyFault { throw fault }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { index.recordCount }

    public subscript(position: Int) -> Element {
        if let fault = index.fault(of: position) {
            return .broken(fault, rawBytes: index.rawBytes(position))
        }
        return .record(JSONRecord(index: index, position: position))
    }
}
