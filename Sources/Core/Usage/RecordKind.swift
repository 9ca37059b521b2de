/// The kinds of records that senders hand over: each has a table, a sequence and keys of its own.
///
/// The raw value stands in `record_keys.kind` and is the first byte of what a key's hash is made of.
public enum RecordKind: UInt8, Sendable, CaseIterable {
    case cdr = 1
    case vendorCDR = 2
    case mdr = 3
    case api = 4
    case dlr = 5

    /// As it stands in counts, metrics and a source's list of kinds.
    public var name: String {
        switch self {
        case .cdr: "cdr"
        case .vendorCDR: "vendor-cdr"
        case .mdr: "mdr"
        case .api: "api"
        case .dlr: "dlr"
        }
    }

    /// Under which records that name no kind are counted.
    public static let unknownName = "unknown"

    /// The kind of this name; nil where there is none.
    public init?(name: String) {
        guard let kind = RecordKind.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// The kind that a record's `record_type` names; nil where it names none.
    public init?(recordType: String) {
        switch recordType {
        case "voice.cdr": self = .cdr
        case "voice.attempt": self = .vendorCDR
        case "sms.mdr", "mms.mdr": self = .mdr
        case "api.usage": self = .api
        case "sms.dlr": self = .dlr
        default: return nil
        }
    }

    /// The kind of a record that was read.
    public init(of record: UsageRecord) {
        switch record {
        case .call: self = .cdr
        case .attempt: self = .vendorCDR
        case .message: self = .mdr
        case .query: self = .api
        case .receipt: self = .dlr
        }
    }

    /// The table's name in schema `billing`, which is the kind of its sequence too (M2).
    public var table: String {
        switch self {
        case .cdr: "raw_cdr"
        case .vendorCDR: "raw_vendor_cdr"
        case .mdr: "raw_mdr"
        case .api: "raw_api_usage"
        case .dlr: "raw_dlr"
        }
    }

    /// What its doorbell announces; nil for a receipt, which changes no charge.
    public var fact: FactKind? {
        switch self {
        case .cdr: .rawCDR
        case .vendorCDR: .rawVendorCDR
        case .mdr: .rawMDR
        case .api: .rawAPIUsage
        case .dlr: nil
        }
    }
}
