/// What became of a record (rule G6).
public enum UsageStatus: String, Sendable, CaseIterable {
    /// The charge is known; it may be 0.
    case rated
    /// Unanswered, failed: charge 0.
    case notBillable = "not_billable"
    /// Dirty: a person must look. No charge.
    case held
    /// No rate, no plan, or not classifiable. No charge.
    case unrated
}

/// What kind of service a record used.
public enum UsageService: String, Sendable, CaseIterable {
    case voice, sms, mms, api
}

/// A record after rating: amounts, status, and the evidence by which a person can rate it again years later (rule E7).
///
/// Fields without a value are nil (rule G9). The JSON form is in `RatedUsageJSON`.
public struct RatedUsage: Hashable, Sendable {
    /// The raw row's id.
    public var id: UsageID
    /// The place among all rated rows (M2); nil until stored.
    public var sequence: Int64?
    /// The key of the record (rule G8): `sip_uuid`, message id, query id.
    public var key: String
    /// Nil for a message whose type is neither (rule S4).
    public var service: UsageService?
    public var customerBAN: BAN?
    /// Nil where the BAN is unknown.
    public var customerID: CustomerID?
    /// Nil where no stamp was readable (rule D2).
    public var ratingInstant: Instant?
    public var status: UsageStatus
    public var flags: Flags
    public var taxJurisdiction: TaxJurisdiction
    /// Nil for a message whose type is neither.
    public var classKey: ClassKey?
    public var sku: String?
    public var ratePlanID: String?
    /// Per minute, message or query, after a time band.
    public var rate: Rate?
    public var charge: Money?
    /// The name given, in every status.
    public var vendor: VendorName?
    public var vendorRate: Rate?
    public var vendorCost: Money?
    public var margin: Money?
    public var marginPercentage: Percentage?
    /// The version of the reference data.
    public var refVersion: String
    /// What only this service has.
    public var evidence: Evidence

    /// What belongs to one service alone.
    public enum Evidence: Hashable, Sendable {
        case call(CallEvidence)
        case message(MessageEvidence)
        case query(QueryEvidence)
    }

    /// The UTC day of the rating instant (rule D2), by which rows are partitioned.
    public var usageDay: UsageDay? { ratingInstant?.usageDay }

    /// The evidence of a call; nil for messages and queries.
    public var call: CallEvidence? {
        guard case .call(let call) = evidence else { return nil }
        return call
    }

    /// The evidence of a message; nil for calls and queries.
    public var message: MessageEvidence? {
        guard case .message(let message) = evidence else { return nil }
        return message
    }

    /// The evidence of a query; nil for calls and messages.
    public var query: QueryEvidence? {
        guard case .query(let query) = evidence else { return nil }
        return query
    }

    /// A record of this key before anything is known of it.
    public init(id: UsageID, key: String, service: UsageService?, refVersion: String, evidence: Evidence) {
        self.id = id
        self.key = key
        self.service = service
        self.refVersion = refVersion
        self.evidence = evidence
        status = .unrated
        flags = .none
        taxJurisdiction = .none
    }
}

/// Where the caller's number came from (rules J2, J3).
public enum ANISource: String, Sendable, CaseIterable {
    case pci, pai, rpid, raw, from, btn, none
}

/// Where a routing number came from (rule E2).
public enum LRNSource: String, Sendable, CaseIterable {
    case uriRN = "uri_rn"
    case uriNPDI = "uri_npdi"
    case table, dip
    /// The number itself: not ported.
    case own = "self"
    case none
}

/// One side of a call: what the reference data said of its number (rules E2–E5).
public struct PartyEvidence: Hashable, Sendable {
    /// Nil for kinds other than geographic.
    public var lrn: NationalNumber?
    public var lrnSource: LRNSource
    public var state: String?
    public var lata: String?
    public var ocn: String?
    /// Of the number's own block: porting keeps it.
    public var rateCenter: String?

    /// A side of which nothing is known.
    public init() {
        lrnSource = .none
    }
}

/// The evidence of a call (rule E7).
public struct CallEvidence: Hashable, Sendable {
    /// Nil where the record's word is none of rule J4.
    public var direction: CallDirection?
    public var answered = false
    /// End − answer; negative where the record says so. Nil where unanswered or without an end.
    public var durationMilliseconds: Int64?
    public var ani: PhoneNumber?
    /// Nil where there is no ANI.
    public var aniKind: NumberKind?
    public var aniSource: ANISource = .none
    public var aniParty = PartyEvidence()
    public var dnis: DialledNumber?
    public var dnisKind: NumberKind = .missing
    /// ISO code, `001` for non-geographic country codes.
    public var dnisCountry: String?
    public var dnisParty = PartyEvidence()
    /// Of a toll-free number: who manages it (rule E6).
    public var respOrg: String?
    public var cic: String?
    public var ringTo: String?
    public var jurisdiction: Jurisdiction = .invalid
    public var billedSeconds: Int?
    /// Digits, or `default`, `tollfree`, `originating`, `originating_international`.
    public var ratePrefix: String?
    /// Digits, or `flat`.
    public var vendorRatePrefix: String?
    public var vendorBilledSeconds: Int?

    /// A call of which nothing is known.
    public init() {}
}

/// The evidence of a message (section S).
public struct MessageEvidence: Hashable, Sendable {
    /// Nil where the record's word is none of rule S4.
    public var direction: MessageDirection?
    public var source: DialledNumber?
    public var destination: DialledNumber?
    /// Of the other party.
    public var country: String?
    /// Nil for MMS and without a text.
    public var encoding: MessageEncoding?
    /// Billed segments; 0 where not billable, nil for an unknown type.
    public var units: Int?
    public var jurisdiction: Jurisdiction = .domestic
    public var carrier: String?
    /// Per unit, on top of the rate.
    public var surcharge: Rate?
    /// Per unit, on top of the vendor's rate.
    public var vendorFee: Rate?

    /// A message of which nothing is known.
    public init() {}
}

/// How a text is coded on the air (rule S1).
public enum MessageEncoding: String, Sendable, CaseIterable {
    case gsm7 = "GSM-7"
    case ucs2 = "UCS-2"
}

/// The evidence of an API query (rule A1).
public struct QueryEvidence: Hashable, Sendable {
    /// Trimmed and upper case.
    public var api: String = ""
    /// 0 where not billable, nil where held.
    public var units: Int?

    /// A query of which nothing is known.
    public init() {}
}
