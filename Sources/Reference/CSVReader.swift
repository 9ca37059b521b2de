public import Drivers

/// Reads CSV (RFC 4180) of any size, byte by byte, from a mapped file: decks, numbering guides, statements.
///
/// A field may be quoted, and a quoted one may hold separators, line feeds and doubled quotes. Lines end with LF or CRLF; empty
/// ones are skipped; a byte-order mark is skipped. Nothing is trimmed: what an empty field means is the reader's caller's affair.
public struct CSVReader: Sendable {
    /// One record.
    public struct Line: Sendable, Hashable {
        /// Where it begins in the file, from 1.
        public let number: Int
        /// Its fields in order, without their quotes.
        public let fields: [String]
    }

    /// A record that cannot be read; those behind it can.
    public struct Fault: Error, Sendable, Hashable {
        /// Where the record begins in the file, from 1.
        public let line: Int
        /// What is wrong, as a person should read it.
        public let problem: String
    }

    private let file: MappedFile
    private let separator: UInt8

    /// A reader of a mapped file; the separator is one ASCII character.
    public init(_ file: MappedFile, separator: Unicode.Scalar = ",") {
        self.file = file
        self.separator = UInt8(ascii: separator)
    }

    /// Hands over every record in order, one that cannot be read as its fault; the first is the header, where there is one.
    public func forEachLine(_ body: (Result<Line, Fault>) throws -> Void) rethrows {
        try file.withBytes { bytes in
            var scanner = CSVScanner(bytes: bytes, separator: separator)
            while let line = scanner.next() { try body(line) }
        }
    }
}

/// The state of reading a file.
private struct CSVScanner {
    let bytes: UnsafeRawBufferPointer
    let separator: UInt8
    var index = 0
    var line = 1

    init(bytes: UnsafeRawBufferPointer, separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// The next record that is not an empty line.
    mutating func next() -> Result<CSVReader.Line, CSVReader.Fault>? {
        while index < bytes.count {
            let start = line
            var fields: [String] = []
            var problem: String?
            while true {
                let (field, fault) = field()
                fields.append(field)
                problem = problem ?? fault
                guard index < bytes.count, bytes[index] == separator else { break }
                index += 1
            }
            endLine()
            if let problem { return .failure(CSVReader.Fault(line: start, problem: problem)) }
            if fields != [""] { return .success(CSVReader.Line(number: start, fields: fields)) }
        }
        return nil
    }

    /// A field up to its separator or line end, which is left where it is.
    private mutating func field() -> (String, String?) {
        if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { return quotedField() }
        let start = index
        while index < bytes.count, bytes[index] != separator, bytes[index] != UInt8(ascii: "\n") { index += 1 }
        var end = index
        let endsLine = index == bytes.count || bytes[index] == UInt8(ascii: "\n")
        if endsLine, end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return text(bytes[start..<end])
    }

    private mutating func quotedField() -> (String, String?) {
        index += 1
        var content: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "\"") else {
                content.append(byte)
                continue
            }
            guard index < bytes.count, bytes[index] == byte else { return afterQuote(content) }
            content.append(byte)
            index += 1
        }
        return ("", "a quoted field does not end")
    }

    /// Behind a closing quote only a separator or the line's end may stand.
    private mutating func afterQuote(_ content: [UInt8]) -> (String, String?) {
        if index < bytes.count, bytes[index] == UInt8(ascii: "\r") { index += 1 }
        var isClean = true
        while index < bytes.count, bytes[index] != separator, bytes[index] != UInt8(ascii: "\n") {
            isClean = false
            index += 1
        }
        return isClean ? text(content) : ("", "text stands behind a closing quote")
    }

    private mutating func endLine() {
        guard index < bytes.count else { return }
        index += 1
        line += 1
    }

    private func text(_ content: some Collection<UInt8>) -> (String, String?) {
        guard let text = String(validating: content, as: UTF8.self) else { return ("", "a field is not UTF-8") }
        return (text, nil)
    }
}
