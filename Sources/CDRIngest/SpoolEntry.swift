import Core
import Drivers
import Reference

/// A submission as it lies in the spool: what was sent, by whom, through which door, and when. Records are read again when it is drained;
/// what was refused at the door keeps its reason.
///
/// A version byte; door, source and the instant of receipt; the number of records; each record as a tag, for a refused one its kind,
/// reason, field and message, and its bytes. Numbers are little-endian, texts and bytes have their length in front (four bytes).
enum SpoolEntry {
    private static let version: UInt8 = 1

    private enum Tag: UInt8 {
        case read = 0
        case refused = 1
    }

    /// A submission as bytes.
    static func encode(_ submission: Submission) -> [UInt8] {
        var writer = SpoolWriter(capacity: submission.byteCount)
        writer.byte(version)
        writer.text(submission.door.rawValue)
        writer.text(submission.source)
        writer.integer(UInt64(bitPattern: submission.receivedAt.milliseconds))
        writer.integer(UInt32(submission.records.count))
        for record in submission.records {
            switch record.reading {
            case .success:
                writer.byte(Tag.read.rawValue)
            case .failure(let unreadable):
                writer.byte(Tag.refused.rawValue)
                writer.text(unreadable.kind?.name ?? "")
                writer.text(unreadable.reason.code.rawValue)
                writer.text(unreadable.reason.field)
                writer.text(unreadable.reason.message)
            }
            writer.bytes(record.bytes)
        }
        return writer.written
    }

    /// The submission of an entry; nil for bytes that are none (an entry of a newer version, or of another program).
    static func decode(_ bytes: [UInt8]) -> Submission? {
        var reader = SpoolReader(bytes)
        guard reader.byte() == version, let door = reader.text().flatMap(IngestDoor.init(rawValue:)),
            let source = reader.text(), let received: UInt64 = reader.integer(), let count: UInt32 = reader.integer()
        else { return nil }
        var records: [IncomingRecord] = []
        for _ in 0..<count {
            guard let record = record(&reader, at: door) else { return nil }
            records.append(record)
        }
        guard reader.isAtEnd else { return nil }
        return Submission(
            source: source, door: door, receivedAt: Instant(milliseconds: Int64(bitPattern: received)), records: records
        )
    }

    private static func record(_ reader: inout SpoolReader, at door: IngestDoor) -> IncomingRecord? {
        switch reader.byte().flatMap(Tag.init(rawValue:)) {
        case .read:
            guard let bytes = reader.bytes() else { return nil }
            return read(bytes, at: door)
        case .refused:
            guard let kind = reader.text(), let code = reader.text().flatMap(RejectReason.Code.init(rawValue:)),
                let field = reader.text(), let message = reader.text(), let bytes = reader.bytes()
            else { return nil }
            let unreadable = UnreadableRecord(
                reason: RejectReason(code, field: field, message: message), kind: RecordKind(name: kind))
            return IncomingRecord(bytes: bytes, reading: .failure(unreadable))
        case nil:
            return nil
        }
    }

    /// Reads a record again. One that was a record when it came and is none to this version's reader is a reject with its reason.
    private static func read(_ bytes: ArraySlice<UInt8>, at door: IngestDoor) -> IncomingRecord {
        let framed = FramedBody(Array(bytes), isNDJSON: false)
        do throws(UnreadableRecord) {
            guard let element = framed.elements.first, framed.elements.count == 1 else {
                throw UnreadableRecord(reason: RejectReason(.notAnObject, field: ""), kind: door.kind)
            }
            return IncomingRecord(bytes: bytes, reading: .success(try door.read(element)))
        } catch {
            return IncomingRecord(bytes: bytes, reading: .failure(error))
        }
    }
}

/// Writes the parts of an entry.
private struct SpoolWriter {
    private(set) var written: [UInt8] = []

    init(capacity: Int) { written.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { written.append(value) }

    mutating func integer(_ value: some FixedWidthInteger) {
        for place in 0..<value.bitWidth / 8 { written.append(UInt8(truncatingIfNeeded: value >> (place * 8))) }
    }

    mutating func bytes(_ value: some Collection<UInt8>) {
        integer(UInt32(value.count))
        written += value
    }

    mutating func text(_ value: String) { bytes(value.utf8) }
}

/// Reads the parts of an entry; nil where there is less than asked for.
private struct SpoolReader {
    private let source: [UInt8]
    private var position = 0

    init(_ source: [UInt8]) { self.source = source }

    var isAtEnd: Bool { position == source.count }

    mutating func byte() -> UInt8? { take(1)?.first }

    mutating func integer<Value: FixedWidthInteger>() -> Value? {
        take(Value.bitWidth / 8)?.reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func bytes() -> ArraySlice<UInt8>? {
        guard let count: UInt32 = integer() else { return nil }
        return take(Int(count))
    }

    mutating func text() -> String? {
        bytes().flatMap { String(validating: $0, as: UTF8.self) }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= source.count - position else { return nil }
        defer { position += count }
        return source[position..<position + count]
    }
}
