import Core
import Drivers
import Reference

/// One row of a raw table, with the number it has drawn.
struct RawRow: Sendable {
    /// The key's hash, or, for a conflict, an id of its own.
    let id: Identifier128
    let sequence: Int64
    let day: UsageDay
    let source: String
    let receivedAt: Instant
    let isConflict: Bool
    let read: RecordReading
    /// The record as it came.
    let document: ArraySlice<UInt8>
}

/// How the rows of each kind go into their table. The columns beside the document are for people and indexes; who rates reads the
/// document.
extension RecordKind {
    private static let commonColumns = [
        "id", "raw_seq", "usage_day", "source", "received_at", "is_conflict", "document",
    ]

    /// The columns in the order in which `write` fills them.
    var columns: [String] {
        switch self {
        case .cdr:
            Self.commonColumns + [
                "sip_uuid", "sip_callid", "sip_from", "sip_rpid", "sip_contact", "sip_ruri", "sip_pai", "sip_pci",
                "customer_ban", "raw_ani", "dni", "direction", "selected_vendor", "vendor_trunk", "routing_partition",
                "start_stamp", "answer_stamp", "end_stamp", "created_at",
            ]
        case .vendorCDR: Self.commonColumns + ["sip_uuid", "attempt_number", "vendor_name"]
        case .mdr: Self.commonColumns + ["is_final", "message_id", "customer_ban", "connector", "smsc_id"]
        case .api: Self.commonColumns + ["usage_id", "customer_ban"]
        case .dlr: Self.commonColumns + ["message_id", "connector", "smsc_id", "message_status"]
        }
    }
}

extension RawRow {
    /// Writes the row in the order of its kind's columns.
    func write(to copy: CopyWriter) {
        copy.identifier(id)
        copy.int8(sequence)
        copy.day(day)
        copy.text(source)
        copy.instant(receivedAt)
        copy.bool(isConflict)
        copy.text(utf8: document)
        switch read.record {
        case .call(let call): write(call, to: copy)
        case .attempt(let attempt):
            copy.text(attempt.sipUUID)
            copy.int4(Int32(clamping: attempt.attemptNumber))
            copy.text(attempt.vendor.text)
        case .message(let message):
            copy.bool(message.isFinal)
            copy.text(message.messageID)
            copy.text(message.customerBAN?.text)
            copy.text(message.connector)
            copy.text(message.smscMessageID)
        case .query(let query):
            copy.text(query.key)
            copy.text(query.customerBAN?.text)
        case .receipt(let receipt):
            copy.text(receipt.messageID)
            copy.text(receipt.connector)
            copy.text(receipt.smscMessageID)
            copy.text(receipt.status)
        }
    }

    private func write(_ call: RawCDR, to copy: CopyWriter) {
        copy.text(call.sipUUID)
        copy.text(call.sipCallID.map { String($0.unicodeScalars.prefix(128)) })
        copy.text(call.sipFrom)
        copy.text(call.sipRPID)
        copy.text(call.sipContact)
        copy.text(call.sipRURI)
        copy.text(call.sipPAI)
        copy.text(call.sipPCI)
        copy.text(call.customerBAN?.text)
        copy.text(call.rawANI)
        copy.text(call.dni)
        copy.text(call.direction)
        copy.text(call.selectedVendor?.text)
        copy.text(call.vendorTrunk)
        copy.text(call.routingPartition)
        copy.instant(call.start.instant)
        copy.instant(call.answer.instant)
        copy.instant(call.end.instant)
        copy.instant(call.created.instant)
    }
}

/// A run of numbers without a gap that one commit wrote into one day's partition: a row of `raw_spans`, and, where the kind has a
/// stream, a part of a doorbell.
struct RawSpan: Hashable, Sendable {
    let kind: RecordKind
    let day: UsageDay
    let first: Int64
    var last: Int64

    /// How many rows it holds.
    var count: Int { Int(last - first) + 1 }

    /// What the doorbell says of it; nil for a kind without a stream.
    var announced: UsageSpan? {
        kind.fact.map { UsageSpan(kind: $0, day: day, first: first, last: last) }
    }

    /// The runs of a kind's rows, in the order of their numbers.
    static func runs(kind: RecordKind, of rows: [RawRow]) -> [RawSpan] {
        var spans: [RawSpan] = []
        for row in rows.sorted(by: { $0.sequence < $1.sequence }) {
            if let last = spans.last, last.day == row.day, last.last + 1 == row.sequence {
                spans[spans.count - 1].last = row.sequence
            } else {
                spans.append(RawSpan(kind: kind, day: row.day, first: row.sequence, last: row.sequence))
            }
        }
        return spans
    }
}
