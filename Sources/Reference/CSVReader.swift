public import Drivers

/// Reads CSV (RFC 4180) of any size, byte by byte: decks, numbering guides, statements.
///
/// A field may be quoted, and a quoted one may hold separators, line feeds and doubled quotes. Lines end with LF or CRLF; empty
/// ones are skipped; a byte-order mark is skipped. Nothing is trimmed: what an empty field means is the reader's caller's affair.
public struct CSVReader: Sendable {
    /// One record as texts.
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

    private let source: Source
    private let separator: UInt8

    private enum Source: Sendable {
        case file(MappedFile)
        case bytes([UInt8])
    }

    /// A reader of a mapped file; the separator is one ASCII character.
    public init(_ file: MappedFile, separator: Unicode.Scalar = ",") {
        source = .file(file)
        self.separator = UInt8(ascii: separator)
    }

    /// A reader of bytes in memory.
    public init(bytes: [UInt8], separator: Unicode.Scalar = ",") {
        source = .bytes(bytes)
        self.separator = UInt8(ascii: separator)
    }

    /// Hands over every record in order, one that cannot be read as its fault; the first is the header, where there is one.
    public func forEachLine(_ body: (Result<Line, Fault>) throws -> Void) rethrows {
        try forEachRecord { record in
            try body(record.map { Line(number: $0.line, fields: $0.texts) })
        }
    }

    /// Hands over every record as bytes, each only for the length of its call: for files of which no text should be made.
    public func forEachRecord(_ body: (Result<CSVRecord, Fault>) throws -> Void) rethrows {
        switch source {
        case .file(let file): try file.withBytes { try scan($0, body) }
        case .bytes(let bytes): try bytes.withUnsafeBytes { try scan($0, body) }
        }
    }

    /// Lends a cursor over the records, for one who reads several files side by side.
    public func withCursor<Value>(_ body: (inout CSVCursor) throws -> Value) rethrows -> Value {
        func lend(_ bytes: UnsafeRawBufferPointer) throws -> Value {
            var cursor = CSVCursor(bytes: bytes, separator: separator)
            return try body(&cursor)
        }
        switch source {
        case .file(let file): return try file.withBytes(lend)
        case .bytes(let bytes): return try bytes.withUnsafeBytes(lend)
        }
    }

    private func scan(
        _ bytes: UnsafeRawBufferPointer, _ body: (Result<CSVRecord, Fault>) throws -> Void
    ) rethrows {
        var cursor = CSVCursor(bytes: bytes, separator: separator)
        while let record = cursor.next() { try body(record) }
    }
}

/// The fields of one record, where they stand in the file. It must not be kept beyond the call that hands it over.
public struct CSVRecord {
    /// Where the record begins in the file, from 1.
    public let line: Int
    fileprivate let bytes: UnsafeRawBufferPointer
    /// Fields whose doubled quotes were made single ones.
    fileprivate let unquoted: [UInt8]
    fileprivate let places: [Place]

    /// Bytes of the file, or of `unquoted`.
    fileprivate struct Place {
        var start: Int
        var end: Int
        var isUnquoted = false
    }

    /// How many fields there are.
    public var count: Int { places.count }

    /// The bytes of a field (UTF-8), without its quotes.
    public func withField<Value, Failure>(
        _ index: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let place = places[index]
        if place.isUnquoted { return try body(unquoted.span.extracting(place.start..<place.end)) }
        let field = UnsafeRawBufferPointer(rebasing: bytes[place.start..<place.end])
        return try body(field.bindMemory(to: UInt8.self).span)
    }

    /// A field as text.
    public func text(_ index: Int) -> String {
        let place = places[index]
        return place.isUnquoted
            ? String(decoding: unquoted[place.start..<place.end], as: UTF8.self)
            : String(decoding: bytes[place.start..<place.end], as: UTF8.self)
    }

    /// All fields as texts.
    public var texts: [String] { places.indices.map(text) }

    /// Whether no field says anything: what spreadsheets leave below a table.
    public var isBlank: Bool {
        places.allSatisfy { place in
            !place.isUnquoted
                && bytes[place.start..<place.end].allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        }
    }
}

/// The state of reading a file, valid for the call that lends it.
public struct CSVCursor {
    private let bytes: UnsafeRawBufferPointer
    private let separator: UInt8
    private var index = 0
    private var line = 1
    private var places: [CSVRecord.Place] = []
    private var unquoted: [UInt8] = []

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")

    fileprivate init(bytes: UnsafeRawBufferPointer, separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// The next record that is not an empty line.
    public mutating func next() -> Result<CSVRecord, CSVReader.Fault>? {
        while index < bytes.count {
            let start = line
            var problem: String?
            places.removeAll(keepingCapacity: true)
            unquoted.removeAll(keepingCapacity: true)
            while true {
                let fault = field()
                problem = problem ?? fault
                guard index < bytes.count, bytes[index] == separator else { break }
                index += 1
            }
            endLine()
            if let problem { return .failure(CSVReader.Fault(line: start, problem: problem)) }
            if places.count > 1 || places[0].start < places[0].end {
                return .success(CSVRecord(line: start, bytes: bytes, unquoted: unquoted, places: places))
            }
        }
        return nil
    }

    /// A field up to its separator or line end, which is left where it is; what is wrong with it.
    private mutating func field() -> String? {
        if index < bytes.count, bytes[index] == CSVCursor.quote { return quotedField() }
        let start = index
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            if byte == separator || byte == CSVCursor.lineFeed { break }
            isASCII = isASCII && byte < 0x80
            index += 1
        }
        var end = index
        let endsLine = index == bytes.count || bytes[index] == CSVCursor.lineFeed
        if endsLine, end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return keep(.init(start: start, end: end), isASCII: isASCII)
    }

    private mutating func quotedField() -> String? {
        index += 1
        let start = index
        var kept = unquoted.count
        var copied = start
        let copyStart = kept
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == CSVCursor.lineFeed { line += 1 }
            isASCII = isASCII && byte < 0x80
            guard byte == CSVCursor.quote else { continue }
            guard index < bytes.count, bytes[index] == CSVCursor.quote else {
                let end = index - 1
                var place = CSVRecord.Place(start: start, end: end)
                if copied > start {
                    unquoted.append(contentsOf: bytes[copied..<end])
                    kept = unquoted.count
                    place = .init(start: copyStart, end: kept, isUnquoted: true)
                }
                return afterQuote() ?? keep(place, isASCII: isASCII)
            }
            // Up to the first of the two quotes; the second is passed over.
            unquoted.append(contentsOf: bytes[copied..<index])
            index += 1
            copied = index
        }
        places.append(.init(start: start, end: start))
        return "a quoted field does not end"
    }

    /// Behind a closing quote only a separator or the line's end may stand.
    private mutating func afterQuote() -> String? {
        if index < bytes.count, bytes[index] == UInt8(ascii: "\r") { index += 1 }
        var isClean = true
        while index < bytes.count, bytes[index] != separator, bytes[index] != CSVCursor.lineFeed {
            isClean = false
            index += 1
        }
        return isClean ? nil : "text stands behind a closing quote"
    }

    private mutating func endLine() {
        guard index < bytes.count else { return }
        index += 1
        line += 1
    }

    private mutating func keep(_ place: CSVRecord.Place, isASCII: Bool) -> String? {
        places.append(place)
        guard !isASCII else { return nil }
        let isValid =
            place.isUnquoted
            ? String(validating: unquoted[place.start..<place.end], as: UTF8.self) != nil
            : String(validating: bytes[place.start..<place.end], as: UTF8.self) != nil
        return isValid ? nil : "a field is not UTF-8"
    }
}
