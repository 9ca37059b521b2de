import Core
import DaemonKit
import Reference

/// A call that is about to begin, as a switch tells of it.
package struct CallQuestion: Decodable, Sendable {
    let sipUUID: String
    let customerBAN: String
    let ani: String?
    let dni: String
    let direction: String?
    let vendor: String?

    /// A question about a call of an account, as texts that are still to be checked.
    package init(
        sipUUID: String, customerBAN: String, ani: String?, dni: String, direction: String? = nil, vendor: String? = nil
    ) {
        self.sipUUID = sipUUID
        self.customerBAN = customerBAN
        self.ani = ani
        self.dni = dni
        self.direction = direction
        self.vendor = vendor
    }

    private enum CodingKeys: String, CodingKey {
        case ani, dni, direction, vendor
        case sipUUID = "sip_uuid"
        case customerBAN = "customer_ban"
    }

    /// What tells a repeat from another call of the same name.
    var identity: Identifier128 {
        let parts = [customerBAN, ani ?? "", dni, direction ?? "", vendor ?? ""]
        return Identifier128.named(by: Array(parts.joined(separator: "\u{0}").utf8))
    }

    /// The call as its record will be, as far as it is known.
    func call() throws(APIError) -> RawCDR {
        var call = RawCDR(
            id: UsageID(Identifier128(high: 0, low: 0)), sipUUID: try CallName(sipUUID: sipUUID).checked())
        do throws(RejectReason) {
            call.customerBAN = try BAN(parsing: customerBAN)
        } catch {
            throw .invalid(
                pointer: error.field, reason: error.code.rawValue, detail: "customer_ban is an account number")
        }
        call.rawANI = ani
        call.dni = dni
        call.direction = direction ?? "terminating"
        call.selectedVendor = vendor.map { VendorName($0) }
        return call
    }
}

/// A call that was asked for before.
struct CallName: Decodable {
    let sipUUID: String

    enum CodingKeys: String, CodingKey {
        case sipUUID = "sip_uuid"
    }

    func checked() throws(APIError) -> String {
        guard (1...128).contains(sipUUID.utf8.count) else {
            throw .invalid(pointer: "/sip_uuid", reason: "BAD_ID", detail: "sip_uuid has 1 to 128 bytes")
        }
        return sipUUID
    }
}

/// A call that is over.
struct CallEnd: Decodable {
    let sipUUID: String
    let seconds: Int

    private enum CodingKeys: String, CodingKey {
        case sipUUID = "sip_uuid"
        case seconds
    }
}
