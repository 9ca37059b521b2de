/// A JSON value. Numbers stay as they are written.
public enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The member of that name; null where there is none.
    public subscript(_ name: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members[name] ?? .null
    }

    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    public var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    public var elements: [JSON] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    public var members: [String: JSON] {
        guard case .object(let members) = self else { return [:] }
        return members
    }

    var isTrue: Bool { self == .bool(true) }

    /// A decimal that is written as a string; nil for everything else.
    var decimal: Rational? { string.flatMap(Rational.init(decimal:)) }

    static func integer(_ value: Int?) -> JSON { value.map { .number(String($0)) } ?? .null }
    static func text(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    static func decimal(_ value: Rational?, _ places: Int) -> JSON { text(value?.text(places)) }
    static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map(JSON.string)) }
    /// A set as G5 prints it: unique, sorted by ASCII.
    static func flags(_ flags: Set<String>) -> JSON {
        strings(flags.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }

    /// Compact text, members sorted by name.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + $0.value.text }
                .joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// What is wrong with a text that should be JSON.
public struct JSONFault: Error {
    let position: Int
}

extension JSON {
    public init(parsing text: String) throws {
        var reader = JSONReader(bytes: Array(text.utf8))
        self = try reader.value()
        reader.skipBlanks()
        guard reader.position == reader.bytes.count else { throw JSONFault(position: reader.position) }
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    mutating func skipBlanks() {
        while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
    }

    mutating func take(_ word: String) -> Bool {
        let wanted = Array(word.utf8)
        guard position + wanted.count <= bytes.count, Array(bytes[position..<position + wanted.count]) == wanted
        else { return false }
        position += wanted.count
        return true
    }

    mutating func value() throws -> JSON {
        skipBlanks()
        if take("null") { return .null }
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        guard position < bytes.count else { throw JSONFault(position: position) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "{"): return try object()
        default: return try number()
        }
    }

    private mutating func number() throws -> JSON {
        let start = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
        guard position > start else { throw JSONFault(position: position) }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func array() throws -> JSON {
        position += 1
        var elements: [JSON] = []
        skipBlanks()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value())
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw JSONFault(position: position) }
        }
    }

    private mutating func object() throws -> JSON {
        position += 1
        var members: [String: JSON] = [:]
        skipBlanks()
        if take("}") { return .object([:]) }
        while true {
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw JSONFault(position: position)
            }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw JSONFault(position: position) }
            members[name] = try value()
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { throw JSONFault(position: position) }
        }
    }

    private mutating func string() throws -> String {
        position += 1
        var units: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: units, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "b"): units.append(8)
            case UInt8(ascii: "f"): units.append(12)
            case UInt8(ascii: "n"): units.append(10)
            case UInt8(ascii: "r"): units.append(13)
            case UInt8(ascii: "t"): units.append(9)
            case UInt8(ascii: "u"): units.append(contentsOf: try escapedScalar())
            default: units.append(escape)
            }
        }
        throw JSONFault(position: position)
    }

    /// The UTF-8 of `XXXX` or of `XXXX\uXXXX`, a surrogate pair.
    private mutating func escapedScalar() throws -> [UInt8] {
        var units = [try codeUnit()]
        if (0xD800..<0xDC00).contains(units[0]), take("\\u") { units.append(try codeUnit()) }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    private mutating func codeUnit() throws -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw JSONFault(position: position) }
        position += 4
        return unit
    }
}
