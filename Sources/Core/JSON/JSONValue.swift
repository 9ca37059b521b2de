/// A parsed JSON document: for plans, configuration and test cases. Records have faster readers.
///
/// Numbers keep their text, so that 1, 1.0 and 6.5 stay told apart and no amount passes through a binary float.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The digits as written.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Fields in order of appearance; of a repeated name the last counts.
    case object([Field])

    /// A field of an object.
    public struct Field: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: JSONValue

        /// A field.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Why bytes are no JSON document.
    public struct ParsingError: Error, Hashable, Sendable {
        /// The byte at which the parser stopped.
        public let offset: Int
        /// A sentence.
        public let message: String
    }

    /// The document in these bytes (UTF-8), at most 128 levels deep.
    public init(parsing bytes: some Sequence<UInt8>) throws(ParsingError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    /// The document in this text.
    public init(parsing text: String) throws(ParsingError) {
        try self.init(parsing: Array(text.utf8))
    }
}

extension JSONValue {
    /// The value of an object's field; nil where there is none.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.last { $0.name == name }?.value
    }

    /// The fields of an object, each name once.
    public var fields: [Field]? {
        guard case .object(let fields) = self else { return nil }
        guard Set(fields.map(\.name)).count < fields.count else { return fields }
        var last: [String: Int] = [:]
        for (index, field) in fields.enumerated() { last[field.name] = index }
        return fields.enumerated().filter { last[$1.name] == $0 }.map(\.element)
    }

    /// The elements of an array.
    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The text of a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number that is written as one, without point or exponent.
    public var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The truth value.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// Whether it is null.
    public var isNull: Bool { self == .null }

    /// Writes the value as it is.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let text): writer.raw(text.utf8)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.array { writer in for element in elements { element.write(to: &writer) } }
        case .object(let fields):
            writer.object { writer in
                for field in fields {
                    writer.key(field.name)
                    field.value.write(to: &writer)
                }
            }
        }
    }

    /// The same bytes for the same JSON value (rule G8): names sorted, no white space, numbers in one form.
    public var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        canonical.write(to: &writer)
        return writer.bytes
    }

    private var canonical: JSONValue {
        switch self {
        case .null, .bool, .string: self
        case .number(let text): .number(CanonicalNumber.text(of: text))
        case .array(let elements): .array(elements.map(\.canonical))
        case .object:
            .object(
                (fields ?? []).sorted { $0.name < $1.name }.map { Field(name: $0.name, value: $0.value.canonical) })
        }
    }
}

/// One text for all texts of a number: 1, 1.0 and 10e-1 are the same value.
enum CanonicalNumber {
    static func text(of number: String) -> String {
        var mantissa = number
        var exponent = 0
        if let mark = number.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            mantissa = String(number[..<mark])
            guard let written = Int(number[number.index(after: mark)...].drop { $0 == "+" }) else { return number }
            exponent = written
        }
        let isNegative = mantissa.hasPrefix("-")
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        var digits = (parts[0] + fraction).drop { $0 == "0" }
        exponent -= fraction.count
        while digits.last == "0" {
            digits.removeLast()
            exponent += 1
        }
        guard !digits.isEmpty else { return "0" }
        let sign = isNegative ? "-" : ""
        if exponent == 0 { return sign + digits }
        return "\(sign)\(digits)e\(exponent)"
    }
}
