/// What a plan prices (rule R1, P1).
public enum PlanType: String, Sendable, CaseIterable {
    case voice, tollfree, sms, api

    /// Its place among all types.
    var place: Int {
        switch self {
        case .voice: 0
        case .tollfree: 1
        case .sms: 2
        case .api: 3
        }
    }
}

/// A rate plan, compiled: the terms of a customer, or of all customers, over time (section P). Never changed, and by reference, so
/// that a look-up copies nothing of it.
public final class RatePlan: Sendable {
    public let id: String
    public let name: String
    /// Nil is a default plan.
    public let customer: CustomerID?
    /// From this UTC day on, inclusive (rule R2).
    public let effective: UsageDay
    /// Until this UTC day, exclusive; nil is open.
    public let expiry: UsageDay?
    /// Whether the default plan is asked where this one gives no rate (rule R3).
    public let fallsBackToDefault: Bool
    public let rates: Rates
    /// Fee, bundles, volume and promotions, as the plan states them: they belong to the invoice.
    public let modifiers: JSONValue

    /// What a plan of a type states.
    public enum Rates: Sendable {
        case voice(VoiceRates)
        case tollfree(TollFreeRates)
        case sms(MessageRates)
        case api(QueryRates)
    }

    /// The type of the plan.
    public var type: PlanType {
        switch rates {
        case .voice: .voice
        case .tollfree: .tollfree
        case .sms: .sms
        case .api: .api
        }
    }

    /// A plan of the columns of `rate_plans`. `rates` is valid (`PlanValidation`); what is not is read as absent.
    public init(
        id: String, name: String, type: PlanType, customer: CustomerID?, effective: UsageDay, expiry: UsageDay?,
        rates: JSONValue
    ) {
        self.id = id
        self.name = name
        self.customer = customer
        self.effective = effective
        self.expiry = expiry
        fallsBackToDefault = rates["fallback_to_default"]?.bool ?? true
        modifiers = .object((rates.fields ?? []).filter { RatePlan.modifierNames.contains($0.name) })
        switch type {
        case .voice: self.rates = .voice(VoiceRates(rates))
        case .tollfree: self.rates = .tollfree(TollFreeRates(rates))
        case .sms: self.rates = .sms(MessageRates(rates))
        case .api: self.rates = .api(QueryRates(rates))
        }
    }

    private init(_ plan: RatePlan, rates: Rates) {
        id = plan.id
        name = plan.name
        customer = plan.customer
        effective = plan.effective
        expiry = plan.expiry
        fallsBackToDefault = plan.fallsBackToDefault
        modifiers = plan.modifiers
        self.rates = rates
    }

    /// The plan with the deck that it names, so that no look-up asks for it by name.
    func bound(to decks: [String: RateDeck]) -> RatePlan {
        guard case .voice(let voice) = rates, let name = voice.deck else { return self }
        return RatePlan(self, rates: .voice(VoiceRates(voice, rows: decks[name])))
    }

    static let modifierNames: Set<String> = ["monthly_fee", "bundles", "volume", "promotions"]

    /// Whether the plan is in force on a UTC day (rule R2).
    public func isInForce(on day: UsageDay) -> Bool {
        effective <= day && expiry.map { day < $0 } ?? true
    }
}

/// What a voice plan states.
public final class VoiceRates: Sendable {
    public let billing: TermsOverride
    /// The same over the ones that hold where nobody says anything.
    let terms: Terms
    /// The name of the deck whose rows belong to the plan.
    public let deck: String?
    /// That deck; nil where it is not loaded.
    let rows: RateDeck?
    public let domesticDefault: SingleRow?
    public let domestic: PrefixRows
    public let international: PrefixRows
    public let premium: PrefixRows
    /// Flat charges by service code (rule R7).
    public let serviceCodes: [UInt32: Money]
    public let originatingDomestic: SingleRow?
    public let originatingInternational: SingleRow?
    public let timeOfDay: TimeOfDay?

    /// What the rates of a voice plan state (section P).
    init(_ json: JSONValue) {
        billing = TermsOverride(json["billing"])
        terms = billing.applied(over: Terms())
        deck = json["deck"]?.string
        rows = nil
        let terminating = json["terminating"]
        domesticDefault = terminating?["domestic"]?["default"].map { SingleRow(RateRow($0)) }
        domestic = terminating?["domestic"]?["prefixes"]?.prefixRows(RateRow.init) ?? PrefixRows()
        international = terminating?["international"]?["prefixes"]?.prefixRows(RateRow.init) ?? PrefixRows()
        premium = terminating?["premium"]?["prefixes"]?.prefixRows(RateRow.init) ?? PrefixRows()
        var codes: [UInt32: Money] = [:]
        for field in terminating?["service_codes"]?.fields ?? [] {
            if let code = UInt32(field.name) { codes[code] = field.value.money }
        }
        serviceCodes = codes
        originatingDomestic = json["originating"]?["domestic"].map { SingleRow(RateRow($0)) }
        originatingInternational = json["originating"]?["international"].map { SingleRow(RateRow($0)) }
        timeOfDay = json["time_of_day"].flatMap(TimeOfDay.init)
    }

    fileprivate init(_ rates: VoiceRates, rows: RateDeck?) {
        self.rows = rows
        billing = rates.billing
        terms = rates.terms
        deck = rates.deck
        domesticDefault = rates.domesticDefault
        domestic = rates.domestic
        international = rates.international
        premium = rates.premium
        serviceCodes = rates.serviceCodes
        originatingDomestic = rates.originatingDomestic
        originatingInternational = rates.originatingInternational
        timeOfDay = rates.timeOfDay
    }
}

/// What a toll-free plan states.
public struct TollFreeRates: Sendable {
    public var billing = TermsOverride()
    public var terminating: RateRow?
    public var originating: RateRow?
}

/// What a message plan states (section S).
public struct MessageRates: Sendable {
    public var smsOutbound: Rate?
    public var smsInbound: Rate?
    public var mmsOutbound: Rate?
    public var mmsInbound: Rate?
    /// By type and direction (`sms_outbound`), then carrier; `default` stands for all others.
    public var carrierSurcharges: [String: [String: Rate]] = [:]
    public var international = PrefixRows()

    /// The rate of a type and direction.
    func rate(_ service: UsageService, _ direction: MessageDirection) -> Rate? {
        switch (service, direction) {
        case (.mms, .outbound): mmsOutbound
        case (.mms, .inbound): mmsInbound
        case (_, .outbound): smsOutbound
        case (_, .inbound): smsInbound
        }
    }
}

/// What an API plan states.
public struct QueryRates: Sendable {
    public var perQuery: [String: Rate] = [:]
}
