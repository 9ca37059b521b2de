import Core
import Drivers
import Reference

/// What one sender handed over at once: the records of a request's body. Every door makes submissions and nothing else.
struct Submission: Sendable {
    /// Who sent it, by the name in `sources`.
    let source: String
    let door: IngestDoor
    let receivedAt: Instant
    let records: [IncomingRecord]

    /// Roughly what it weighs in memory and in a commit.
    var byteCount: Int { records.reduce(256) { $0 + $1.bytes.count + 256 } }
}

extension Submission {
    /// The same with other records.
    func holding(_ records: [IncomingRecord]) -> Submission {
        Submission(source: source, door: door, receivedAt: receivedAt, records: records)
    }

    /// The same with its records as rejects.
    func refused(because reason: String) -> Submission {
        holding(
            records.map { record in
                let kind: RecordKind? = if case .success(let read) = record.reading { read.kind } else { nil }
                let unreadable = UnreadableRecord(
                    reason: RejectReason(.notAllowed, field: "", message: "the database refuses it: \(reason)"),
                    kind: kind)
                return IncomingRecord(bytes: record.bytes, reading: .failure(unreadable))
            })
    }
}

/// One record as it came through a door.
struct IncomingRecord: Sendable {
    /// Exactly what was sent.
    let bytes: ArraySlice<UInt8>
    let reading: Result<RecordReading, UnreadableRecord>

    init(bytes: ArraySlice<UInt8>, reading: Result<RecordReading, UnreadableRecord>) {
        self.bytes = bytes
        self.reading = reading
    }

    /// Reads a record of a body. A kind that the door or the source may not bring is a reject.
    init(_ element: JSONRecords.Element, at door: IngestDoor, from source: Source) {
        switch element {
        case .record(let record): bytes = record.rawBytes
        case .broken(_, let rawBytes): bytes = rawBytes
        }
        do throws(UnreadableRecord) {
            let read = try door.read(element)
            guard source.maySend(read.kind) else {
                throw UnreadableRecord(
                    reason: RejectReason(
                        .notAllowed, field: "/record_type",
                        message: "\(source.name) does not send records of kind \(read.kind.name)"),
                    kind: read.kind)
            }
            reading = .success(read)
        } catch {
            reading = .failure(error)
        }
    }

    /// The kind under which it is counted.
    var kindName: String {
        switch reading {
        case .success(let read): read.kind.name
        case .failure(let unreadable): unreadable.kind?.name ?? RecordKind.unknownName
        }
    }

    /// Whether it is a message that another answer will follow (M9): kept, but no usage.
    var isEvidence: Bool {
        guard case .success(let read) = reading, case .message(let message) = read.record else { return false }
        return !message.isFinal
    }
}

/// A record's key as `record_keys` holds it.
struct RecordKey: Hashable, Sendable {
    let kind: RecordKind
    let hash: Identifier128
}

extension RecordReading {
    /// What `record_keys` knows it by.
    var key: RecordKey { RecordKey(kind: kind, hash: keyHash) }
}

/// What became of one record: an element of the answer.
struct RecordVerdict: Sendable, Equatable {
    /// The verdicts' words, in the answer and in `warp_ingest_records_total`.
    enum Word: String, Sendable, CaseIterable {
        case accepted
        /// Seen before with the same content: nothing was stored.
        case `repeat`
        /// Seen before with other content: stored, and held for a person (`DUPLICATE_CONFLICT`).
        case conflict
        case rejected
        /// Kept on disk until PostgreSQL is back; whether it is a repeat is decided then.
        case spooled
    }

    let word: Word
    /// The record's id; nil for a reject.
    let id: Identifier128?
    /// Its natural key; nil for a reject.
    let key: String?
    /// Why it was rejected.
    let reason: RejectReason?
}
