import Core

/// Records as cases write them: by the columns of the raw tables. A field of a wrong type is read as an unreadable value and not
/// refused, for a case asks what the rules say and not what a door takes.
enum ConformanceRecords {
    /// Cases have no raw rows.
    static let noID = UsageID(Identifier128(high: 0, low: 0))

    static func call(_ json: JSONValue) -> RawCDR {
        var call = RawCDR(id: noID, sipUUID: json["sip_uuid"]?.string ?? "")
        call.sipCallID = json["sip_callid"]?.string
        call.sipFrom = json["sip_from"]?.string
        call.sipRPID = json["sip_rpid"]?.string
        call.sipContact = json["sip_contact"]?.string
        call.sipRURI = json["sip_ruri"]?.string
        call.sipPAI = json["sip_pai"]?.string
        call.sipPCI = json["sip_pci"]?.string
        call.customerBAN = ban(json)
        call.rawANI = json["raw_ani"]?.string
        call.dni = json["dni"]?.string
        call.direction = json["direction"]?.string
        call.selectedVendor = json["selected_vendor"]?.string.map(VendorName.init)
        call.vendorTrunk = json["vendor_trunk"]?.string
        call.routingPartition = json["routing_partition"]?.string
        call.start = stamp(json["start_stamp"])
        call.answer = stamp(json["answer_stamp"])
        call.end = stamp(json["end_stamp"])
        call.created = stamp(json["created_at"])
        return call
    }

    static func message(_ json: JSONValue) -> RawMDR {
        var message = RawMDR(id: noID, messageID: json["msgid"]?.string ?? "")
        message.customerBAN = ban(json)
        message.type = json["type"]?.string
        message.direction = json["direction"]?.string
        message.source = json["source"]?.string
        message.destination = json["destination"]?.string
        message.body = json["body"]?.string
        message.coding = json["coding"]?.integer
        message.segments = json["segments"]?.integer
        message.status = json["status"]?.string
        message.carrier = json["carrier"]?.string
        message.vendor = json["vendor"]?.string.map(VendorName.init)
        message.at = stamp(json["at"])
        message.created = stamp(json["created_at"])
        return message
    }

    static func query(_ json: JSONValue) -> APIUsage {
        var query = APIUsage(id: noID, key: json["id"]?.string ?? "")
        query.customerBAN = ban(json)
        query.api = json["api"]?.string
        if let quantity = json["quantity"], !quantity.isNull {
            query.quantity = quantity.integer.flatMap { $0 >= 1 ? .count($0) : nil } ?? .invalid
        }
        query.status = json["status"]?.string
        query.vendor = json["vendor"]?.string.map(VendorName.init)
        query.at = stamp(json["at"])
        query.created = stamp(json["created_at"])
        return query
    }

    /// The natural key of a record (rule G8); nil where it has none.
    static func key(of record: JSONValue, service: String) -> String? {
        let name =
            switch service {
            case "voice": "sip_uuid"
            case "api": "id"
            default: "msgid"
            }
        guard let key = record[name]?.string, !key.isEmpty else { return nil }
        return key
    }

    private static func ban(_ json: JSONValue) -> BAN? {
        guard let text = json["customer_ban"]?.string else { return nil }
        do throws(RejectReason) {
            return try BAN(parsing: text)
        } catch {
            return nil
        }
    }

    private static func stamp(_ json: JSONValue?) -> Stamp {
        guard let json, !json.isNull else { return .absent }
        return json.string.map { Stamp(parsing: $0) } ?? .unreadable
    }
}
