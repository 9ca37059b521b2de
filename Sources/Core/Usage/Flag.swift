/// What is worth knowing about a record beside its amounts (rule G5). Cases stand in ASCII order of their names.
public enum Flag: UInt8, CaseIterable, Sendable {
    case amountOverflow, aniFallbackBTN, aniForeign, aniInvalid, aniMissing, aniRestricted, aniTollFree
    case badQuantity, badStatus, badTimestamp, badType, clockSkew, defaultPlanUsed, dniInvalid
    case duplicateConflict, excessiveDuration, futureTimestamp, grace, iddPrefix, lergMiss, lrnNotInLERG
    case lrnTimeout, marginAlert, missingEnd, mexicoLegacy1, negativeDuration, negativeMargin, nonGeographic
    case noCall, noPlan, noPlus, noRate, noTimestamp, noVendorRate, respOrgMiss, rnInvalid, ruriDNIMismatch
    case satellite, segmentsAssumed, segmentMismatch, skuUnmapped, stateUnknown, tooOld, unknownCustomer
    case unknownDirection, zeroDuration, zeroRated

    /// The flag as stored and shown.
    public var name: String {
        switch self {
        case .amountOverflow: "AMOUNT_OVERFLOW"
        case .aniFallbackBTN: "ANI_FALLBACK_BTN"
        case .aniForeign: "ANI_FOREIGN"
        case .aniInvalid: "ANI_INVALID"
        case .aniMissing: "ANI_MISSING"
        case .aniRestricted: "ANI_RESTRICTED"
        case .aniTollFree: "ANI_TOLLFREE"
        case .badQuantity: "BAD_QUANTITY"
        case .badStatus: "BAD_STATUS"
        case .badTimestamp: "BAD_TIMESTAMP"
        case .badType: "BAD_TYPE"
        case .clockSkew: "CLOCK_SKEW"
        case .defaultPlanUsed: "DEFAULT_PLAN_USED"
        case .dniInvalid: "DNI_INVALID"
        case .duplicateConflict: "DUPLICATE_CONFLICT"
        case .excessiveDuration: "EXCESSIVE_DURATION"
        case .futureTimestamp: "FUTURE_TIMESTAMP"
        case .grace: "GRACE"
        case .iddPrefix: "IDD_PREFIX"
        case .lergMiss: "LERG_MISS"
        case .lrnNotInLERG: "LRN_NOT_IN_LERG"
        case .lrnTimeout: "LRN_TIMEOUT"
        case .marginAlert: "MARGIN_ALERT"
        case .missingEnd: "MISSING_END"
        case .mexicoLegacy1: "MX_LEGACY_1"
        case .negativeDuration: "NEGATIVE_DURATION"
        case .negativeMargin: "NEGATIVE_MARGIN"
        case .nonGeographic: "NON_GEOGRAPHIC"
        case .noCall: "NO_CALL"
        case .noPlan: "NO_PLAN"
        case .noPlus: "NO_PLUS"
        case .noRate: "NO_RATE"
        case .noTimestamp: "NO_TIMESTAMP"
        case .noVendorRate: "NO_VENDOR_RATE"
        case .respOrgMiss: "RESPORG_MISS"
        case .rnInvalid: "RN_INVALID"
        case .ruriDNIMismatch: "RURI_DNI_MISMATCH"
        case .satellite: "SATELLITE"
        case .segmentsAssumed: "SEGMENTS_ASSUMED"
        case .segmentMismatch: "SEGMENT_MISMATCH"
        case .skuUnmapped: "SKU_UNMAPPED"
        case .stateUnknown: "STATE_UNKNOWN"
        case .tooOld: "TOO_OLD"
        case .unknownCustomer: "UNKNOWN_CUSTOMER"
        case .unknownDirection: "UNKNOWN_DIRECTION"
        case .zeroDuration: "ZERO_DURATION"
        case .zeroRated: "ZERO_RATED"
        }
    }

    /// A flag by its name; nil for a name that is none.
    public init?(name: String) {
        guard let flag = Flag.byName[name] else { return nil }
        self = flag
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}

/// A set of flags (rule G5), unique and sorted by ASCII where it is read out. One bit each; the bits are never stored.
public struct Flags: Hashable, Sendable, ExpressibleByArrayLiteral {
    private var bits: UInt64

    /// No flag.
    public static let none = Flags(bits: 0)

    private init(bits: UInt64) {
        self.bits = bits
    }

    /// The flags of a literal.
    public init(arrayLiteral elements: Flag...) {
        self.init(elements)
    }

    /// The flags of a sequence.
    public init(_ flags: some Sequence<Flag>) {
        bits = 0
        for flag in flags { insert(flag) }
    }

    /// Whether there is none.
    public var isEmpty: Bool { bits == 0 }

    /// Whether the flag is raised.
    public func contains(_ flag: Flag) -> Bool { bits & flag.bit != 0 }

    /// Whether any of these flags is raised.
    public func containsAny(of other: Flags) -> Bool { bits & other.bits != 0 }

    /// Raises a flag.
    public mutating func insert(_ flag: Flag) { bits |= flag.bit }

    /// Takes a flag back.
    mutating func remove(_ flag: Flag) { bits &= ~flag.bit }

    /// Raises the flags of another set.
    public mutating func formUnion(_ other: Flags) { bits |= other.bits }

    /// The flags of both sets.
    public func union(_ other: Flags) -> Flags { Flags(bits: bits | other.bits) }

    /// The raised flags, sorted by ASCII.
    public var sorted: [Flag] {
        guard bits != 0 else { return [] }
        return Flag.allCases.filter(contains)
    }

    /// Their names, sorted by ASCII.
    public var names: [String] { sorted.map { $0.name } }
}

extension Flag {
    /// Its place among the cases, as a bit.
    fileprivate var bit: UInt64 { UInt64(1) << UInt64(rawValue) }
}
