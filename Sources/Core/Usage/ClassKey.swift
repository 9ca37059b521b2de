/// The classification key that maps to a SKU (rules K1–K4), such as `TERMINATING:DOMESTIC:INTERSTATE`.
public struct ClassKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The key as stored and mapped.
    public let text: String

    /// The key of this text.
    public init(_ text: String) {
        self.text = text
    }

    /// The same as `text`.
    public var description: String { text }

    /// By text: the order of invoice groups (rule I4).
    public static func < (left: ClassKey, right: ClassKey) -> Bool { left.text < right.text }

    public static let terminatingInterstate = ClassKey("TERMINATING:DOMESTIC:INTERSTATE")
    public static let terminatingIntrastate = ClassKey("TERMINATING:DOMESTIC:INTRASTATE")
    public static let terminatingLocal = ClassKey("TERMINATING:DOMESTIC:LOCAL")
    public static let terminatingIndeterminate = ClassKey("TERMINATING:DOMESTIC:INDETERMINATE")
    public static let terminatingTollFree = ClassKey("TERMINATING:TOLLFREE")
    public static let terminatingInternational = ClassKey("TERMINATING:INTERNATIONAL")
    public static let terminatingPremium = ClassKey("TERMINATING:PREMIUM")
    public static let terminatingService = ClassKey("TERMINATING:SERVICE")
    public static let terminatingEmergency = ClassKey("TERMINATING:EMERGENCY")
    public static let terminatingInvalid = ClassKey("TERMINATING:INVALID")
    public static let originatingDomestic = ClassKey("ORIGINATING:DOMESTIC")
    public static let originatingTollFree = ClassKey("ORIGINATING:TOLLFREE")
    public static let originatingInternational = ClassKey("ORIGINATING:INTERNATIONAL")
    public static let originatingInvalid = ClassKey("ORIGINATING:INVALID")
    public static let smsOutbound = ClassKey("SMS:OUTBOUND")
    public static let smsInbound = ClassKey("SMS:INBOUND")
    public static let smsUnknown = ClassKey("SMS:UNKNOWN")
    public static let mmsOutbound = ClassKey("MMS:OUTBOUND")
    public static let mmsInbound = ClassKey("MMS:INBOUND")
    public static let mmsUnknown = ClassKey("MMS:UNKNOWN")
    /// Voice of unknown direction (rule K3).
    public static let unknown = ClassKey("UNKNOWN")
    /// The line of monthly fees (rule I5).
    public static let recurring = ClassKey("RECURRING")

    /// The key of API queries (rule K3). The name is upper case already (rule A1).
    public static func api(_ name: String) -> ClassKey { ClassKey("API:" + name) }
}

/// The class of a call (rules K1–K3): what a ``ClassKey`` says, as one byte.
enum VoiceClass: UInt8, CaseIterable {
    case terminatingInterstate, terminatingIntrastate, terminatingLocal, terminatingIndeterminate
    case terminatingTollFree, terminatingInternational, terminatingPremium, terminatingService, terminatingEmergency
    case terminatingInvalid
    case originatingDomestic, originatingTollFree, originatingInternational, originatingInvalid
    case unknown

    var key: ClassKey {
        switch self {
        case .terminatingInterstate: .terminatingInterstate
        case .terminatingIntrastate: .terminatingIntrastate
        case .terminatingLocal: .terminatingLocal
        case .terminatingIndeterminate: .terminatingIndeterminate
        case .terminatingTollFree: .terminatingTollFree
        case .terminatingInternational: .terminatingInternational
        case .terminatingPremium: .terminatingPremium
        case .terminatingService: .terminatingService
        case .terminatingEmergency: .terminatingEmergency
        case .terminatingInvalid: .terminatingInvalid
        case .originatingDomestic: .originatingDomestic
        case .originatingTollFree: .originatingTollFree
        case .originatingInternational: .originatingInternational
        case .originatingInvalid: .originatingInvalid
        case .unknown: .unknown
        }
    }
}
