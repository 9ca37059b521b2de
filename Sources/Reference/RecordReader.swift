public import Core
public import Drivers

/// A record as it was read, with what decides whether it was seen before (rule G8, M1). Handed on by reference: a record holds some twenty
/// texts, and a copy would count a reference to each.
public final class RecordReading: Sendable {
    /// What was read. Its id is `keyHash`; a conflict is given another one when it is stored.
    public let record: UsageRecord
    /// Under which the sender knows it: `sip_uuid`, `message_id`, …
    public let naturalKey: String
    /// The first 128 bits of SHA-256 over kind and natural key, as a version 8 UUID: the id of the raw and of the rated row.
    public let keyHash: Identifier128
    /// Equal for equal JSON values, whatever their bytes.
    public let contentHash: Identifier128

    /// The kind of record.
    public let kind: RecordKind

    init(record: UsageRecord, kind: RecordKind, naturalKey: String, keyHash: Identifier128, contentHash: Identifier128)
    {
        self.record = record
        self.kind = kind
        self.naturalKey = naturalKey
        self.keyHash = keyHash
        self.contentHash = contentHash
    }
}

/// Bytes that are no record: why, and which kind they would have been, where that can be told.
public struct UnreadableRecord: Error, Hashable, Sendable {
    /// Why, and where.
    public let reason: RejectReason
    /// The kind that `record_type` names, or else the one that the door takes.
    public let kind: RecordKind?

    /// Bytes that are no record, for this reason.
    public init(reason: RejectReason, kind: RecordKind?) {
        self.reason = reason
        self.kind = kind
    }
}

/// JSON to records, in the shapes that Kamailio, Jasmin's forwarder and our own services send.
public enum RecordReader {
    /// Reads one record. Unknown fields are fine; dirty content is held later, only a wrong shape is refused.
    /// - Parameters:
    ///   - door: the only kind that is taken here, which a record without `record_type` then is; nil takes every kind.
    ///   - incidental: fields that a repeat need not share with the first, beside those of its kind.
    public static func read(
        _ element: JSONRecords.Element, as door: RecordKind? = nil, leavingOut incidental: Set<String> = []
    ) throws(UnreadableRecord) -> RecordReading {
        let record: JSONRecord
        switch element {
        case .record(let found): record = found
        case .broken(let fault, let bytes): throw UnreadableRecord(reason: reason(fault, bytes), kind: door)
        }
        let fields = RecordFields(record)
        var kind = door
        do throws(RejectReason) {
            let named = try namedKind(fields)
            kind = named ?? door
            guard let kind else { throw RejectReason(.missing, field: "/record_type") }
            guard door == nil || door == kind else {
                throw RejectReason(
                    .unknownRecordType, field: "/record_type", message: "a record of kind \(kind.name) has another door"
                )
            }
            return try reading(kind, record, fields, leavingOut: incidental)
        } catch {
            throw UnreadableRecord(reason: error, kind: kind)
        }
    }

    /// Reads a stored document again, under the id of its row.
    /// - Throws: the reason, where the document is none of this kind (an older reader took it).
    public static func record(
        _ kind: RecordKind, document: [UInt8], id: UsageID
    ) throws(RejectReason) -> UsageRecord {
        let elements: JSONRecords
        do throws(JSONFault) {
            elements = try JSONRecords(parsing: document)
        } catch {
            throw RejectReason(error)
        }
        guard let first = elements.first else { throw RejectReason(.notJSON, field: "") }
        return try record(kind, first, id: id)
    }

    /// Reads one record of a body whose kind and id are known.
    /// - Throws: the reason, where it is none of this kind.
    public static func record(
        _ kind: RecordKind, _ element: JSONRecords.Element, id: UsageID
    ) throws(RejectReason) -> UsageRecord {
        switch element {
        case .record(let found): return try record(kind, RecordFields(found), id: id)
        case .broken(let fault, _): throw RejectReason(fault)
        }
    }

