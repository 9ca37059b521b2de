/// Everything that rating looks up, in one immutable version.
public struct RatingTables: Sendable {
    /// The version of the reference data, as records name it.
    public let version: String
    public let numbers: NumberFacts
    private let plans: [RatePlan]
    private let defaultPlans: PlanSet
    private let customers: [BAN: Customer]
    private let decks: [String: RateDeck]
    private let vendors: [VendorName: VendorTerms]
    private let skus: [ClassKey: String]
    private let gateways: MessageFacts

    /// What rating knows of a customer.
    public struct Customer: Sendable {
        public let id: CustomerID
        /// The billing telephone number, normalised (rule J3).
        public let btn: NormalizedNumber?
        /// Hundredths of a percent under which a margin alerts (rule R15).
        public let marginAlert: Percentage
        let plans: PlanSet
    }

    /// A customer as loaded.
    public struct CustomerRow: Sendable {
        public var ban: BAN
        public var id: CustomerID
        public var btn: String?
        public var marginAlert: Percentage

        /// A customer. Margins under ten percent alert where nothing else is said.
        public init(ban: BAN, id: CustomerID, btn: String?, marginAlert: Percentage = Percentage(hundredths: 1_000)) {
            self.ban = ban
            self.id = id
            self.btn = btn
            self.marginAlert = marginAlert
        }
    }

    /// The tables of one version.
    public init(
        version: String, numbers: NumberFacts, customers: [CustomerRow] = [], plans: [RatePlan] = [],
        decks: [RateDeck] = [], vendors: [VendorTerms] = [], skus: [ClassKey: String] = [:],
        gateways: MessageFacts = MessageFacts()
    ) {
        self.version = version
        self.numbers = numbers
        self.plans = plans
        self.skus = skus
        self.gateways = gateways
        self.decks = Dictionary(decks.map { ($0.name, $0) }) { _, later in later }
        self.vendors = Dictionary(vendors.map { ($0.name, $0) }) { _, later in later }
        let sets = PlanSet.grouped(plans)
        defaultPlans = sets[nil] ?? PlanSet()
        var byBAN: [BAN: Customer] = [:]
        for row in customers {
            byBAN[row.ban] = Customer(
                id: row.id, btn: row.btn.map { numbers.plan.normalize($0) }, marginAlert: row.marginAlert,
                plans: sets[row.id] ?? PlanSet())
        }
        self.customers = byBAN
    }

    /// The customer of a BAN; nil for one that nobody has.
    public func customer(_ ban: BAN?) -> Customer? { ban.flatMap { customers[$0] } }

    /// The deck of a name; nil for one that is not loaded.
    public func deck(_ name: String?) -> RateDeck? { name.flatMap { decks[$0] } }

    /// The terms of a vendor; nil for one that is not known.
    public func vendor(_ name: VendorName?) -> VendorTerms? { name.flatMap { vendors[$0] } }

    /// The SKU of a key; nil where none is mapped (rule K4).
    public func sku(_ key: ClassKey) -> String? { skus[key] }

    /// The facts that complete messages (M9).
    public var messageFacts: MessageFacts { gateways }

    /// The plans to ask on a day: the customer's own and the default one (rules R2, R3).
    func plans(_ type: PlanType, of customer: Customer?, on day: UsageDay) -> PlanChoice {
        PlanChoice(
            own: customer?.plans.first(type, on: day, in: plans), fallback: defaultPlans.first(type, on: day, in: plans)
        )
    }
}

/// The plans that a record may be rated by (rule R3).
struct PlanChoice {
    let own: RatePlan?
    let fallback: RatePlan?

    /// Whether there is neither.
    var isEmpty: Bool { own == nil && fallback == nil }

    /// The first answer: of the own plan, else of the default plan where it may be asked.
    func first<Answer>(_ ask: (RatePlan) -> Answer?) -> (answer: Answer, isDefault: Bool)? {
        if let own {
            if let answer = ask(own) { return (answer, false) }
            guard own.fallsBackToDefault else { return nil }
        }
        guard let fallback, let answer = ask(fallback) else { return nil }
        return (answer, true)
    }
}

/// Plans by type, as places in the list of plans, the latest first.
struct PlanSet: Sendable {
    private var places: [PlanType: [Int]] = [:]

    /// The plan that counts on a day: the latest effective one, then the greatest id (rule R2).
    func first(_ type: PlanType, on day: UsageDay, in plans: [RatePlan]) -> RatePlan? {
        guard let places = places[type] else { return nil }
        for place in places where plans[place].isInForce(on: day) { return plans[place] }
        return nil
    }

    static func grouped(_ plans: [RatePlan]) -> [CustomerID?: PlanSet] {
        var sets: [CustomerID?: PlanSet] = [:]
        for (place, plan) in plans.enumerated() {
            sets[plan.customer, default: PlanSet()].places[plan.type, default: []].append(place)
        }
        return sets.mapValues { set in
            var set = set
            set.places = set.places.mapValues { places in
                places.sorted { (plans[$0].effective, plans[$0].id) > (plans[$1].effective, plans[$1].id) }
            }
            return set
        }
    }
}

/// What completes a message that its gateway reports without BAN, vendor or carrier (M9).
public struct MessageFacts: Sendable {
    /// Whose number an inbound message was sent to, by E.164 text or short code.
    public var bans: [String: BAN]
    /// Which vendor a connector stands for.
    public var vendors: [String: VendorName]
    /// Which carrier of the surcharge tables an operating company is.
    public var carriers: [String: String]

    /// Facts of the three tables.
    public init(bans: [String: BAN] = [:], vendors: [String: VendorName] = [:], carriers: [String: String] = [:]) {
        self.bans = bans
        self.vendors = vendors
        self.carriers = carriers
    }
}
