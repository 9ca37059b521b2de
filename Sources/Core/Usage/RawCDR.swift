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

    /// An empty call of this key; the reader fills it.
    public init(id: UsageID, sipUUID: String) {
        self.id = id
        self.sipUUID = sipUUID
        start = .absent
        answer = .absent
        end = .absent
        created = .absent
    }

    /// The instant by which the call is rated (rule D2).
    public var ratingInstant: Instant? { answer.instant ?? start.instant ?? end.instant }
}
