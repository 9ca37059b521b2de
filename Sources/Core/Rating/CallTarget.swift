/// What decides the price of a call besides its customer or vendor: where it went and what kind of call it is.
public struct CallTarget: Hashable, Sendable {
    public let direction: CallDirection
    public let kind: NumberKind
    /// The called number, where it is one.
    public let number: PhoneNumber?
    /// The routing number of a geographic call.
    public let lrn: NationalNumber?
    public let serviceCode: UInt32?
    public let jurisdiction: Jurisdiction
    public let taxJurisdiction: TaxJurisdiction
    public let classKey: ClassKey

    /// The target of a rated call, from its evidence: what an attempt of the call is priced by (M10). Nil where rule R8 looks
    /// nothing up.
    public init?(_ usage: RatedUsage) {
        guard case .call(let call) = usage.evidence else { return nil }
        self.init(call, usage.taxJurisdiction, usage.classKey)
    }

    /// The target of a call whose evidence is not in its record yet.
    init?(_ call: borrowing CallEvidence, _ taxJurisdiction: TaxJurisdiction, _ classKey: ClassKey?) {
        guard let direction = call.direction, call.jurisdiction != .invalid, let classKey else { return nil }
        self.direction = direction
        kind = call.dnisKind
        number = call.dnis?.phoneNumber
        lrn = call.dnisParty.lrn
        serviceCode = if case .code(let code) = call.dnis { code } else { kind == .service ? 411 : nil }
        jurisdiction = call.jurisdiction
        self.taxJurisdiction = taxJurisdiction
        self.classKey = classKey
    }

    /// The digits by which domestic rows are found: the routing number's, else the number's own (rules R4, R6).
    var domesticDigits: UInt64? { (lrn ?? number?.national)?.digits }
}

/// What a customer pays for a call, before its length is known.
public struct CallQuote: Hashable, Sendable {
    public let planID: String
    public let isDefaultPlan: Bool
    /// Digits, or `default`, `tollfree`, `originating`, `originating_international`.
    public let prefix: String
    /// Per minute, after a time band; 0 where a flat charge stands.
    public let rate: Rate
    /// A service code's charge for an answered call of any length (rule R7).
    public let flatCharge: Money?
    public let terms: Terms

    /// The charge of a call; nil where it fits no amount (rule G7).
    public func charge(_ billed: BilledTime) -> Money? {
        guard let flatCharge else { return terms.charge(rate: rate, billed: billed) }
        switch billed {
        case .zeroDuration, .grace: return .zero
        case .seconds: return Terms.rounded(Int128(flatCharge.units), dividedBy: 1)
        }
    }
}

/// How a customer's side of a call is priced.
public enum CustomerPrice: Hashable, Sendable {
    /// Emergency calls, and service codes that no plan prices: free, whatever a plan says (rule R7).
    case free
    /// By a row of a plan.
    case quoted(CallQuote)
    /// No rate (rule R8), and whether there is no plan either.
    case unrated(isWithoutPlan: Bool)
}

extension RatingTables {
    /// The customer's price of a call at an instant (rules R1–R13).
    public func price(of target: CallTarget, for customer: Customer?, at instant: Instant) -> CustomerPrice {
        if target.kind == .emergency { return .free }
        let choice = plans(target.kind == .tollfree ? .tollfree : .voice, of: customer, on: instant.usageDay)
        if target.jurisdiction == .service, let code = target.serviceCode {
            return servicePrice(code, choice)
        }
        guard let (quote, isDefault) = choice.first({ quote(target, by: $0, at: instant) }) else {
            return .unrated(isWithoutPlan: choice.isEmpty)
        }
        return .quoted(isDefault ? quote.ofDefaultPlan : quote)
    }

    /// A flat charge by the dialled code; 711 and 988 are free whatever a plan says, 411 has no rate without an entry (rule R7).
    private func servicePrice(_ code: UInt32, _ choice: PlanChoice) -> CustomerPrice {
        if code == 711 || code == 988 { return .free }
        let found = choice.first { plan -> CallQuote? in
            guard case .voice(let rates) = plan.rates, let charge = rates.serviceCodes[code] else { return nil }
            var terms = rates.billing.applied(over: Terms())
            terms.connectFee = .zero
            terms.minimumCharge = .zero
            terms.maximumCharge = nil
            return CallQuote(
                planID: plan.id, isDefaultPlan: false, prefix: String(code), rate: .zero, flatCharge: charge,
                terms: terms)
        }
        if let found { return .quoted(found.isDefault ? found.answer.ofDefaultPlan : found.answer) }
        return code == 411 ? .unrated(isWithoutPlan: choice.isEmpty) : .free
    }

