/// The streams that join the daemons. Names carry no deployment's prefix: `redis.keyPrefix` goes in front.
public enum StreamName: String, Sendable, CaseIterable {
    case rawCDR = "billing:usage:raw:cdr"
    case rawVendorCDR = "billing:usage:raw:vendor-cdr"
    case rawMDR = "billing:usage:raw:mdr"
    case rawAPI = "billing:usage:raw:api"
    case ratedUsage = "billing:usage:rated"
    case paymentsOrdered = "billing:payments:ordered"
    case paymentsReceived = "billing:payments:received"
    case walletEvents = "billing:wallet:events"

    /// Where entries go that nobody could decode.
    public var dead: String { rawValue + ":dead" }

    /// The consumer groups that a stream is kept for; a publisher trims what all of them have acknowledged (M4).
    public var groups: [StreamGroup] {
        switch self {
        case .rawCDR, .rawVendorCDR, .rawMDR, .rawAPI: [.poller]
        case .ratedUsage: [.wallet, .biller]
        case .paymentsOrdered, .paymentsReceived: [.wallet]
        case .walletEvents: []
        }
    }

    /// The type that the stream's entries carry; a changed meaning is a `.v2`.
    public var entryType: String {
        switch self {
        case .rawCDR: "raw-cdr.v1"
        case .rawVendorCDR: "raw-vendor-cdr.v1"
        case .rawMDR: "raw-mdr.v1"
        case .rawAPI: "raw-api-usage.v1"
        case .ratedUsage: "rated-usage.v1"
        case .paymentsOrdered: "payment-ordered.v1"
        case .paymentsReceived: "payment-received.v1"
        case .walletEvents: "wallet-event.v1"
        }
    }
}

/// The readers of a stream.
public enum StreamGroup: String, Sendable, CaseIterable {
    case poller, wallet, biller
}

/// The fields of one stream entry: a commit's batch (M4).
public enum EnvelopeField {
    /// The batch's id.
    public static let id = "id"
    /// The entry type, as `StreamName.entryType`.
    public static let type = "type"
    /// When it was published, as `Instant.text`.
    public static let at = "at"
    /// A JSON array, at most `maximumBodyBytes` long: for usage, of `UsageSpan`s.
    public static let body = "body"
    /// The most bytes of a body.
    public static let maximumBodyBytes = 65_536
}
