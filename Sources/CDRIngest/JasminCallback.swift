import Core
import Drivers

/// Jasmin's own callbacks as the records that they stand for (M9). A callback has no stamp: the instant of receipt is ours, and a repeat
/// of the same callback may differ in it.
enum JasminCallback {
    /// The record, as JSON. A callback without what a record needs makes a record without it, which the reader refuses by name.
    static func document(of form: FormFields, at door: IngestDoor, receivedAt: Instant) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch door {
            case .jasminDLR: receipt(form, to: &writer)
            default: message(form, to: &writer)
            }
            writer.field("received_at", receivedAt.text)
        }
        return writer.bytes
    }

    /// An inbound message: `id from to origin-connector content binary priority coding [validity]`. A long one comes joined and without
    /// the number of its parts, so its text is kept, from which the rules count them.
    private static func message(_ form: FormFields, to writer: inout JSONWriter) {
        // The content is the text's raw bytes, too, but their hexadecimal form survives any server's decoding.
        let content = form.bytes("binary").flatMap { Digest.bytes(hex: String(decoding: $0, as: UTF8.self)) }
        let bytes = content ?? form.bytes("content") ?? []
        let coding = form.bytes("coding").flatMap { $0.count == 1 ? Int($0[0]) : nil }
        writer.field("record_type", "sms.mdr")
        writer.field("direction", "mo")
        writer.field("service", "sms")
        writer.field("message_id", form.text("id"))
        writer.field("source_addr", form.text("from"))
        writer.field("destination_addr", form.text("to"))
        writer.field("connector_id", form.text("origin-connector"))
        writer.field("data_coding", coding)
        writer.field("content_bytes", bytes.count)
        if let text = MessageText.text(of: bytes, coding: coding ?? 0) {
            writer.field("body", text)
        } else {
            writer.field("segments", MessageText.segments(ofBinary: bytes.count))
        }
        writer.field("priority", form.text("priority"))
        writer.field("validity", form.text("validity"))
        writer.field("status", "RECEIVED")
    }

    /// A delivery receipt: `id level message_status connector`, and from the SMSC `id_smsc sub dlvrd subdate donedate err text` beside it.
    /// At level 2 `connector` is the SMSC's id of the message, not a connector's.
    private static func receipt(_ form: FormFields, to writer: inout JSONWriter) {
        let smscID = form.text("id_smsc")
        let connector = form.text("connector")
        writer.field("record_type", "sms.dlr")
        writer.field("message_id", form.text("id"))
        writer.field("smsc_message_id", smscID)
        writer.field("connector_id", smscID == nil || connector != smscID ? connector : nil)
        writer.field("level", form.text("level"))
        writer.field("message_status", form.text("message_status"))
        writer.field("error_code", form.text("err"))
        writer.field("submit_date", form.text("subdate"))
        writer.field("done_date", form.text("donedate"))
        writer.field("sub", form.text("sub"))
        writer.field("dlvrd", form.text("dlvrd"))
        writer.field("text", form.text("text"))
    }
}
