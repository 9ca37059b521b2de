import ArgumentParser
import Core
import Drivers
import Foundation
import Reference

/// Reference data from files, for commands that work without a database.
struct ReferenceOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "Folder of the reference data: CSV and JSON files.")
    var ref: String

    /// The folder. A fault of it ends the command with code 2.
    func load<Value>(_ body: (ReferenceDirectory) throws -> Value) throws -> Value {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: ref, isDirectory: &isFolder), isFolder.boolValue else {
            throw ReferenceOptions.fault("there is no folder \(ref)")
        }
        do {
            return try body(ReferenceDirectory(path: ref))
        } catch {
            throw ReferenceOptions.fault("\(error)")
        }
    }

    private static func fault(_ problem: String) -> ExitCode {
        Terminal.note("reference data: \(problem)")
        return ExitCode(2)
    }
}

/// How raw records are read that come from a file and not from a sender.
struct RecordOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The kind of records that have no record_type: cdr, mdr or api (default: by their key fields).",
        transform: recordKind(parsing:))
    var kind: RecordKind?

    @Option(
        name: .long,
        help: """
            When the records were received, as ISO 8601 (2026-11-22T17:00:00Z): records from later or from more than 13 months \
            before are held. Without it a record's own created_at decides.
            """, transform: instant(parsing:))
    var received: Instant?

    /// The one record of a line. A line holds one JSON object.
    func record(in line: LineReader.Line) throws(UnreadableRecord) -> UsageRecord {
        guard case .bytes(let bytes) = line else {
            throw UnreadableRecord(
                reason: RejectReason(.tooLong, field: "", message: "a line of more than 64 MiB"), kind: kind)
        }
        let records: JSONRecords
        do throws(JSONFault) {
            records = try JSONRecords(parsing: bytes)
        } catch {
            throw UnreadableRecord(reason: RejectReason(error), kind: kind)
        }
        guard let element = records.first, records.count == 1, records.form != .array else {
            throw UnreadableRecord(
                reason: RejectReason(.notAnObject, field: "", message: "a line holds one JSON object"), kind: kind)
        }
        return try record(element)
    }

    /// A record of a body.
    func record(_ element: JSONRecords.Element) throws(UnreadableRecord) -> UsageRecord {
        do throws(UnreadableRecord) {
            return try RecordReader.read(element).record
        } catch {
            // Only a record that names no kind is taken as the kind that was given, or that its key says.
            guard error.reason == RejectReason(.missing, field: "/record_type"), case .record(let record) = element,
                let kind = kind ?? RecordKind(keyOf: record)
            else { throw error }
            return try RecordReader.read(element, as: kind).record
        }
    }
}

extension RecordKind {
    /// The kind whose key a record without `record_type` carries; nil where that says nothing.
    fileprivate init?(keyOf record: JSONRecord) {
        if record.contains("sip_uuid") {
            self = record.contains("attempt_number") ? .vendorCDR : .cdr
        } else if record.contains("msgid") || record.contains("message_id") {
            self = record.contains("message_status") ? .dlr : .mdr
        } else if record.contains("api") {
            self = .api
        } else {
            return nil
        }
    }
}

/// What a command says beside its results.
enum Terminal {
    /// A line on standard error.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

extension UsageRecord {
    /// Why a record has no amount of its own; nil where it has one.
    var reasonForNoAmount: String? {
        switch self {
        case .attempt: "an attempt at a vendor is priced with its call"
        case .receipt: "a delivery receipt changes no charge"
        case .message(let message) where !message.isFinal: "an interim answer is evidence, the final one is charged"
        case .call, .message, .query: nil
        }
    }
}

private func recordKind(parsing text: String) throws -> RecordKind {
    guard let kind = RecordKind(name: text), [.cdr, .mdr, .api].contains(kind) else {
        throw ValidationError("--kind is cdr, mdr or api")
    }
    return kind
}

private func instant(parsing text: String) throws -> Instant {
    guard let instant = Instant(parsing: text) else { throw ValidationError("\(text) is no ISO 8601 time") }
    return instant
}
