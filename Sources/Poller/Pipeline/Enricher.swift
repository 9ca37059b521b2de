import Core
import Reference

/// A raw row and the record in its document, ready to be rated.
struct EnrichedRecord: Sendable {
    let row: RawRow
    let record: UsageRecord
}

/// Gathers what rating needs beside the reference data: reads the stored documents and brings senders' words to those of the
/// rules. Dips of a portability service join here.
struct Enricher: Sendable {
    /// The record of a row.
    /// - Throws: `RejectReason`, where the document is none of its kind (an older reader took it).
    func enriched(_ row: RawRow) throws(RejectReason) -> EnrichedRecord {
        var record = try RecordReader.record(row.kind.record, document: Array(row.document.utf8), id: row.id)
        if case .message(var message) = record {
            message.status = message.status.map(Self.messageStatus)
            record = .message(message)
        }
        return EnrichedRecord(row: row, record: record)
    }

    /// A word of rule S4 for the SMPP status of a submission (M9), any case; other words stay as they are.
    static func messageStatus(_ status: String) -> String {
        switch status.uppercased() {
        case "ESME_ROK": "submitted"
        case "ESME_RTHROTTLED": "throttled"
        case let status where status.hasPrefix("ESME_"): "rejected"
        default: status
        }
    }
}
