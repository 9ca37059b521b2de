import CSimdjson

/// A body's bytes and the index that the C++ side has made of them. Neither changes afterwards, so any thread may read.
final class JSONIndex: @unchecked Sendable {
    typealias Field = warp_json_field
    /// A field where it lies: as long as the index is there.
    typealias FieldPointer = UnsafePointer<warp_json_field>

    let body: [UInt8]
    private let index: warp_json_index

    init(_ bytes: [UInt8], _ limits: JSONLimits) {
        body = bytes
        index = bytes.withUnsafeBufferPointer {
            warp_json_index_make(
                $0.baseAddress, $0.count, UInt32(limits.maxDepth), UInt32(limits.maxFieldsPerRecord))
        }
        precondition(index.fault != UInt32(WARP_JSON_NO_MEMORY), "out of memory")
    }

    deinit {
        warp_json_index_free(index)
    }

    var recordCount: Int { index.record_count }

    var form: JSONRecords.Form {
        switch Int(index.form) {
        case WARP_JSON_FORM_ARRAY: .array
        case WARP_JSON_FORM_LINES: .lines
        default: .object
        }
    }

    var bodyFault: JSONFault? { JSONFault(code: index.fault, offset: index.fault_offset) }

    func fault(of position: Int) -> JSONFault? {
        let record = record(position)
        return JSONFault(code: record.fault, offset: Int(record.fault_offset))
    }

    func rawBytes(_ position: Int) -> ArraySlice<UInt8> {
        let record = record(position)
        return body[Int(record.offset)..<Int(record.offset + record.length)]
    }

    func fields(of position: Int) -> UnsafeBufferPointer<Field> {
        let record = record(position)
        return UnsafeBufferPointer(
            start: index.fields?.advanced(by: Int(record.first_field)), count: Int(record.field_count))
    }

    /// The last field of that name.
    func field(_ key: JSONKey, of position: Int) -> FieldPointer? {
        let fields = fields(of: position)
        let found = fields.lastIndex { field in
            field.key_has_escape == 0 ? key.matches(field, in: self) : self.key(of: field).elementsEqual(key.name.utf8)
        }
        return found.flatMap { fields.baseAddress?.advanced(by: $0) }
    }

    /// A key, escapes resolved.
    func key(of field: Field) -> ArraySlice<UInt8> {
        let bytes = body[Int(field.key_offset)..<Int(field.key_offset + field.key_length)]
        return field.key_has_escape == 0 ? bytes : JSONEscapes.resolved(bytes)
    }

    /// A string's text, escapes resolved.
    func text(of field: Field) -> ArraySlice<UInt8> {
        field.value_has_escape == 0 ? bytes(of: field) : JSONEscapes.resolved(bytes(of: field))
    }

    /// Hands over a string's text, escapes resolved.
    @inline(__always)
    func withText<Result>(of field: Field, _ read: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        guard field.value_has_escape == 0 else { return text(of: field).withUnsafeBufferPointer(read) }
        return body.withUnsafeBufferPointer { bytes in
            let start = Int(field.value_offset)
            return read(UnsafeBufferPointer(rebasing: bytes[start..<start + Int(field.value_length)]))
        }
    }

    /// A string's text as a String.
    @inline(__always)
    func string(of field: Field) -> String {
        withText(of: field) { String(decoding: $0, as: UTF8.self) }
    }

    /// A value's source.
    func bytes(of field: Field, withQuotes: Bool = false) -> ArraySlice<UInt8> {
        let quote = withQuotes && field.kind == .string ? 1 : 0
        return body[Int(field.value_offset) - quote..<Int(field.value_offset + field.value_length) + quote]
    }

    private func record(_ position: Int) -> warp_json_record {
        precondition(position >= 0 && position < index.record_count, "no such record")
        return index.records[position]
    }
}

extension warp_json_field {
    var isTrue: Bool { Int(type) == WARP_JSON_TRUE }

    @inline(__always)
    var kind: JSONKind {
        switch Int(type) {
        case WARP_JSON_NULL: .null
        case WARP_JSON_FALSE, WARP_JSON_TRUE: .bool
        case WARP_JSON_NUMBER: .number
        case WARP_JSON_STRING: .string
        case WARP_JSON_OBJECT: .object
        default: .array
        }
    }
}

extension JSONFault {
    /// Nil for WARP_JSON_OK.
    fileprivate init?(code: UInt32, offset: Int) {
        switch Int(code) {
        case WARP_JSON_OK: return nil
        case WARP_JSON_EMPTY: self.init(reason: .empty, offset: offset)
        case WARP_JSON_INVALID_UTF8: self.init(reason: .invalidUTF8, offset: offset)
        case WARP_JSON_TOO_DEEP: self.init(reason: .tooDeep, offset: offset)
        case WARP_JSON_NOT_OBJECT: self.init(reason: .notAnObject, offset: offset)
        case WARP_JSON_BAD_VALUE: self.init(reason: .badValue, offset: offset)
        case WARP_JSON_BAD_ESCAPE: self.init(reason: .badEscape, offset: offset)
        case WARP_JSON_NUL: self.init(reason: .nulCharacter, offset: offset)
        case WARP_JSON_NUMBER_RANGE: self.init(reason: .numberOutOfRange, offset: offset)
        case WARP_JSON_TOO_MANY_FIELDS: self.init(reason: .tooManyFields, offset: offset)
        default: self.init(reason: .malformed, offset: offset)
        }
    }
}
