import Glibc

/// Lines of a file, a pipe or a terminal, however many there are: what is held in memory is one line and a chunk.
public struct LineReader {
    /// One line.
    public enum Line: Hashable, Sendable {
        /// Its bytes without the line feed, and without a carriage return before it.
        case bytes([UInt8])
        /// Longer than is taken; it was read over.
        case tooLong
    }

    private let descriptor: Int32
    private let maximumBytes: Int
    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Up to where no line feed was found.
    private var scanned = 0
    private var isAtEnd = false

    private static let chunk = 65_536

    /// Reads from a descriptor that the caller keeps open; standard input, if none is given.
    public init(descriptor: Int32 = 0, maximumBytes: Int = 64 * 1_024 * 1_024) {
        self.descriptor = descriptor
        self.maximumBytes = maximumBytes
    }

    /// Whether the next line is in memory already, so that it comes without waiting.
    public mutating func hasLine() -> Bool { endOfLine() != nil }

    /// The next line; nil at the end. A last line needs no line feed.
    public mutating func next() throws(StreamError) -> Line? {
        var isTooLong = false
        while true {
            if let end = endOfLine() {
                defer { advance(to: end + 1) }
                return isTooLong ? .tooLong : line(end)
            }
            if buffer.count - start > maximumBytes {
                isTooLong = true
                advance(to: buffer.count)
            }
            if isAtEnd {
                guard isTooLong || start < buffer.count else { return nil }
                defer { advance(to: buffer.count) }
                return isTooLong ? .tooLong : line(buffer.count)
            }
            try fill()
        }
    }

    private mutating func endOfLine() -> Int? {
        let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n"))
        scanned = end ?? buffer.count
        return end
    }

    private func line(_ end: Int) -> Line {
        let hasReturn = end > start && buffer[end - 1] == UInt8(ascii: "\r")
        let count = end - start - (hasReturn ? 1 : 0)
        return count > maximumBytes ? .tooLong : .bytes(Array(buffer[start..<start + count]))
    }

    private mutating func advance(to place: Int) {
        start = min(place, buffer.count)
        scanned = start
    }

    private mutating func fill() throws(StreamError) {
        buffer.removeFirst(start)
        start = 0
        scanned = buffer.count
        let filled = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: LineReader.chunk))
        var count = -1
        repeat {
            count = buffer.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress?.advanced(by: filled), LineReader.chunk)
            }
        } while count < 0 && errno == EINTR
        let fault = errno
        buffer.removeLast(LineReader.chunk - max(count, 0))
        guard count >= 0 else { throw StreamError("reading", fault) }
        isAtEnd = count == 0
    }
}

/// Bytes on their way to a file, a pipe or a terminal, written in chunks.
public struct ChunkWriter {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    private static let chunk = 65_536

    /// Writes to a descriptor that the caller keeps open; standard output, if none is given.
    public init(descriptor: Int32 = 1) {
        self.descriptor = descriptor
        buffer.reserveCapacity(2 * ChunkWriter.chunk)
    }

    /// Adds bytes; they are written when there are enough of them, or with `flush`.
    public mutating func append(_ bytes: some Sequence<UInt8>) throws(StreamError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= ChunkWriter.chunk { try flush() }
    }

    /// Writes all that has been added.
    public mutating func flush() throws(StreamError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0, errno != EINTR { throw StreamError("writing", errno) }
            written += max(count, 0)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Reading or writing failed: the system's reason.
public struct StreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `reading: Input/output error`
    public let description: String

    init(_ action: String, _ code: Int32) {
        description = "\(action): \(String(cString: strerror(code)))"
    }
}
