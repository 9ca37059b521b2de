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
