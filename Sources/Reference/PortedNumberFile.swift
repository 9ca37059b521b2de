public import Core
import Drivers

/// A table of ported numbers as a mapped file: any number of rows at 14 bytes each, of which only what is looked up is in memory.
///
/// Layout, integers with their lowest byte first: a header of 64 bytes (magic, format, row length, rows, source, SHA-256), the rows
/// sorted by number and time (`PortedRow`), then the index by exchange. The checksum is of all that follows the header, then of the
/// header's first half, which comes last because it is known last. A file is never changed: the next one takes its place, and whoever has mapped it keeps the old one.
public final class PortedNumberFile: PortedRows {
    /// Why a file is not used.
    public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// It begins with something else.
        case notPortedNumbers(path: String)
        /// Another release wrote it.
        case otherFormat(path: String, format: UInt32)
        /// It is shorter or longer than its header says.
        case wrongLength(path: String, bytes: Int, expected: Int)
        /// Its checksum, or its index, is wrong.
        case damaged(path: String)
        /// It was made of another load.
        case otherSource(path: String, source: Int64)

        /// What is wrong, as a person should read it.
        public var description: String {
            switch self {
            case .notPortedNumbers(let path): "\(path) is no file of ported numbers"
            case .otherFormat(let path, let format): "\(path) has format \(format), this release reads \(Header.format)"
            case .wrongLength(let path, let bytes, let expected):
                "\(path) has \(bytes) bytes, its header says \(expected): it was cut off or added to"
            case .damaged(let path): "\(path) is damaged: its checksum is wrong"
            case .otherSource(let path, let source): "\(path) was made of load \(source)"
            }
        }
    }

    /// How many rows there are.
    public let count: Int
    private let file: MappedFile
    private let index: ExchangeIndex

    /// Maps a file, after it was read once and found whole.
    /// - Parameter source: what it must have been made of, such as a load's number.
    /// - Throws: `Fault`, `MappedFile.Failure`.
    public init(path: String, source: Int64) throws {
        let file = try MappedFile(path: path)
        let header = try file.withBytes { try Header($0, path: path) }
        guard header.source == source else { throw Fault.otherSource(path: path, source: header.source) }
        self.file = file
        count = header.rows
        index = try file.withBytes { try header.checkedIndex($0, path: path) }
    }

    /// The table, for look-ups.
    public var numbers: PortedNumbers { PortedNumbers(index: index, rows: self) }

    /// The rows as they are mapped.
    public var bytes: UnsafeRawBufferPointer {
        file.withBytes {
            UnsafeRawBufferPointer(rebasing: $0[Header.length..<Header.length + count * PortedRow.length])
        }
    }
}

extension PortedNumberFile {
    /// Writes a file row by row.
    public struct Writer: ~Copyable {
        private let file: DurableFile.Draft
        private let path: String
        private var table = PortedTable()
        private var rows = 0
        private var hash: SHA256

        /// A writer of the file of this path, which is there once `finish` has returned.
        public init(path: String) throws {
            let file = try DurableFile.Draft(of: path)
            try file.append([UInt8](repeating: 0, count: Header.length))
            self.file = file
            self.path = path
            hash = SHA256()
        }

        /// Adds ports in the order of numbers, then instants; of two with the same number and instant the later one counts.
        /// - Throws: `ReferenceFault` for one out of order.
        public mutating func append(_ ports: [PortedNumbers.Port]) throws {
            for port in ports {
                guard table.append(port) else {
                    throw ReferenceFault(place: path, problem: "ported numbers are written in order")
                }
            }
            let settled = table.settledRows()
            try write(settled)
        }

        /// Writes the rest, makes the file durable and lets it take its place.
        public consuming func finish(source: Int64) throws {
            var writer = self
            let rest = writer.table.settledRows(isEnd: true)
            try writer.write(rest)
            let words = writer.table.finished().words
            try writer.write(words.pages.flatMap { littleEndian($0) } + words.firsts.flatMap { littleEndian($0) })
            let file = writer.file
            let start = Header(rows: writer.rows, source: source).start
            writer.hash.update(start)
            try file.overwriteStart(start + writer.hash.finish())
            try file.commit()
        }

        private mutating func write(_ settled: [PortedRow]) throws {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(settled.count * PortedRow.length)
            for row in settled { bytes += row.packed }
            try write(bytes)
            rows += settled.count
        }

        private mutating func write(_ bytes: [UInt8]) throws {
            hash.update(bytes)
            try file.append(bytes)
        }
    }
}

/// The bytes of a number, the lowest first.
private func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// The first 64 bytes of the file.
private struct Header {
    let rows: Int
    let source: Int64

    static let length = 64
    static let format: UInt32 = 1
    private static let magic = Array("WARPPORT".utf8)
    private static let pagesLength = 1_000 * 2

    init(rows: Int, source: Int64) {
        self.rows = rows
        self.source = source
    }

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(PortedNumberFile.Fault) {
        guard bytes.count >= Header.length, bytes.starts(with: Header.magic) else {
            throw .notPortedNumbers(path: path)
        }
        let format = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let rowLength = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        guard format == Header.format, rowLength == UInt32(PortedRow.length) else {
            throw .otherFormat(path: path, format: format)
        }
        let rows = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        guard rows <= UInt64(UInt32.max) else { throw .damaged(path: path) }
        self.rows = Int(rows)
        source = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: Int64.self))
    }

    /// Magic, format, row length, rows, source: 32 bytes.
    var start: [UInt8] {
        Header.magic + littleEndian(Header.format) + littleEndian(UInt32(PortedRow.length)) + littleEndian(UInt64(rows))
            + littleEndian(source)
    }

    /// The index, once length and checksum are found right.
    func checkedIndex(_ bytes: UnsafeRawBufferPointer, path: String) throws(PortedNumberFile.Fault) -> ExchangeIndex {
        let pagesStart = Header.length + rows * PortedRow.length
        let firstsStart = pagesStart + Header.pagesLength
        guard bytes.count >= firstsStart, (bytes.count - firstsStart) % 4 == 0 else {
            throw .wrongLength(path: path, bytes: bytes.count, expected: firstsStart)
        }
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[Header.length...]))
        hash.update(start)
        guard hash.finish() == Array(bytes[32..<Header.length]) else { throw .damaged(path: path) }
        let pages = (0..<1_000).map { page in
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: pagesStart + page * 2, as: UInt16.self))
        }
        let firsts = (0..<(bytes.count - firstsStart) / 4).map { entry in
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: firstsStart + entry * 4, as: UInt32.self))
        }
        guard let index = ExchangeIndex(pages: pages, firsts: firsts, rows: rows) else { throw .damaged(path: path) }
        return index
    }
}
