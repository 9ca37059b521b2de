import Core
import Reference

/// A raw row and the record in its document, ready to be rated.
struct EnrichedRecord: Sendable {
    let row: RawRow
    let record: UsageRecord
}

/// What a portability service says of the called numbers of a batch.
struct DipAnswers: Sendable {
    /// By call.
    var answers: [UsageID: LRNAnswer] = [:]
    /// Calls that need an answer and have none yet.
    var waiting: Set<UsageID> = []
}

/// Gathers what rating needs beside the reference data: reads the stored documents, brings senders' words to those of the
/// rules, and asks the portability service where one is configured.
struct Enricher: Sendable {
    var dips: LRNDips?

    /// The record of a row.
    /// - Throws: `RejectReason`, where the document is none of its kind (an older reader took it).
    func enriched(_ row: RawRow) throws(RejectReason) -> EnrichedRecord {
        var record = try RecordReader.record(row.kind.record, document: row.document, id: row.id)
        if case .message(var message) = record {
            message.status = message.status.map(Self.messageStatus)
            record = .message(message)
        }
        return EnrichedRecord(row: row, record: record)
    }

    /// What the portability service says of the calls among these rows (M11). Those that are `overdue` wait no longer.
    func dips(
        of rows: [RawRow], _ kind: RawKind, overdue: Set<UsageID>, tables: RatingTables
    ) async throws -> DipAnswers {
        guard let dips, kind == .call else { return DipAnswers() }
        let questions = rows.compactMap { row in
            number(toDipFor: row, tables).map { LRNQuestion(call: row.id, day: row.day, number: $0) }
        }
        var result = DipAnswers()
        result.answers = try await dips.answers(to: questions, overdue: overdue)
        result.waiting = Set(questions.map { $0.call }).subtracting(result.answers.keys)
        return result
    }

    /// The number to ask about; nil for a conflict, which is not enriched (rule G8), and for a document that nobody can read.
    private func number(toDipFor row: RawRow, _ tables: RatingTables) -> NationalNumber? {
        guard !row.isConflict else { return nil }
        do throws(RejectReason) {
            guard case .call(let call) = try enriched(row).record else { return nil }
            return tables.numberToDip(call)
        } catch {
            // Who rates the row parks it under this reason.
            return nil
        }
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
