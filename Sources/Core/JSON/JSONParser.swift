/// A strict parser of RFC 8259 over one buffer.
struct JSONParser {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private static let maximumDepth = 128

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONValue.ParsingError) -> JSONValue {
        skipBlanks()
        let value = try value()
        skipBlanks()
        guard index == bytes.count else { throw failure("text behind the document") }
        return value
    }

    private func failure(_ message: String) -> JSONValue.ParsingError {
        JSONValue.ParsingError(offset: index, message: message)
    }

    private mutating func skipBlanks() {
        while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func value() throws(JSONValue.ParsingError) -> JSONValue {
        guard index < bytes.count else { throw failure("the document ends too early") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONValue.ParsingError) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw failure("no JSON value") }
        index += word.utf8.count
        return value
    }

    private mutating func object() throws(JSONValue.ParsingError) -> JSONValue {
        try enter()
        var fields: [JSONValue.Field] = []
        skipBlanks()
        if take("}") { return leave(.object(fields)) }
        while true {
            skipBlanks()
            let name = try string()
            skipBlanks()
            guard take(":") else { throw failure("a colon is missing") }
            skipBlanks()
            fields.append(JSONValue.Field(name: name, value: try value()))
            skipBlanks()
            if take("}") { return leave(.object(fields)) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func array() throws(JSONValue.ParsingError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return leave(.array(elements)) }
        while true {
            skipBlanks()
            elements.append(try value())
            skipBlanks()
            if take("]") { return leave(.array(elements)) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func enter() throws(JSONValue.ParsingError) {
        depth += 1
        guard depth <= JSONParser.maximumDepth else { throw failure("nested too deeply") }
        index += 1
    }

    private mutating func leave(_ value: JSONValue) -> JSONValue {
        depth -= 1
        return value
    }

    private mutating func number() throws(JSONValue.ParsingError) -> String {
        let start = index
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() throws(JSONValue.ParsingError) {
        let start = index
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        guard index > start else { throw failure("no JSON value") }
    }

    private mutating func string() throws(JSONValue.ParsingError) -> String {
        guard take("\"") else { throw failure("a quote is missing") }
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw failure("no UTF-8") }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: try escape())
            case 0..<0x20:
                throw failure("a control character in a text")
            default:
                text.append(byte)
            }
        }
        throw failure("a text does not end")
    }

    private mutating func escape() throws(JSONValue.ParsingError) -> [UInt8] {
        guard index < bytes.count else { throw failure("a text does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try unicodeScalar()).utf8)
        default: throw failure("an unknown escape")
        }
    }

    /// The scalar of `XXXX`, or of a surrogate pair; a lone surrogate becomes the replacement character.
    private mutating func unicodeScalar() throws(JSONValue.ParsingError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard first < 0xDC00, bytes[index...].starts(with: "\\u".utf8) else { return replacement }
        let mark = index
        index += 2
        let second = try codeUnit()
        guard (0xDC00..<0xE000).contains(second) else {
            index = mark
            return replacement
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? replacement
    }

    private mutating func codeUnit() throws(JSONValue.ParsingError) -> UInt32 {
        guard index + 4 <= bytes.count else { throw failure("an escape is cut off") }
        var unit: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = ASCII.hexValue(byte) else { throw failure("an unknown escape") }
            unit = unit << 4 | UInt32(digit)
        }
        index += 4
        return unit
    }
}
