/// One parsed record: fields by name, straight from the source bytes.
///
/// Of a key that occurs twice the last one counts, as in PostgreSQL's jsonb. Numbers keep their source text. Where many names are
/// looked for, `fields(_:)` finds them all at once.
public struct JSONRecord: Sendable {
    let index: JSONIndex
    let position: Int

    /// The exact bytes of this record in the body, from `{` to `}`.
    public var rawBytes: ArraySlice<UInt8> { index.rawBytes(position) }

    /// Text, with its escapes resolved.
    public func string(_ key: JSONKey) -> JSONValue<String> { index.string(field(key)) }

    /// The UTF-8 of text, with its escapes resolved: for parsers that work on bytes.
    public func utf8(_ key: JSONKey) -> JSONValue<ArraySlice<UInt8>> { index.utf8(field(key)) }

    /// A number without fraction and exponent that an Int64 holds; any other number is `.wrongType(.number)`.
    public func integer(_ key: JSONKey) -> JSONValue<Int64> { index.integer(field(key)) }

    /// A number as it was written: `0.0075`, `1e3`.
    public func number(_ key: JSONKey) -> JSONValue<String> { index.number(field(key)) }

    public func bool(_ key: JSONKey) -> JSONValue<Bool> { index.bool(field(key)) }

    /// An object, as a record of its own.
    public func object(_ key: JSONKey) -> JSONValue<JSONRecord> {
        index.read(field(key), as: .object) { field in
            JSONRecord(index: JSONIndex(Array(index.bytes(of: field)), JSONLimits()), position: 0)
        }
    }

    /// The source bytes of a value of any type, null too; text with its quotes. Nil when the key is absent.
    public func raw(_ key: JSONKey) -> ArraySlice<UInt8>? {
        field(key).map { index.bytes(of: $0.pointee, withQuotes: true) }
    }

    /// Whether the key is there and its value is null.
    public func isNull(_ key: JSONKey) -> Bool { field(key)?.pointee.kind == .null }

    /// Whether the key is there, with any value.
    public func contains(_ key: JSONKey) -> Bool { field(key) != nil }

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

    /// The fields that have these names.
    public func fields(_ names: JSONNames) -> JSONFields { JSONFields(of: self, named: names) }

    private func field(_ key: JSONKey) -> JSONIndex.FieldPointer? { index.field(key, of: position) }
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