    /// The id of a record: what every table knows it by.
    public static func id(_ kind: RecordKind, naturalKey: String) -> Identifier128 {
        .named(by: [kind.rawValue] + Array(naturalKey.utf8))
    }

    /// What is no object may be no JSON either.
    private static func reason(_ fault: JSONFault, _ bytes: ArraySlice<UInt8>) -> RejectReason {
        guard fault.reason == .notAnObject else { return RejectReason(fault) }
        do throws(Core.JSONValue.ParsingError) {
            _ = try Core.JSONValue(parsing: bytes)
            return RejectReason(fault)
        } catch {
            return RejectReason(.notJSON, field: "", message: "\(error.message) at byte \(fault.offset + error.offset)")
        }
    }

    private static func namedKind(_ fields: RecordFields) throws(RejectReason) -> RecordKind? {
        guard let type = try fields.text(.recordType) else { return nil }
        guard let kind = RecordKind(recordType: type) else {
            throw RejectReason(.unknownRecordType, field: "/record_type")
        }
        return kind
    }

    private static func reading(
        _ kind: RecordKind, _ source: JSONRecord, _ fields: RecordFields, leavingOut incidental: Set<String>
    ) throws(RejectReason) -> RecordReading {
        var record = try record(kind, fields, id: UsageID(Identifier128(high: 0, low: 0)))
        let naturalKey = try naturalKey(of: record, fields)
        let id = id(kind, naturalKey: naturalKey)
        record.id = UsageID(id)
        return RecordReading(
            record: record, kind: kind, naturalKey: naturalKey, keyHash: id,
            contentHash: .digest(
                of:
                    RecordContent.canonicalBytes(of: source, leavingOut: incidentalFields(kind).union(incidental))))
    }

    private static func naturalKey(of record: UsageRecord, _ fields: RecordFields) throws(RejectReason) -> String {
        switch record {
        case .call(let call): return call.sipUUID
        case .attempt(let attempt): return "\(attempt.sipUUID)|\(attempt.attemptNumber)"
        case .message(let message):
            // Evidence must not take the key of the message that another answer will settle (M9).
            return message.isFinal ? message.messageID : "\(message.messageID)|interim|\(message.status ?? "")"
        case .query(let query): return query.key
        case .receipt(let receipt):
            let message = receipt.smscMessageID ?? receipt.messageID ?? ""
            return [receipt.connector ?? "", message, receipt.status, try fields.text(.doneDate) ?? ""]
                .joined(separator: "|")
        }
    }

    /// What a repeat need not share with the first: a receipt that the SMSC sent twice arrives at two moments.
    private static func incidentalFields(_ kind: RecordKind) -> Set<String> {
        kind == .dlr ? ["received_at"] : []
    }

}

extension RejectReason {
    /// What the parser found, as the sender is told.
    public init(_ fault: JSONFault) {
        let code: RejectReason.Code =
            switch fault.reason {
            case .notAnObject: .notAnObject
            case .tooLarge, .tooDeep, .tooManyFields: .tooLong
            case .nulCharacter, .numberOutOfRange: .outOfRange
            case .empty, .malformed, .invalidUTF8, .badValue, .badEscape: .notJSON
            }
        self.init(code, field: "", message: "\(fault.reason.rawValue) at byte \(fault.offset)")
    }
}

extension UsageRecord {
    /// The id of its raw row.
    public var id: UsageID {
        get {
            switch self {
            case .call(let call): call.id
            case .attempt(let attempt): attempt.id
            case .message(let message): message.id
            case .receipt(let receipt): receipt.id
            case .query(let query): query.id
            }
        }
        set {
            switch self {
            case .call(var call):
                call.id = newValue
                self = .call(call)
            case .attempt(var attempt):
                attempt.id = newValue
                self = .attempt(attempt)
            case .message(var message):
                message.id = newValue
                self = .message(message)
            case .receipt(var receipt):
                receipt.id = newValue
                self = .receipt(receipt)
            case .query(var query):
                query.id = newValue
                self = .query(query)
            }
        }
    }
}
