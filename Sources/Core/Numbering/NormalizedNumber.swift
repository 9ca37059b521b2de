/// What a text turned out to be (section N): one number of a kind, or why it is none.
public struct NormalizedNumber: Hashable, Sendable {
    public var kind: NumberKind
    /// The E.164 number, where the kind has one.
    public var number: PhoneNumber?
    public var country: Country?
    /// 911, 411, 72345; 411 for NPA-555-1212.
    public var serviceCode: UInt32?
    /// Why an invalid text is no number.
    public var reason: NumberFault?
    /// The routing number that the user part carries (rule N12).
    public var rn: NationalNumber?
    /// Whether the user part says that the number was dipped.
    public var npdi = false
    public var flags = Flags.none

    /// A text of this kind and nothing more.
    public init(_ kind: NumberKind) {
        self.kind = kind
    }

    /// A text that is no number.
    init(invalid reason: NumberFault, flags: Flags = .none) {
        kind = .invalid
        self.reason = reason
        self.flags = flags
    }

    /// The ten digits behind +1.
    public var national: NationalNumber? { number?.national }

    /// What a record shows of it: the number, else the service code (rule E7).
    public var dialled: DialledNumber? {
        if let number { return .number(number) }
        return serviceCode.map(DialledNumber.code)
    }
}

/// Why a text is no number (section N).
public enum NumberFault: String, Sendable, CaseIterable {
    case noUser = "NO_USER"
    case badCharacters = "BAD_CHARS"
    case badLength = "BAD_LENGTH"
    case tooShort = "TOO_SHORT"
    case tooLong = "TOO_LONG"
    case invalidNPA = "INVALID_NPA"
    case unassignedNPA = "UNASSIGNED_NPA"
    case tollFreeReserved = "TOLLFREE_RESERVED"
    case invalidNXX = "INVALID_NXX"
    case fictitious555 = "FICTITIOUS_555"
    case unknownCountryCode = "UNKNOWN_COUNTRY_CODE"
}

/// Where a number stands: short codes are numbers in messages only (rule N7).
public enum NumberContext: String, Sendable {
    case voice, sms
}
