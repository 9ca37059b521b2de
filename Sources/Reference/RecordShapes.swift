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

    /// Made in one step, without an empty call to fill: these are nearly all records.
    private static func call(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> RawCDR {
        RawCDR(
            id,
            sipUUID: try fields.key(.sipUUID),
            sipCallID: try fields.text(.sipCallID),
            sipFrom: try fields.text(.sipFrom),
            sipRPID: try fields.text(.sipRPID),
            sipContact: try fields.text(.sipContact),
            sipRURI: try fields.text(.sipRURI),
            sipPAI: try fields.text(.sipPAI),
            sipPCI: try fields.text(.sipPCI),
            customerBAN: try fields.ban(.customerBAN),
            rawANI: try fields.text(.rawANI),
            dni: try fields.text(.dni),
            direction: try fields.text(.direction),
            selectedVendor: try fields.text(.selectedVendor).map(VendorName.init),
            vendorTrunk: try fields.text(.vendorTrunk),
            routingPartition: try fields.text(.routingPartition),
            start: try fields.stamp(.startStamp),
            answer: try fields.stamp(.answerStamp),
            end: try fields.stamp(.endStamp),
            created: try fields.stamp(.createdAt))
    }

    private static func attempt(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> VendorAttempt {
        let sipUUID = try fields.key(.sipUUID)
        guard fields.has(.attemptNumber) else { throw RejectReason(.missing, field: "/attempt_number") }
        guard let attemptNumber = fields.integer(.attemptNumber) else {
            throw RejectReason(.type, field: "/attempt_number", message: "a whole number")
        }
        guard (1...10_000).contains(attemptNumber) else {
            throw RejectReason(.outOfRange, field: "/attempt_number", message: "from 1 to 10000")
        }
        var attempt = VendorAttempt(
            id: id, sipUUID: sipUUID, attemptNumber: attemptNumber, vendor: VendorName(try fields.key(.vendorName)))
        attempt.sipCallID = try fields.text(.sipCallID)
        attempt.customerBAN = try fields.ban(.customerBAN)
        attempt.vendorTrunk = try fields.text(.vendorTrunk)
        attempt.start = try fields.stamp(.startStamp)
        attempt.answer = try fields.stamp(.answerStamp)
        attempt.end = try fields.stamp(.endStamp)
        attempt.disposition = try fields.text(.disposition)
        attempt.sipResponseCode = fields.integer(.sipResponseCode)
        attempt.pddMilliseconds = fields.measure(.pddMilliseconds)
        attempt.mosHundredths = fields.hundredths(.mosScore)
        attempt.packetLossHundredths = fields.hundredths(.packetLoss)
        attempt.jitterMilliseconds = fields.measure(.jitterMilliseconds)
        attempt.latencyMilliseconds = fields.measure(.latencyMilliseconds)
        return attempt
    }

    private static func message(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> RawMDR {
        var message = RawMDR(id: id, messageID: try fields.key(.messageID, or: .msgid))
        message.customerBAN = try fields.ban(.userID, or: .customerBAN)
        message.type = try fields.text(.service, .type)
        message.direction = try fields.text(.direction)
        message.source = try fields.text(.sourceAddr, .source)
        message.destination = try fields.text(.destinationAddr, .destination)
        message.body = try fields.text(.body)
        message.coding = fields.integer(.dataCoding) ?? fields.integer(.coding)
        message.segments = fields.integer(.segments).flatMap { $0 >= 1 ? $0 : nil }
        message.status = try fields.text(.status)
        message.carrier = try fields.text(.carrier)
        message.vendor = try fields.text(.vendor).map(VendorName.init)
        message.connector = try fields.text(.connectorID, .connector)
        message.smscMessageID = try fields.text(.smscMessageID, .smscID)
        message.at = try fields.stamp(.at, or: [.submittedAt, .receivedAt])
        message.created = try fields.stamp(.createdAt)
        if fields.has(.isFinal) {
            guard let isFinal = fields.bool(.isFinal) else {
                throw RejectReason(.type, field: "/final", message: "true or false")
            }
            message.isFinal = isFinal
        }
        return message
    }

    private static func query(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> APIUsage {
        var query = APIUsage(id: id, key: try fields.key(.id))
        query.customerBAN = try fields.ban(.customerBAN)
        query.api = try fields.text(.api)
        if fields.has(.quantity) {
            query.quantity = fields.integer(.quantity).flatMap { $0 >= 1 ? .count($0) : nil } ?? .invalid
        }
        query.status = try fields.text(.status)
        query.vendor = try fields.text(.vendor).map(VendorName.init)
        query.at = try fields.stamp(.at)
        query.created = try fields.stamp(.createdAt)
        return query
    }

    private static func receipt(_ fields: RecordFields, _ id: UsageID) throws(RejectReason) -> DeliveryReceipt {
        var receipt = DeliveryReceipt(id: id, status: try fields.key(.messageStatus, or: .status))
        receipt.messageID = try fields.text(.messageID)
        receipt.smscMessageID = try fields.text(.smscMessageID, .smscID)
        guard receipt.messageID != nil || receipt.smscMessageID != nil else {
            throw RejectReason(.missing, field: "/smsc_message_id", message: "a receipt names its message")
        }
        receipt.connector = try fields.text(.connectorID, .connector)
        receipt.errorCode = try fields.text(.errorCode, .err)
        receipt.received = try fields.stamp(.receivedAt)
        return receipt
    }
}
