import Drivers

/// The names of the fields of all records.
enum RecordName: Int, CaseIterable {
    case answerStamp, api, at, attemptNumber, body, carrier, coding, connector, connectorID, createdAt, customerBAN
    case dataCoding, destination, destinationAddr, direction, disposition, dni, doneDate, endStamp, err, errorCode, id
    case isFinal, jitterMilliseconds, latencyMilliseconds, messageID, messageStatus, mosScore, msgid, packetLoss
    case pddMilliseconds, quantity, rawANI, receivedAt, recordType, routingPartition, segments, selectedVendor
    case service, sipCallID, sipContact, sipFrom, sipPAI, sipPCI, sipResponseCode, sipRPID, sipRURI, sipUUID, smscID
    case smscMessageID, source, sourceAddr, startStamp, status, submittedAt, type, userID, vendor, vendorName
    case vendorTrunk

    /// All of them, each found by its raw value.
    static let all = JSONNames(allCases.map(\.text))

    /// Where a refusal points.
    var pointer: String { "/" + text }

    /// As senders write it.
    private var text: String {
        switch self {
        case .answerStamp: "answer_stamp"
        case .api: "api"
        case .at: "at"
        case .attemptNumber: "attempt_number"
        case .body: "body"
        case .carrier: "carrier"
        case .coding: "coding"
        case .connector: "connector"
        case .connectorID: "connector_id"
        case .createdAt: "created_at"
        case .customerBAN: "customer_ban"
        case .dataCoding: "data_coding"
        case .destination: "destination"
        case .destinationAddr: "destination_addr"
        case .direction: "direction"
        case .disposition: "disposition"
        case .dni: "dni"
        case .doneDate: "done_date"
        case .endStamp: "end_stamp"
        case .err: "err"
        case .errorCode: "error_code"
        case .id: "id"
        case .isFinal: "final"
        case .jitterMilliseconds: "jitter_ms"
        case .latencyMilliseconds: "latency_ms"
        case .messageID: "message_id"
        case .messageStatus: "message_status"
        case .mosScore: "mos_score"
        case .msgid: "msgid"
        case .packetLoss: "packet_loss"
        case .pddMilliseconds: "pdd_ms"
        case .quantity: "quantity"
        case .rawANI: "raw_ani"
        case .receivedAt: "received_at"
        case .recordType: "record_type"
        case .routingPartition: "routing_partition"
        case .segments: "segments"
        case .selectedVendor: "selected_vendor"
        case .service: "service"
        case .sipCallID: "sip_callid"
        case .sipContact: "sip_contact"
        case .sipFrom: "sip_from"
        case .sipPAI: "sip_pai"
        case .sipPCI: "sip_pci"
        case .sipResponseCode: "sip_response_code"
        case .sipRPID: "sip_rpid"
        case .sipRURI: "sip_ruri"
        case .sipUUID: "sip_uuid"
        case .smscID: "smsc_id"
        case .smscMessageID: "smsc_message_id"
        case .source: "source"
        case .sourceAddr: "source_addr"
        case .startStamp: "start_stamp"
        case .status: "status"
        case .submittedAt: "submitted_at"
        case .type: "type"
        case .userID: "user_id"
        case .vendor: "vendor"
        case .vendorName: "vendor_name"
        case .vendorTrunk: "vendor_trunk"
        }
    }
}
