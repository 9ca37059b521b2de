/// A message as the gateway reported it (record types `sms.mdr`, `mms.mdr`).
public struct RawMDR: Hashable, Sendable {
    /// The raw row's id.
    public var id: UsageID
    /// The key of the message (rule G8), 1–128 characters.
    public var messageID: String
    /// Null for an inbound message of a gateway that knows no user: the number called names the customer (M9).
    public var customerBAN: BAN?
    /// `sms` or `mms`, any case.
    public var type: String?
    /// MT, MO, outbound, inbound, any case.
    public var direction: String?
    public var source: String?
    public var destination: String?
    /// The text, where the gateway keeps it.
    public var body: String?
    /// The SMPP data coding; 8 is UCS-2.
    public var coding: Int?
    /// The segments that the gateway counted; nil where it gave none that is at least 1.
    public var segments: Int?
    /// A word of rule S4, or an SMPP status as `ESME_ROK` (M9), any case.
    public var status: String?
    /// The other party's carrier, by which surcharges go (rule S6).
    public var carrier: String?
    public var vendor: VendorName?
    /// The gateway's connector, which stands for a vendor (M9).
    public var connector: String?
    /// The vendor's id of the message, by which statements and receipts name it.
    public var smscMessageID: String?
    /// When it was submitted, or received.
    public var at: Stamp
    public var created: Stamp
    /// False for an answer that another will follow: evidence, not usage (M9).
    public var isFinal: Bool

    /// An empty message of this key; the reader fills it.
    public init(id: UsageID, messageID: String) {
        self.id = id
        self.messageID = messageID
        at = .absent
        created = .absent
        isFinal = true
    }
}

/// What became of a message at the handset (record type `sms.dlr`). It changes no charge.
public struct DeliveryReceipt: Hashable, Sendable {
    /// The raw row's id.
    public var id: UsageID
    /// Our message, where the gateway still knew it.
    public var messageID: String?
    /// The vendor's id of the message. One of the two ids is there.
    public var smscMessageID: String?
    public var connector: String?
    /// As sent: DELIVRD, UNDELIV, EXPIRED, REJECTD …
    public var status: String
    public var errorCode: String?
    public var received: Stamp

    /// An empty receipt of this status; the reader fills it.
    public init(id: UsageID, status: String) {
        self.id = id
        self.status = status
        received = .absent
    }
}