    private func quote(_ target: CallTarget, by plan: RatePlan, at instant: Instant) -> CallQuote? {
        switch plan.rates {
        case .voice(let rates): return quote(target, by: plan, rates, at: instant)
        case .tollfree(let rates):
            let row = target.direction == .terminating ? rates.terminating : rates.originating
            guard let row, let rate = row.rate(for: target.taxJurisdiction.column) else { return nil }
            return CallQuote(
                planID: plan.id, isDefaultPlan: false, prefix: "tollfree", rate: rate, flatCharge: nil,
                terms: row.terms.applied(over: rates.billing.applied(over: Terms())))
        case .sms, .api: return nil
        }
    }

    private func quote(_ target: CallTarget, by plan: RatePlan, _ rates: VoiceRates, at instant: Instant) -> CallQuote?
    {
        guard let (prefix, row, column) = row(for: target, in: rates, on: instant.usageDay),
            let rate = row.rate(for: column)
        else { return nil }
        let perMinute = rates.timeOfDay?.multiplier(at: instant).map(rate.multiplied) ?? rate
        return CallQuote(
            planID: plan.id, isDefaultPlan: false, prefix: prefix, rate: perMinute,
            flatCharge: nil, terms: row.terms(over: rates.terms))
    }

    /// The row of a voice plan that prices a call, and the column it is read by (rules R4–R7, R13).
    func row(for target: CallTarget, in rates: VoiceRates, on day: UsageDay)
        -> (prefix: String, row: FoundRow, column: RateRow.Column)?
    {
        if target.direction == .originating {
            if target.jurisdiction == .international {
                return rates.originatingInternational.map { ("originating_international", FoundRow($0), .rate) }
            }
            return rates.originatingDomestic.map { ("originating", FoundRow($0), target.jurisdiction.column) }
        }
        switch target.jurisdiction {
        case .international:
            guard let number = target.number else { return nil }
            return RowSources(inline: rates.international, deck: rates.rows?.international)
                .international(number, on: day)
        case .premium:
            guard let digits = target.number?.national?.digits else { return nil }
            return rates.premium.longest(of: digits, digits: 10, among: RowSources.premiumLengths).map {
                ($0.prefix.text, $0.row, .rate)
            }
        default:
            let sources = RowSources(inline: rates.domestic, deck: rates.rows?.domestic)
            if let found = sources.domestic(target.domesticDigits, on: day) {
                return (found.prefix.text, found.row, target.jurisdiction.column)
            }
            return rates.domesticDefault.map { ("default", FoundRow($0), target.jurisdiction.column) }
        }
    }
}

extension CallQuote {
    /// The same quote, of the default plan.
    fileprivate var ofDefaultPlan: CallQuote {
        CallQuote(
            planID: planID, isDefaultPlan: true, prefix: prefix, rate: rate, flatCharge: flatCharge, terms: terms)
    }
}

extension RowSources {
    /// The row of E.164 digits (rule R6).
    func international(_ number: PhoneNumber, on day: UsageDay)
        -> (prefix: String, row: FoundRow, column: RateRow.Column)?
    {
        let found = longest(of: number.digits, digits: decimalLength(number.digits), on: day)
        // The prefix 1 alone is forbidden: it would price Canada and the Caribbean as one country.
        guard let found, found.prefix != .northAmerica else { return nil }
        return (found.prefix.text, found.row, .rate)
    }

    /// The row of a routing number's ten digits (rule R4).
    func domestic(_ digits: UInt64?, on day: UsageDay) -> (prefix: Prefix, row: FoundRow)? {
        guard let digits else { return nil }
        let own = inline?.longest(of: digits, digits: 10, among: RowSources.domesticLengths)
        if let deck, own?.prefix.length != 7, let found = deck.place(ofDomestic: digits, on: day),
            found.length > own?.prefix.length ?? 0
        {
            return (Prefix(of: digits, digits: 10, length: found.length), FoundRow(deck, at: found.place))
        }
        return own
    }
}
