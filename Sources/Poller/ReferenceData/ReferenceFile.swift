import Core
import Drivers
import Reference

/// What is wrong in a reference file, and where.
struct FileFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name as it was given.
    let file: String
    /// A line from 1, or a JSON pointer.
    let place: String
    let problem: String

    var description: String { "\(file):\(place): \(problem)" }
}

/// The faults of all files of a command: nothing of it was written.
struct FileFaults: Error, CustomStringConvertible {
    let faults: [FileFault]
    /// Faults that were found and not kept.
    let omitted: Int

    /// The most faults of a file that are kept.
    static let perFile = 1_000

    var description: String {
        let more = omitted > 0 ? ["… and \(omitted) more"] : []
        return (faults.map(\.description) + more).joined(separator: "\n")
    }
}

/// A reference file that was read whole and found right: what `ReferenceLoader` writes.
struct ReferenceFile: Sendable {
    let kind: ReferenceKind
    let path: String
    let checksum: [UInt8]
    let content: Content

    enum Content: Sendable {
        /// A CSV file, read again when it is written.
        case table(ReferenceFormat, MappedFile, header: [String: Int], rows: Int)
        case decks([RateSheet])
        case plans([PlanRow])
        case skus([(classKey: String, sku: String)])
    }

    /// Reads and checks a file.
    /// - Throws: `FileFaults` with every fault, `MappedFile.Failure`.
    init(_ kind: ReferenceKind, path: String) throws {
        if kind == .deck {
            let file = try DeckFile(path: path, format: DeckFormat())
            if let faults = file.faults { throw faults }
            self.init(kind, path: path, checksum: file.checksum, content: .decks(file.imported.sheets))
            return
        }
        let file = try MappedFile(path: path)
        let content: Content
        if let format = ReferenceFormat(kind) {
            var check = TableCheck(format: format, path: path)
            CSVReader(file).forEachLine { check.add($0) }
            let (header, rows) = try check.finished()
            content = .table(format, file, header: header, rows: rows)
        } else {
            let document = try Self.json(file, path: path)
            switch kind {
            case .sku: content = .skus(try SKUFile.read(document, path: path))
            default: content = .plans(try PlanFile.read(document, path: path))
            }
        }
        self.init(kind, path: path, checksum: file.sha256, content: content)
    }

    private init(_ kind: ReferenceKind, path: String, checksum: [UInt8], content: Content) {
        self.kind = kind
        self.path = path
        self.checksum = checksum
        self.content = content
    }

    private static func json(_ file: MappedFile, path: String) throws -> Core.JSONValue {
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: file.withBytes { Array($0) })
        } catch {
            let line = file.withBytes { bytes in bytes.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } } + 1
            throw FileFaults(
                faults: [FileFault(file: path, place: "\(line)", problem: "is not JSON: \(error.message)")], omitted: 0)
        }
    }
}

/// Collects the faults of a CSV file line by line.
private struct TableCheck {
    let format: ReferenceFormat
    let path: String
    private var header: [String: Int]?
    private var faults: [FileFault] = []
    private var faultCount = 0
    private var keys: Set<[String]> = []
    private var rows = 0

    init(format: ReferenceFormat, path: String) {
        self.format = format
        self.path = path
    }

    mutating func add(_ line: Result<CSVReader.Line, CSVReader.Fault>) {
        switch line {
        case .failure(let fault): note(fault.line, fault.problem)
        case .success(let line):
            if let header { check(line, header) } else { readHeader(line) }
        }
    }

    func finished() throws -> (header: [String: Int], rows: Int) {
        guard let header else {
            throw FileFaults(faults: [FileFault(file: path, place: "1", problem: "is empty")], omitted: 0)
        }
        guard faults.isEmpty else { throw FileFaults(faults: faults, omitted: faultCount - faults.count) }
        return (header, rows)
    }

    private mutating func readHeader(_ line: CSVReader.Line) {
        var header: [String: Int] = [:]
        for (position, name) in line.fields.enumerated() {
            if header[name] != nil { note(line.number, "the column \(name) stands twice") }
            header[name] = position
        }
        for column in format.columns where header[column.name] == nil {
            note(line.number, "the column \(column.name) is missing")
        }
        for name in header.keys.sorted() where !format.columns.contains(where: { $0.name == name }) {
            note(line.number, "the column \(name) is not known")
        }
        self.header = header
    }

    private mutating func check(_ line: CSVReader.Line, _ header: [String: Int]) {
        guard line.fields.count == header.count else {
            return note(line.number, "has \(line.fields.count) fields where the header has \(header.count)")
        }
        var texts: [String: String] = [:]
        var isClean = true
        for column in format.columns {
            guard let position = header[column.name] else { continue }
            let text = line.fields[position]
            if text.isEmpty {
                if column.isRequired {
                    note(line.number, "\(column.name) is empty")
                    isClean = false
                }
                continue
            }
            texts[column.name] = text
            if let problem = column.problem(text) {
                note(line.number, "\(column.name) '\(text)' \(problem)")
                isClean = false
            }
        }
        guard isClean else { return }
        for (column, problem) in format.lineProblems(texts) { note(line.number, "\(column) \(problem)") }
        if !keys.insert(format.key.map { texts[$0] ?? "" }).inserted {
            note(line.number, "\(format.key.joined(separator: ", ")) stand in an earlier line")
        }
        rows += 1
    }

    private mutating func note(_ line: Int, _ problem: String) {
        faultCount += 1
        if faults.count < FileFaults.perFile {
            faults.append(FileFault(file: path, place: "\(line)", problem: problem))
        }
    }
}
