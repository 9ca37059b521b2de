/// A query that a customer made of one of our services (record type `api.usage`).
public struct APIUsage: Hashable, Sendable {
    /// How many queries the record counts (rule A1).
    public enum Quantity: Hashable, Sendable {
        /// At least 1; an absent quantity is 1.
        case count(Int)
        /// There, but no whole number of at least 1: the record is held.
        case invalid
    }

    /// The raw row's id.
    public var id: UsageID
    /// The key of the query (rule G8): the sender's `id`, 1–128 characters.
    public var key: String
    public var customerBAN: BAN?
    /// The service's name as sent; rule A1 trims it and makes it upper case.
    public var api: String?
    public var quantity: Quantity
    public var status: String?
    public var vendor: VendorName?
    public var at: Stamp
    public var created: Stamp

    /// An empty query of this key; the reader fills it.
    public init(id: UsageID, key: String) {
        self.id = id
        self.key = key
        quantity = .count(1)
        at = .absent
        created = .absent
    }
}

/// One record of any kind, as the door and the pollers hand it on.
public enum UsageRecord: Hashable, Sendable {
    case call(RawCDR)
    case attempt(VendorAttempt)
    case message(RawMDR)
    case receipt(DeliveryReceipt)
    case query(APIUsage)
}
