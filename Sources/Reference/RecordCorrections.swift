public import Core
import Drivers

/// What a person says of one field of a stored record: the document itself is never edited, the field is laid over it.
public struct RecordCorrection: Hashable, Sendable {
    /// The field, as senders write it.
    public let field: String
    /// What it said until now; null where it was not there.
    public let old: Core.JSONValue
    /// What it says from now on; null takes it away.
    public let new: Core.JSONValue
}

/// Why a field can't be corrected like that.
public enum CorrectionRefusal: Error, Hashable, CustomStringConvertible {
    /// What the record is known by.
    case identity(field: String)
    /// Nothing reads the field.
    case unknown(field: String, known: [String])
    /// The reader of records can't read the value.
    case unreadable(field: String, wanted: String)
    /// The record would be read as before.
    case nothing(field: String)

    public var description: String {
        switch self {
        case .identity(let field): "\(field) is what the record is known by: it can't be corrected"
        case .unknown(let field, let known): "\(field) is not read; can be corrected: \(known.joined(separator: ", "))"
        case .unreadable(let field, let wanted): "\(field): \(wanted) is wanted"
        case .nothing(let field): "\(field): the record reads the same with it"
        }
    }
}

extension RecordReader {
    /// A document with the fields of a JSON object laid over its own: of a repeated name the last counts, here as at the door.
    public static func document(_ document: String, correctedBy fields: String) -> String {
        guard let end = document.utf8.lastIndex(of: UInt8(ascii: "}")) else { return document }
        return "\(document[..<end]),\(fields.dropFirst())"
    }

    /// What these texts, as a person writes them, change of a stored document; an empty text takes the field away.
    /// - Throws: `CorrectionRefusal` for a field that is the record's identity or that nothing reads, for a value that the reader can't
    ///   read, and for one that changes nothing.
    public static func corrections(
        _ settings: [(field: String, text: String)], of kind: RecordKind, document: String
    ) throws(CorrectionRefusal) -> [RecordCorrection] {
        var corrections: [RecordCorrection] = []
        var corrected = document
        for (field, text) in settings {
            let shape = try shape(of: field, kind)
            let new = try shape.value(of: text, field)
            var writer = JSONWriter()
            writer.object { writer in
                writer.key(field)
                new.write(to: &writer)
            }
            let before = corrected
            corrected = Self.document(before, correctedBy: writer.text)
            try check(corrected, field, shape, isThere: !new.isNull)
            let usage = try read(kind, corrected, field)
            guard readable(kind, before) != usage else { throw .nothing(field: field) }
            corrections.append(RecordCorrection(field: field, old: value(of: field, in: before), new: new))
        }
        return corrections
    }

    // MARK: What may be corrected

    /// What decides which record it is, and whether it is one.
    private static let identity: Set<String> = [
        "record_type", "sip_uuid", "sip_callid", "attempt_number", "message_id", "msgid", "smsc_message_id", "smsc_id",
        "id", "final",
    ]

    private static func shape(of field: String, _ kind: RecordKind) throws(CorrectionRefusal) -> FieldShape {
        guard !identity.contains(field) else { throw .identity(field: field) }
        let shapes = shapes(kind)
        guard let shape = shapes[field] else { throw .unknown(field: field, known: shapes.keys.sorted()) }
        return shape
    }

