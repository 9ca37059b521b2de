import Glibc
import Synchronization

/// A bounded queue on disk: a directory of segments, appended at the end and drained from the oldest.
///
/// A lock file keeps it to one process: who has it may drain and append, and a process that dies gives it up. Appended entries are on
/// the disk before `append` returns.
public actor SpoolDirectory {
    /// Why nothing was appended.
    public enum Refusal: Error, Sendable, Equatable {
        /// As many bytes lie here as may.
        case full
        /// Another process has the directory.
        case busy
        /// The system refused: a full disk, a directory that is gone.
        case failed(DurableFile.Failure)
    }

    /// What lies in the directory, as other threads may see it at any time.
    public struct Load: Sendable, Equatable {
        /// Bytes that wait to be drained.
        public fileprivate(set) var bytes = 0
        /// Why the last append was refused; nil once one went well again, or room was made.
        public fileprivate(set) var refusal: Refusal?

        /// Whether nothing waits.
        public var isEmpty: Bool { bytes == 0 }
    }

    /// Entries on their way out.
    public struct Part: Sendable {
        public let entries: [[UInt8]]
        /// The copy of what could not be read on the way to them, and how many bytes that were.
        public let damage: (file: String, count: Int)?
        /// Bytes that no append had finished: nobody was told of them.
        public let tornCount: Int
        fileprivate let segment: String
        fileprivate let end: Int
    }

    public nonisolated let path: String
    private let thread: BlockingThread
    private let maxBytes: Int
    private let segmentBytes: Int
    private let shared = Mutex(Load())
    private var lock: FileLock?
    /// From the oldest to the one that is appended to.
    private var segments: [SpoolSegment] = []
    private var nextNumber = 1

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// A directory that nobody has looked into yet.
    /// - Parameters:
    ///   - maxBytes: the most that may wait in it.
    ///   - segmentBytes: from where on a new segment is begun, so that room is given back bit by bit.
    public init(path: String, maxBytes: Int, segmentBytes: Int = 16 << 20) {
        self.path = path
        self.maxBytes = maxBytes
        self.segmentBytes = segmentBytes
        thread = BlockingThread(name: "spool")
    }

    /// What waits here now.
    public nonisolated var load: Load { shared.withLock { $0 } }

    /// Takes the lock and finds what an earlier life left; nothing where both are done already.
    /// - Throws: `busy` where another process has it.
    public func open() throws(Refusal) {
        guard lock == nil else { return }
        do throws(DurableFile.Failure) {
            try DurableFile.makeDirectory(path)
            guard let taken = try FileLock(path: "\(path)/lock") else { throw busy }
            try findSegments()
            lock = taken
        } catch {
            throw error == busy ? .busy : .failed(error)
        }
    }

    /// Gives the directory back, with what is left in it.
    public func close() {
        segments = []
        lock = nil
    }

    /// Whether nothing waits and nothing is put aside; looks for segments that an operator put back.
    public func isSpent() throws(Refusal) -> Bool {
        try open()
        do throws(DurableFile.Failure) {
            try findSegments()
            let aside = try numbers(.aside)
            return segments.isEmpty && aside.isEmpty
        } catch {
            throw .failed(error)
        }
    }

    /// Keeps an entry that can't be drained beside the others, in a segment of its own, until `putBack`.
    public func setAside(_ entry: [UInt8]) throws(Refusal) {
        try open()
        do throws(DurableFile.Failure) {
            let number = nextNumber
            nextNumber += 1
            try SpoolSegment(creating: file(number, .aside)).append([entry])
        } catch {
            throw .failed(error)
        }
    }

    /// Puts the entries that were set aside in the directory back into the queue of whoever drains it; says how many.
    public static func putBack(in path: String) throws(DurableFile.Failure) -> Int {
        let numbers = try numbers(.aside, in: path)
        for number in numbers {
            let (aside, waiting) = (file(number, .aside, in: path), file(number, .waiting, in: path))
            guard rename(aside, waiting) == 0 else { throw DurableFile.failure(aside) }
        }
        try DurableFile.flushDirectory(path)
        return numbers.count
    }

    /// What lies in a directory, without its lock: bytes of waiting segments (what they once held, drained or not), and how many
    /// entries were set aside.
    public static func contents(of path: String) throws(DurableFile.Failure) -> (waitingBytes: Int, aside: Int) {
        var bytes = 0
        for number in try numbers(.waiting, in: path) {
            do throws(DurableFile.Failure) {
                let segment = try SpoolSegment(opening: file(number, .waiting, in: path))
                bytes += max(0, segment.end - segment.drained)
            } catch  where error.isAbsence {
                // Drained meanwhile.
            }
        }
        return (bytes, try numbers(.aside, in: path).count)
    }

    /// Puts entries on the disk, behind all others.
    public func append(_ entries: [[UInt8]]) throws(Refusal) {
        do throws(Refusal) {
            try open()
            let weight = entries.reduce(0) { $0 + SpoolSegment.size(of: $1) }
            guard load.bytes + weight <= maxBytes else { throw .full }
            do throws(DurableFile.Failure) {
                try writable().append(entries)
            } catch {
                throw .failed(error)
            }
            shared.withLock { $0.refusal = nil }
            measure()
        } catch {
            shared.withLock { $0.refusal = error }
            throw error
        }
    }

    /// The oldest entries, up to about so many bytes; nil where nothing waits. They stay until `drop`.
    public func next(upTo limit: Int) throws(Refusal) -> Part? {
        try open()
        do throws(DurableFile.Failure) {
            while let segment = segments.first {
                let part = try segment.next(upTo: limit)
                if part.end > segment.drained {
                    return Part(
                        entries: part.entries, damage: part.damage, tornCount: part.tornCount, segment: segment.path,
                        end: part.end)
                }
                try forgetOldest()
            }
            measure()
            return nil
        } catch {
            throw .failed(error)
        }
    }

    /// Takes a part away: its entries are safe elsewhere.
    public func drop(_ part: Part) throws(Refusal) {
        guard let segment = segments.first, segment.path == part.segment else { return }
        do throws(DurableFile.Failure) {
            try segment.markDrained(through: part.end)
            if segment.isDrained { try forgetOldest() }
        } catch {
            throw .failed(error)
        }
        measure()
        shared.withLock { if $0.refusal == .full { $0.refusal = nil } }
    }

    /// The segment at the end, or a new one where that is long enough.
    private func writable() throws(DurableFile.Failure) -> SpoolSegment {
        if let last = segments.last, last.isWritable, last.end < segmentBytes { return last }
        // Drawn first: a name that is taken must not be tried for ever.
        let number = nextNumber
        nextNumber += 1
        let segment = try SpoolSegment(creating: file(number, .waiting))
        segments.append(segment)
        return segment
    }

    private func forgetOldest() throws(DurableFile.Failure) {
        try segments.removeFirst().remove()
    }

    private func measure() {
        let bytes = segments.reduce(0) { $0 + $1.end - $1.drained }
        shared.withLock { $0.bytes = bytes }
    }

    /// Opens the segments on disk that are not known yet.
    private func findSegments() throws(DurableFile.Failure) {
        let known = Set(segments.map(\.path))
        for number in try numbers(.waiting) {
            nextNumber = max(nextNumber, number + 1)
            let path = file(number, .waiting)
            if !known.contains(path) { segments.append(try SpoolSegment(opening: path)) }
        }
        for number in try numbers(.aside) { nextNumber = max(nextNumber, number + 1) }
        segments.sort { $0.path < $1.path }
        measure()
    }

    /// What a segment is for, by its file's ending.
    private enum Ending: String {
        case waiting = ".spool"
        case aside = ".aside"
    }

    private func file(_ number: Int, _ ending: Ending) -> String { SpoolDirectory.file(number, ending, in: path) }

    private func numbers(_ ending: Ending) throws(DurableFile.Failure) -> [Int] {
        try SpoolDirectory.numbers(ending, in: path)
    }

    private static func file(_ number: Int, _ ending: Ending, in path: String) -> String {
        let digits = "\(number)"
        return "\(path)/\(String(repeating: "0", count: max(0, 12 - digits.count)))\(digits)\(ending.rawValue)"
    }

    /// The numbers of the segments on disk, the oldest first.
    private static func numbers(_ ending: Ending, in path: String) throws(DurableFile.Failure) -> [Int] {
        try DurableFile.names(in: path).compactMap { name in
            name.hasSuffix(ending.rawValue) ? Int(name.dropLast(ending.rawValue.count)) : nil
        }.sorted()
    }

    private var busy: DurableFile.Failure { DurableFile.Failure(path: path, reason: "another process has it") }
}
