/// The versioned half of what rating looks up: numbering, plans, decks, SKUs, gateways.
public struct ReferenceData: Sendable {
    /// The version, as records name it.
    public var version: String
    public var numbers = NumberFacts()
    public var plans: [RatePlan] = []
    public var decks: [RateDeck] = []
    public var skus: [ClassKey: String] = [:]
    /// Which vendor a gateway's connector stands for (M9).
    public var connectors: [String: VendorName] = [:]
    /// Which carrier of the surcharge tables an operating company is (M9).
    public var carriers: [String: String] = [:]

    /// No reference data.
    public init(version: String) {
        self.version = version
    }

    /// The same data under another version's name.
    public func named(_ version: String) -> ReferenceData {
        var data = self
        data.version = version
        return data
    }
}

/// The other half: customers and vendors.
public struct Accounts: Sendable {
    /// A customer as rating knows it.
    public struct Customer: Sendable {
        public var ban: BAN
        public var id: CustomerID
        public var btn: String?
        public var marginAlert: Percentage

        /// A customer. Margins under ten percent alert where nothing else is said (rule R15).
        public init(ban: BAN, id: CustomerID, btn: String?, marginAlert: Percentage = Percentage(hundredths: 1_000)) {
            self.ban = ban
            self.id = id
            self.btn = btn
            self.marginAlert = marginAlert
        }
    }

    public var customers: [Customer] = []
    public var vendors: [VendorTerms] = []
    /// Whose number an inbound message was sent to: E.164 with plus, or a short code (M9).
    public var numbers: [String: BAN] = [:]

    /// Nobody.
    public init() {}
}

/// Everything that rating looks up, in one immutable version.
public struct RatingTables: Sendable {
    /// What the tables were made of, for making the next ones.
    public private(set) var reference: ReferenceData
    private let defaultPlans: PlanSet
    /// By class: its key and its SKU.
    private let voiceLabels: [(key: ClassKey, sku: String?)]
    /// The plans of the reference data, each with its deck.
    private var plans: [RatePlan]
    private var customers: [BAN: Customer]
    private var decks: [String: RateDeck]
    private var vendors: [VendorName: VendorTerms]
    private let owners: [String: BAN]

    /// What rating knows of a customer.
    public final class Customer: Sendable {
        public let id: CustomerID
        /// The billing telephone number, normalised (rule J3).
        public let btn: NormalizedNumber?
        /// The margin under which a record alerts (rule R15).
        public let marginAlert: Percentage
        let plans: PlanSet

        init(id: CustomerID, btn: NormalizedNumber?, marginAlert: Percentage, plans: PlanSet) {
            self.id = id
            self.btn = btn
            self.marginAlert = marginAlert
            self.plans = plans
        }
    }

    /// The tables of these data.
    public init(_ reference: ReferenceData, _ accounts: Accounts) {
        self.reference = reference
        let decks = Dictionary(reference.decks.map { ($0.name, $0) }) { _, later in later }
        self.decks = decks
        plans = reference.plans.map { $0.bound(to: decks) }
        vendors = Dictionary(accounts.vendors.map { ($0.name, $0.bound(to: decks)) }) { _, later in later }
        voiceLabels = VoiceClass.allCases.map { ($0.key, reference.skus[$0.key]) }
        owners = accounts.numbers
        let sets = PlanSet.grouped(reference.plans)
        defaultPlans = sets[nil] ?? PlanSet()
        var byBAN: [BAN: Customer] = [:]
        for customer in accounts.customers {
            byBAN[customer.ban] = Customer(
                id: customer.id, btn: customer.btn.map { reference.numbers.plan.normalize($0) },
                marginAlert: customer.marginAlert, plans: sets[customer.id] ?? PlanSet())
        }
        customers = byBAN
    }

    /// The same tables with another deck in the place of the one of its name: all else is shared.
    public func replacing(_ deck: RateDeck, version: String) -> RatingTables {
        var tables = self
        tables.reference.version = version
        tables.reference.decks = reference.decks.filter { $0.name != deck.name } + [deck]
        tables.decks[deck.name] = deck
        tables.plans = plans.map { $0.bound(to: tables.decks) }
        tables.vendors = vendors.mapValues { $0.bound(to: tables.decks) }
        return tables
    }

    /// The same tables with one plan in the place of all that a customer has of its type: all else is shared.
    public func pricing(_ ban: BAN, by plan: RatePlan) -> RatingTables {
        guard let customer = customers[ban] else { return self }
        var tables = self
        tables.plans.append(plan.bound(to: decks))
        tables.customers[ban] = Customer(
            id: customer.id, btn: customer.btn, marginAlert: customer.marginAlert,
            plans: customer.plans.with(plans.count, as: plan.type))
        return tables
    }

    /// The version of the data, as records name it.
    public var version: String { reference.version }

    /// The reference data about numbers.
    public var numbers: NumberFacts { reference.numbers }

    /// The customer of a BAN; nil for one that nobody has.
    public func customer(_ ban: BAN?) -> Customer? { ban.flatMap { customers[$0] } }

    /// The deck of a name; nil for one that is not loaded.
    public func deck(_ name: String?) -> RateDeck? { name.flatMap { decks[$0] } }

    /// The terms of a vendor; nil for one that is not known.
    public func vendor(_ name: VendorName?) -> VendorTerms? { name.flatMap { vendors[$0] } }

    /// The SKU of a key; nil where none is mapped (rule K4).
    public func sku(_ key: ClassKey) -> String? { reference.skus[key] }

    /// The key of a call's class, and the SKU it maps to (rule K4).
    func label(of kind: VoiceClass) -> (ClassKey, String?) { voiceLabels[Int(kind.rawValue)] }

    /// The vendor that a gateway's connector stands for (M9).
    public func vendor(ofConnector connector: String?) -> VendorName? { connector.flatMap { reference.connectors[$0] } }

    /// The customer whose number an inbound message was sent to, by E.164 text or short code (M9).
    public func owner(ofNumber number: String) -> BAN? { owners[number] }

    /// The plans to ask on a day: the customer's own and the default one (rules R2, R3).
    func plans(_ type: PlanType, of customer: Customer?, on day: UsageDay) -> PlanChoice {
        PlanChoice(
            own: customer?.plans.first(type, on: day, in: plans),
            fallback: defaultPlans.first(type, on: day, in: plans))
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
    private var places: [[Int]] = Array(repeating: [], count: PlanType.allCases.count)

    /// The plan that counts on a day: the latest effective one, then the greatest id (rule R2).
    func first(_ type: PlanType, on day: UsageDay, in plans: [RatePlan]) -> RatePlan? {
        for place in places[type.place] where plans[place].isInForce(on: day) { return plans[place] }
        return nil
    }

    /// The same plans, but of one type only the one at a place.
    func with(_ place: Int, as type: PlanType) -> PlanSet {
        var set = self
        set.places[type.place] = [place]
        return set
    }

    static func grouped(_ plans: [RatePlan]) -> [CustomerID?: PlanSet] {
        var sets: [CustomerID?: PlanSet] = [:]
        for (place, plan) in plans.enumerated() {
            sets[plan.customer, default: PlanSet()].places[plan.type.place].append(place)
        }
        return sets.mapValues { set in
            var set = set
            set.places = set.places.map { places in
                places.sorted { (plans[$0].effective, plans[$0].id) > (plans[$1].effective, plans[$1].id) }
            }
            return set
        }
    }
}
