/// What a record says in a field; nil is a field that is not there.
extension JSONIndex {
    func string(_ field: FieldPointer?) -> JSONValue<String> {
        read(field, as: .string) { string(of: $0) }
    }

    func utf8(_ field: FieldPointer?) -> JSONValue<ArraySlice<UInt8>> {
        read(field, as: .string) { text(of: $0) }
    }

    func integer(_ field: FieldPointer?) -> JSONValue<Int64> {
        let value = read(field, as: .number) { field in
            bytes(of: field).withUnsafeBufferPointer { digits in
                digits.contains(UInt8(ascii: ".")) ? nil : DecimalDigits.int64(digits)
            }
        }
        return value.map { $0.map { .value($0) } ?? .wrongType(.number) }
    }

    func number(_ field: FieldPointer?) -> JSONValue<String> {
        read(field, as: .number) { String(decoding: bytes(of: $0), as: UTF8.self) }
    }

    func bool(_ field: FieldPointer?) -> JSONValue<Bool> {
        read(field, as: .bool) { $0.isTrue }
    }

    /// The value of a field of that kind.
    @inline(__always)
    func read<Value>(_ field: FieldPointer?, as kind: JSONKind, _ value: (Field) -> Value) -> JSONValue<Value> {
        guard let field else { return .absent }
        let found = field.pointee.kind
        if found == kind { return .value(value(field.pointee)) }
        return found == .null ? .null : .wrongType(found)
    }
}
