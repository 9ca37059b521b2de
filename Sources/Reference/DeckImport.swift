public import Core

/// A rate deck read from CSV: its rows, and everything that is wrong with it. A pure function of the bytes and the format.
///
/// `DeckImport(CSVReader(file), format)` reads and checks; `DeckDiff(from:to:today:)` compares what it found with what is in force, and
/// `RateSheet.deck` is what calls are rated by.
public struct DeckImport: Sendable {
    /// The decks of the file by name, without the lines that have faults.
    public let sheets: [RateSheet]
    /// Faults by line, at most `keptFaults`.
    public let faults: [CSVReader.Fault]
    /// Faults that were found and not kept.
    public let omitted: Int
    /// Whether rows were read: false where the header has faults.
    public let isReadable: Bool
    /// Lines with rows, bad ones included.
    public let lines: Int
    /// Lines with faults.
    public let badLines: Int
    /// Titles of columns that were passed over.
    public let passedOver: [String]

    /// The most faults that are kept.
    public static let keptFaults = 1_000

    /// Reads a whole file.
    public init(_ reader: CSVReader, _ format: DeckFormat) {
        var lines = DeckLines(format)
        reader.forEachRecord { lines.add($0) }
        lines.finish()
        sheets = lines.sheets
        faults = lines.faults.sorted { $0.line < $1.line }
        omitted = lines.faultCount - lines.faults.count
        isReadable = lines.row != nil
        self.lines = lines.lineCount
        badLines = lines.badLines.count
        passedOver = lines.row?.header.passedOver ?? []
    }
}

/// Takes the records of a file one by one.
private struct DeckLines {
    private(set) var sheets: [RateSheet] = []
    private(set) var faults: [CSVReader.Fault] = []
    private(set) var faultCount = 0
    private(set) var lineCount = 0
    private(set) var badLines: Set<Int> = []
    /// Nil before the header, and where that has faults.
    private(set) var row: DeckRowReader?

    private let format: DeckFormat
    private var hasHeader = false
    private var places: [String: Int] = [:]
    private var lastDeck = 0

    init(_ format: DeckFormat) {
        self.format = format
    }

    mutating func add(_ record: Result<CSVRecord, CSVReader.Fault>) {
        switch record {
        case .success(let record):
            guard record.line > format.skipLines, !record.isBlank else { return }
            if hasHeader { read(record) } else { readHeader(record) }
        case .failure(let fault):
            guard fault.line > format.skipLines else { return }
            note(fault.line, fault.problem)
        }
    }

    /// Sorts, and looks for prefixes that stand twice.
    mutating func finish() {
        guard hasHeader else { return note(1, "is empty") }
        if row != nil, lineCount == 0, format.deck != nil { note(1, "has no rows") }
        for place in sheets.indices {
            sheets[place].sort()
            let rows = sheets[place].rows
            var repeated: Set<Int> = []
            var first = 0
            for index in rows.indices.dropFirst() {
                let (row, earlier) = (rows[index], rows[first])
                guard row.scope == earlier.scope, row.prefix == earlier.prefix, row.effective == earlier.effective
                else {
                    first = index
                    continue
                }
                repeated.insert(index)
                note(
                    Int(row.line),
                    "prefix \(row.prefix.text) from \(row.effective.text) stands in line \(earlier.line) already")
            }
            sheets[place].removeRows(at: repeated)
        }
    }

    private mutating func readHeader(_ record: CSVRecord) {
        hasHeader = true
        let header = DeckHeader(record.texts, format)
        for problem in header.problems { note(record.line, problem) }
        guard header.problems.isEmpty else { return }
        row = DeckRowReader(header, format)
        if let deck = format.deck { sheets = [RateSheet(name: deck)] }
    }

    private mutating func read(_ record: CSVRecord) {
        guard row != nil else { return }
        lineCount += 1
        row?.read(record)
        guard let row else { return }
        guard row.problems.isEmpty else {
            for problem in row.problems { note(record.line, problem) }
            return
        }
        if let name = row.deck { select(name) }
        for prefix in row.prefixes {
            sheets[lastDeck].append(
                RateDeck.Entry(
                    scope: row.scope, prefix: prefix, row: row.rates, effective: row.effective, end: row.end),
                line: record.line)
        }
    }

    private mutating func select(_ name: String) {
        if sheets.isEmpty || sheets[lastDeck].name != name {
            lastDeck = places[name] ?? sheets.count
            places[name] = lastDeck
            if lastDeck == sheets.count { sheets.append(RateSheet(name: name)) }
        }
    }

    private mutating func note(_ line: Int, _ problem: String) {
        faultCount += 1
        badLines.insert(line)
        if faults.count < DeckImport.keptFaults { faults.append(CSVReader.Fault(line: line, problem: problem)) }
    }
}
