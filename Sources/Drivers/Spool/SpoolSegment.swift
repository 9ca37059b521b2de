import CZlib
import Glibc

/// One append-only file of a spool: entries that were flushed to the disk before anyone was told of them, each with its own checksum.
///
/// The file is `WARPSPL1`, eight bytes that say up to where its entries have been drained, and then entry after entry: `WSPE`, the
/// length and the CRC-32 of length and content (little-endian, four bytes each), and the content. How far it is drained is a hint that a
/// crash of the machine may lose: what was drained twice is a repeat.
///
/// What can't be read is never silently left out: a torn end was never acknowledged and is cut off, damage in the middle is copied to a
/// file of its own, and reading goes on with the next whole entry.
final class SpoolSegment {
    typealias Failure = DurableFile.Failure

    let path: String
    /// Where the next entry goes.
    private(set) var end: Int
    /// Up to where its entries have been drained.
    private(set) var drained: Int
    /// Whether entries may be added: not behind what another life may have torn, nor where flushing failed.
    private(set) var isWritable: Bool
    private let descriptor: Int32

    static let headerSize = 16
    static let entryHeaderSize = 12
    private static let fileMark = Array("WARPSPL1".utf8)
    private static let entryMark = Array("WSPE".utf8)

    /// A new, empty segment.
    init(creating path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DurableFile.failure(path) }
        end = SpoolSegment.headerSize
        drained = end
        isWritable = true
        do throws(Failure) {
            try write(SpoolSegment.fileMark + SpoolSegment.bytes(UInt64(end)), at: 0)
            guard fdatasync(descriptor) == 0 else { throw DurableFile.failure(path) }
            try DurableFile.flushDirectory(DurableFile.parent(of: path))
        } catch {
            unlink(path)
            throw error
        }
    }

    /// A segment that another process, or another life of this one, left behind.
    init(opening path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw DurableFile.failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DurableFile.failure(path) }
        end = Int(status.st_size)
        drained = SpoolSegment.headerSize
        isWritable = false
        // A header that was not written whole has nothing behind it.
        let header = try read(at: 0, count: min(end, SpoolSegment.headerSize))
        guard header.count == SpoolSegment.headerSize, header.starts(with: SpoolSegment.fileMark) else { return }
        // A mark that is no boundary of entries is damage: everything is drained again, and repeats are found.
        let mark = Int(clamping: SpoolSegment.integer(header[8..<16]))
        if mark == end { drained = end }
        if mark > SpoolSegment.headerSize, mark < end, try entry(at: mark) != nil { drained = mark }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether nothing is left to drain.
    var isDrained: Bool { drained >= end }

    /// Appends entries and flushes them to the disk, all of them or none.
    func append(_ entries: [[UInt8]]) throws(Failure) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(0) { $0 + SpoolSegment.size(of: $1) })
        for entry in entries {
            let length = SpoolSegment.bytes(UInt32(entry.count))
            bytes += SpoolSegment.entryMark + length
            bytes += SpoolSegment.bytes(SpoolSegment.checksum(length, entry[...])) + entry
        }
        do throws(Failure) {
            try write(bytes, at: end)
            isWritable = fdatasync(descriptor) == 0
            guard isWritable else { throw DurableFile.failure(path) }
        } catch {
            // A full disk may have taken a part: it must not stand before the next entry.
            if ftruncate(descriptor, off_t(end)) != 0 { isWritable = false }
            throw error
        }
        end += bytes.count
    }

    /// The bytes that an entry takes.
    static func size(of entry: [UInt8]) -> Int { entryHeaderSize + entry.count }

    /// Some entries from where draining stands, at least one where one is left.
    struct Part {
        var entries: [[UInt8]] = []
        /// What to tell `markDrained` once they are safe elsewhere.
        var end: Int
        /// The copy of what could not be read on the way, and how many bytes that were.
        var damage: (file: String, count: Int)?
        /// Bytes at the end that no append had finished.
        var tornCount = 0
    }

    /// Reads on from where draining stands, up to about so many bytes.
    func next(upTo limit: Int) throws(Failure) -> Part {
        var part = Part(end: drained)
        var weight = 0
        while part.end < end, weight < limit {
            if let entry = try entry(at: part.end) {
                part.entries.append(entry)
                part.end += SpoolSegment.size(of: entry)
                weight += entry.count
                continue
            }
            // What was read so far goes first; the damage is met again.
            guard part.entries.isEmpty else { break }
            guard let next = try nextEntry(after: part.end) else {
                part.tornCount = end - part.end
                part.end = end
                break
            }
            let bytes = try read(at: part.end, count: next - part.end)
            let copy = "\(path).damage-\(part.end)"
            try DurableFile.write(bytes, to: copy)
            part.damage = (copy, bytes.count)
            part.end = next
        }
        return part
    }

    /// Notes that what stands before this offset is safe elsewhere.
    func markDrained(through offset: Int) throws(Failure) {
        drained = offset
        try write(SpoolSegment.bytes(UInt64(offset)), at: 8)
    }

    /// Takes the file away.
    func remove() throws(Failure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw DurableFile.failure(path) }
    }

    /// The content of the entry that begins here; nil where no whole one does.
    private func entry(at offset: Int) throws(Failure) -> [UInt8]? {
        let header = try read(at: offset, count: SpoolSegment.entryHeaderSize)
        guard header.count == SpoolSegment.entryHeaderSize, header.starts(with: SpoolSegment.entryMark) else {
            return nil
        }
        let length = Int(SpoolSegment.integer(header[4..<8]))
        guard length <= end - offset - SpoolSegment.entryHeaderSize else { return nil }
        let content = try read(at: offset + SpoolSegment.entryHeaderSize, count: length)
        let checksum = SpoolSegment.checksum(Array(header[4..<8]), content[...])
        guard content.count == length, UInt64(checksum) == SpoolSegment.integer(header[8..<12]) else { return nil }
        return content
    }

    /// Where the first whole entry behind damage begins.
    private func nextEntry(after offset: Int) throws(Failure) -> Int? {
        let chunkSize = 1 << 20
        var start = offset + 1
        while start < end {
            let chunk = try read(at: start, count: min(chunkSize, end - start))
            guard chunk.count >= SpoolSegment.entryMark.count else { return nil }
            for index in 0...(chunk.count - SpoolSegment.entryMark.count)
            where chunk[index] == SpoolSegment.entryMark[0] && chunk[index...].starts(with: SpoolSegment.entryMark) {
                if try entry(at: start + index) != nil { return start + index }
            }
            // A mark may lie across two chunks.
            start += max(1, chunk.count - SpoolSegment.entryMark.count + 1)
        }
        return nil
    }

    private func read(at offset: Int, count: Int) throws(Failure) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            while filled < count {
                let got = pread(
                    descriptor, target.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
                if got < 0 && errno == EINTR { continue }
                failed = got < 0
                guard got > 0 else { break }
                filled += got
            }
        }
        guard !failed else { throw DurableFile.failure(path) }
        return bytes
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw DurableFile.failure(path) }
            written += count
        }
    }

    private static func checksum(_ length: [UInt8], _ content: ArraySlice<UInt8>) -> UInt32 {
        var sum = crc32(0, length, UInt32(length.count))
        content.withUnsafeBufferPointer { sum = crc32(sum, $0.baseAddress, UInt32($0.count)) }
        return UInt32(truncatingIfNeeded: sum)
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
