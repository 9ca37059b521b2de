import Core
import Foundation
import Reference

@testable import CDRIngest
@testable import Drivers

/// A parser that reads what strangers send, and what must hold of it for any bytes. A broken promise stops the process, which is what a
/// fuzzer looks for.
enum FuzzTarget: String, CaseIterable {
    /// One record in JSON.
    case json
    /// A body of several: array, lines, or neither.
    case ndjson
    /// SIP URIs and header values.
    case sip
    /// Jasmin's callbacks.
    case form
    /// A file of the spool, or an entry of one.
    case spool

    /// Reads the bytes.
    func run(_ bytes: [UInt8]) {
        switch self {
        case .json: FuzzTarget.readRecord(bytes)
        case .ndjson: FuzzTarget.readBody(bytes)
        case .sip: FuzzTarget.readHeaders(bytes)
        case .form: FuzzTarget.readForm(bytes)
        case .spool: FuzzTarget.readSpool(bytes)
        }
    }

    private static let source = Source(
        name: "fuzzer", credential: .token, tokenHash: [], salt: nil, kinds: [], recordsPerSecond: nil, createdAt: "",
        revokedAt: nil)

    /// Every door gives a record or a reason; the same bytes have the same key and content.
    private static func readRecord(_ bytes: [UInt8]) {
        for door in IngestDoor.allCases {
            for element in FramedBody(bytes, isNDJSON: false).elements {
                let (first, second) = (
                    IncomingRecord(element, at: door, from: source), IncomingRecord(element, at: door, from: source)
                )
                switch (first.reading, second.reading) {
                case (.success(let first), .success(let second)):
                    precondition(first.key == second.key && first.contentHash == second.contentHash, "a stable key")
                    precondition(!first.naturalKey.isEmpty, "a key")
                case (.failure(let first), .failure(let second)):
                    precondition(first == second, "a stable reason")
                default:
                    preconditionFailure("a record once and none the next time")
                }
            }
        }
    }

    /// The records of a body are parts of it, in order, and read alone they are what they were.
    private static func readBody(_ bytes: [UInt8]) {
        let framed = FramedBody(bytes, isNDJSON: true)
        var end = 0
        for element in framed.elements {
            let incoming = IncomingRecord(element, at: .records, from: source)
            precondition(incoming.bytes.startIndex >= end && incoming.bytes.endIndex <= bytes.count, "parts in order")
            end = incoming.bytes.endIndex
            guard case .success(let read) = incoming.reading else { continue }
            let alone = FramedBody(Array(incoming.bytes), isNDJSON: false).elements
            precondition(alone.count == 1, "a record alone is one record")
            guard case .success(let again) = IncomingRecord(alone[0], at: .records, from: source).reading else {
                preconditionFailure("a record alone is a record")
            }
            precondition(again.key == read.key && again.contentHash == read.contentHash, "the same record")
        }
    }

    /// A call whose headers are any text still has a caller or none.
    private static func readHeaders(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("record_type", "voice.cdr")
            writer.field("sip_uuid", "u")
            for name in ["sip_from", "sip_pai", "sip_rpid", "sip_pci", "sip_ruri", "raw_ani", "dni"] {
                writer.field(name, text)
            }
        }
        for element in FramedBody(writer.bytes, isNDJSON: false).elements {
            guard case .success(let read) = IncomingRecord(element, at: .cdr, from: source).reading,
                case .call(let call) = read.record
            else { continue }
            let plan = NumberPlan()
            _ = plan.caller(call, direction: nil, btn: nil)
            let (once, twice) = (plan.normalize(call.sipRURI), plan.normalize(call.sipRURI))
            precondition(once == twice, "a stable number")
        }
    }

    /// Any form makes one object, which is a record or has a reason.
    private static func readForm(_ bytes: [UInt8]) {
        let form = FormFields(bytes)
        for door in [IngestDoor.jasminMO, .jasminDLR] {
            let document = JasminCallback.document(of: form, at: door, receivedAt: Instant(milliseconds: 0))
            let elements = FramedBody(document, isNDJSON: false).elements
            precondition(elements.count == 1, "one record")
            guard case .record = elements[0] else { preconditionFailure("valid JSON") }
            _ = IncomingRecord(elements[0], at: door, from: source)
        }
    }

    /// What is an entry is written again as the same bytes; a file is read to its end, whatever it holds.
    private static func readSpool(_ bytes: [UInt8]) {
        if bytes.starts(with: Array("WARPSPL1".utf8)) { readSpoolFile(bytes) }
        guard let submission = SpoolEntry.decode(bytes) else { return }
        let again = SpoolEntry.decode(SpoolEntry.encode(submission))
        precondition(again != nil, "an entry stays one")
        precondition(
            again?.records.map { Array($0.bytes) } == submission.records.map { Array($0.bytes) }, "the same records")
    }

    private static func readSpoolFile(_ bytes: [UInt8]) {
        let path = "\(NSTemporaryDirectory())/fuzz-\(getpid()).spool"
        do {
            try Data(bytes).write(to: URL(filePath: path))
            let segment = try SpoolSegment(opening: path)
            var size = 0
            while !segment.isDrained {
                let part = try segment.next(upTo: 1_000)
                precondition(part.end > segment.drained, "reading goes on")
                size += part.entries.reduce(0) { $0 + $1.count }
                if let damage = part.damage { try FileManager.default.removeItem(atPath: damage.file) }
                try segment.markDrained(through: part.end)
            }
            precondition(size <= bytes.count, "no more than was there")
            try segment.remove()
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
