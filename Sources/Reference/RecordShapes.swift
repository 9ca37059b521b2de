import Core
import Drivers

/// Which fields make which record. Where two senders name a field differently, the first name that is there counts.
extension RecordReader {
    static func record(
        _ kind: RecordKind, _ fields: RecordFields, id: UsageID
    ) throws(RejectReason) -> UsageRecord {
        switch kind {
        case .cdr: .call(try call(fields, id))
        case .vendorCDR: .attempt(try attempt(fields, id))
        case .mdr: .message(try message(fields, id))
        case .api: .query(try query(fields, id))
        case .dlr: .receipt(try receipt(fields, id))
        }
    }

    private static func call(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> RawCDR {
        var call = RawCDR(id: id, sipUUID: try fields.key("sip_uuid"))
        call.sipCallID = try fields.text("sip_callid")
        call.sipFrom = try fields.text("sip_from")
        call.sipRPID = try fields.text("sip_rpid")
        call.sipContact = try fields.text("sip_contact")
        call.sipRURI = try fields.text("sip_ruri")
        call.sipPAI = try fields.text("sip_pai")
        call.sipPCI = try fields.text("sip_pci")
        call.customerBAN = try fields.ban("customer_ban")
        call.rawANI = try fields.text("raw_ani")
        call.dni = try fields.text("dni")
        call.direction = try fields.text("direction")
        call.selectedVendor = try fields.text("selected_vendor").map(VendorName.init)
        call.vendorTrunk = try fields.text("vendor_trunk")
        call.routingPartition = try fields.text("routing_partition")
        call.start = try fields.stamp("start_stamp")
        call.answer = try fields.stamp("answer_stamp")
        call.end = try fields.stamp("end_stamp")
        call.created = try fields.stamp("created_at")
        return call
    }

    private static func attempt(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> VendorAttempt {
        let sipUUID = try fields.key("sip_uuid")
        guard fields.has("attempt_number") else { throw RejectReason(.missing, field: "/attempt_number") }
        guard let attemptNumber = fields.integer("attempt_number") else {
            throw RejectReason(.type, field: "/attempt_number", message: "a whole number")
        }
        guard (1...10_000).contains(attemptNumber) else {
            throw RejectReason(.outOfRange, field: "/attempt_number", message: "from 1 to 10000")
        }
        var attempt = VendorAttempt(
            id: id, sipUUID: sipUUID, attemptNumber: attemptNumber, vendor: VendorName(try fields.key("vendor_name")))
        attempt.sipCallID = try fields.text("sip_callid")
        attempt.customerBAN = try fields.ban("customer_ban")
        attempt.vendorTrunk = try fields.text("vendor_trunk")
        attempt.start = try fields.stamp("start_stamp")
        attempt.answer = try fields.stamp("answer_stamp")
        attempt.end = try fields.stamp("end_stamp")
        attempt.disposition = try fields.text("disposition")
        attempt.sipResponseCode = fields.integer("sip_response_code")
        attempt.pddMilliseconds = fields.measure("pdd_ms")
        attempt.mosHundredths = fields.hundredths("mos_score")
        attempt.packetLossHundredths = fields.hundredths("packet_loss")
        attempt.jitterMilliseconds = fields.measure("jitter_ms")
        attempt.latencyMilliseconds = fields.measure("latency_ms")
        return attempt
    }

    private static func message(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> RawMDR {
        var message = RawMDR(id: id, messageID: try fields.key("message_id", "msgid"))
        message.customerBAN = try fields.ban("user_id", "customer_ban")
        message.type = try fields.text("service", "type")
        message.direction = try fields.text("direction")
        message.source = try fields.text("source_addr", "source")
        message.destination = try fields.text("destination_addr", "destination")
        message.body = try fields.text("body")
        message.coding = fields.integer("data_coding") ?? fields.integer("coding")
        message.segments = fields.integer("segments").flatMap { $0 >= 1 ? $0 : nil }
        message.status = try fields.text("status")
        message.carrier = try fields.text("carrier")
        message.vendor = try fields.text("vendor").map(VendorName.init)
        message.connector = try fields.text("connector_id", "connector")
        message.smscMessageID = try fields.text("smsc_message_id", "smsc_id")
        message.at = try fields.stamp("at", "submitted_at", "received_at")
        message.created = try fields.stamp("created_at")
        if fields.has("final") {
            guard let isFinal = fields.record.bool("final").value else {
                throw RejectReason(.type, field: "/final", message: "true or false")
            }
            message.isFinal = isFinal
        }
        return message
    }

    private static func query(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> APIUsage {
        var query = APIUsage(id: id, key: try fields.key("id"))
        query.customerBAN = try fields.ban("customer_ban")
        query.api = try fields.text("api")
        if fields.has("quantity") {
            query.quantity = fields.integer("quantity").flatMap { $0 >= 1 ? .count($0) : nil } ?? .invalid
        }
        query.status = try fields.text("status")
        query.vendor = try fields.text("vendor").map(VendorName.init)
        query.at = try fields.stamp("at")
        query.created = try fields.stamp("created_at")
        return query
    }

    private static func receipt(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> DeliveryReceipt {
        var receipt = DeliveryReceipt(id: id, status: try fields.key("message_status", "status"))
        receipt.messageID = try fields.text("message_id")
        receipt.smscMessageID = try fields.text("smsc_message_id", "smsc_id")
        guard receipt.messageID != nil || receipt.smscMessageID != nil else {
            throw RejectReason(.missing, field: "/smsc_message_id", message: "a receipt names its message")
        }
        receipt.connector = try fields.text("connector_id", "connector")
        receipt.errorCode = try fields.text("error_code", "err")
        receipt.received = try fields.stamp("received_at")
        return receipt
    }
}
