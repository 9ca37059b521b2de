/// A call as the switch reported it, once per call: the columns of `raw_cdr` (record type `voice.cdr`).
public struct RawCDR: Hashable, Sendable {
    /// The raw row's id, which the rated row takes over (M1).
    public var id: UsageID
    /// The key of the call (rule G8), 1–128 characters.
    public var sipUUID: String
    public var sipCallID: String?
    public var sipFrom: String?
    public var sipRPID: String?
    public var sipContact: String?
    public var sipRURI: String?
    public var sipPAI: String?
    public var sipPCI: String?
    public var customerBAN: BAN?
    public var rawANI: String?
    public var dni: String?
    public var direction: String?
    public var selectedVendor: VendorName?
    public var vendorTrunk: String?
    public var routingPartition: String?
    public var start: Stamp
    public var answer: Stamp
    public var end: Stamp
    public var created: Stamp

    /// The most characters that `sip_uuid` has.
    public static let maximumKeyLength = 128

    /// The instant by which the call is rated (rule D2).
    public var ratingInstant: Instant? { answer.instant ?? start.instant ?? end.instant }
}

// In an extension, so that both go by the initialiser of all members, which fills each once.
extension RawCDR {
    /// An empty call of this key.
    public init(id: UsageID, sipUUID: String) {
        self.init(id: id, sipUUID: sipUUID, start: .absent, answer: .absent, end: .absent, created: .absent)
    }

    /// A call of these fields, in the order of the columns.
    public init(
        _ id: UsageID, sipUUID: String, sipCallID: String?, sipFrom: String?, sipRPID: String?, sipContact: String?,
        sipRURI: String?, sipPAI: String?, sipPCI: String?, customerBAN: BAN?, rawANI: String?, dni: String?,
        direction: String?, selectedVendor: VendorName?, vendorTrunk: String?, routingPartition: String?,
        start: Stamp, answer: Stamp, end: Stamp, created: Stamp
    ) {
        self.init(
            id: id, sipUUID: sipUUID, sipCallID: sipCallID, sipFrom: sipFrom, sipRPID: sipRPID, sipContact: sipContact,
            sipRURI: sipRURI, sipPAI: sipPAI, sipPCI: sipPCI, customerBAN: customerBAN, rawANI: rawANI, dni: dni,
            direction: direction, selectedVendor: selectedVendor, vendorTrunk: vendorTrunk,
            routingPartition: routingPartition, start: start, answer: answer, end: end, created: created)
    }
}