    /// The fields that rating reads, by kind. The words of a message are left out: they belong into no audit trail.
    private static func shapes(_ kind: RecordKind) -> [String: FieldShape] {
        switch kind {
        case .cdr:
            [
                "customer_ban": .text, "sip_from": .text, "sip_rpid": .text, "sip_contact": .text, "sip_ruri": .text,
                "sip_pai": .text, "sip_pci": .text, "raw_ani": .text, "dni": .text, "direction": .text,
                "selected_vendor": .text, "vendor_trunk": .text, "routing_partition": .text,
                "start_stamp": .stamp, "answer_stamp": .stamp, "end_stamp": .stamp, "created_at": .stamp,
            ]
        case .vendorCDR:
            [
                "customer_ban": .text, "vendor_name": .text, "vendor_trunk": .text, "disposition": .text,
                "start_stamp": .stamp, "answer_stamp": .stamp, "end_stamp": .stamp,
                "sip_response_code": .whole(from: 0),
                "pdd_ms": .whole(from: 0), "jitter_ms": .whole(from: 0), "latency_ms": .whole(from: 0),
                "mos_score": .hundredths, "packet_loss": .hundredths,
            ]
        case .mdr:
            [
                "user_id": .text, "customer_ban": .text, "service": .text, "type": .text, "direction": .text,
                "source_addr": .text, "source": .text, "destination_addr": .text, "destination": .text,
                "data_coding": .whole(from: 0), "coding": .whole(from: 0), "segments": .whole(from: 1), "status": .text,
                "carrier": .text, "vendor": .text, "connector_id": .text, "connector": .text, "at": .stamp,
                "submitted_at": .stamp, "received_at": .stamp, "created_at": .stamp,
            ]
        case .api:
            [
                "customer_ban": .text, "api": .text, "quantity": .whole(from: 1), "status": .text, "vendor": .text,
                "at": .stamp, "created_at": .stamp,
            ]
        case .dlr: [:]
        }
    }

    // MARK: Reading it as the door does

    /// What the reader forgives at the door, where a record is held for it later, is not forgiven to a person.
    private static func check(
        _ document: String, _ field: String, _ shape: FieldShape, isThere: Bool
    ) throws(CorrectionRefusal) {
        guard isThere, let name = RecordName.allCases.first(where: { $0.pointer == "/" + field }) else { return }
        let refusal = CorrectionRefusal.unreadable(field: field, wanted: shape.wanted)
        guard let fields = fields(of: document) else { throw refusal }
        switch shape {
        case .text: return
        case .stamp:
            do throws(RejectReason) {
                guard try fields.stamp(name).instant != nil else { throw RejectReason(.type, field: name.pointer) }
            } catch {
                throw refusal
            }
        case .whole(let least):
            guard let number = fields.integer(name), number >= least else { throw refusal }
        case .hundredths:
            guard fields.hundredths(name) != nil else { throw refusal }
        }
    }

    private static func read(
        _ kind: RecordKind, _ document: String, _ field: String
    ) throws(CorrectionRefusal) -> UsageRecord {
        do throws(RejectReason) {
            return try record(kind, document: Array(document.utf8), id: UsageID(Identifier128(high: 0, low: 0)))
        } catch {
            let words = error.message.isEmpty ? error.code.rawValue : error.message
            throw .unreadable(field: String(error.field.dropFirst()), wanted: words)
        }
    }

    /// Nil for a document that nobody can read as it is: any correction that makes it readable is one.
    private static func readable(_ kind: RecordKind, _ document: String) -> UsageRecord? {
        do throws(CorrectionRefusal) { return try read(kind, document, "") } catch { return nil }
    }

    private static func fields(of document: String) -> RecordFields? {
        do throws(JSONFault) {
            guard case .record(let record)? = try JSONRecords(parsing: Array(document.utf8)).first else { return nil }
            return RecordFields(record)
        } catch {
            return nil
        }
    }

    private static func value(of field: String, in document: String) -> Core.JSONValue {
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: document)[field] ?? .null
        } catch {
            return .null
        }
    }
}

/// What a field holds.
private enum FieldShape {
    case text, stamp, hundredths
    case whole(from: Int)

    /// The JSON value that a person's text stands for.
    func value(of text: String, _ field: String) throws(CorrectionRefusal) -> Core.JSONValue {
        guard !text.isEmpty else { return .null }
        switch self {
        case .text, .stamp, .hundredths: return .string(text)
        case .whole:
            guard let number = Int(text) else { throw .unreadable(field: field, wanted: wanted) }
            return .number(String(number))
        }
    }

    var wanted: String {
        switch self {
        case .text: "a text"
        case .stamp: "a time such as 2026-11-22T10:00:00.000Z"
        case .hundredths: "a number such as 4.21"
        case .whole(let least): "a whole number of at least \(least)"
        }
    }
}
