/// How a record came to its amount: the steps in order, each with the rules that it follows and the facts that it used.
///
/// An explanation is worked out after rating, from the same record, tables and functions; rating knows nothing of it. It is read
/// by programs (`json`) and by people (`text`). Steps about vendors, cost and margin are internal: not for a customer's ears.
public struct Explanation: Hashable, Sendable {
    /// What is explained.
    public let subject: Subject
    /// The steps in the order in which they were taken.
    public let steps: [Step]

    /// What is explained.
    public enum Subject: Hashable, Sendable {
        /// A record that was rated, in whatever status it ended.
        case usage(RatedUsage)
        /// A record that was refused, since its shape is wrong, and its kind where that can be told.
        case refusal(RejectReason, kind: RecordKind?)
    }

    /// The record after rating; nil for a refused one.
    public var usage: RatedUsage? {
        guard case .usage(let usage) = subject else { return nil }
        return usage
    }

    /// The step about a topic; nil where it was not taken.
    public func step(_ topic: Step.Topic) -> Step? { steps.first { $0.topic == topic } }
}

extension Explanation {
    /// One step.
    public struct Step: Hashable, Sendable {
        /// What the step is about.
        public let topic: Topic
        /// The rules that it follows, such as `R11`.
        public private(set) var rules: [String]
        /// What happened, in sentences.
        public private(set) var sentences: [String] = []
        /// What happened, for programs: names are stable, amounts are decimal strings.
        public private(set) var facts: [JSONValue.Field] = []

        /// A step of which nothing is said yet.
        init(_ topic: Topic, _ rules: String...) {
            self.topic = topic
            self.rules = rules
        }

        /// A fact by its name; nil where the step has none.
        public subscript(name: String) -> JSONValue? { facts.last { $0.name == name }?.value }
    }
}

extension Explanation.Step {
    /// What a step is about. Raw values are the stable keys of the JSON form.
    public enum Topic: String, Sendable, CaseIterable {
        case refusal, account, time, caller, called, message, query, carrier, units
        case callerPlace = "caller_place"
        case calledPlace = "called_place"
        case tollFree = "toll_free"
        case jurisdiction, outcome, plan, rate
        case timeOfDay = "time_of_day"
        case billedTime = "billed_time"
        case charge, sku
        case vendorRate = "vendor_rate"
        case vendorTime = "vendor_time"
        case cost, margin, flags

        /// Whether the step is for ourselves and not for the customer.
        public var isInternal: Bool {
            switch self {
            case .sku, .vendorRate, .vendorTime, .cost, .margin, .flags: true
            case .refusal, .account, .time, .caller, .called, .message, .query, .carrier, .units, .callerPlace,
                .calledPlace, .tollFree, .jurisdiction, .outcome, .plan, .rate, .timeOfDay, .billedTime, .charge:
                false
            }
        }

        /// Its heading.
        public var title: String {
            switch self {
            case .refusal: "Why it was refused"
            case .account: "Account"
            case .time: "Time"
            case .caller: "Calling number"
            case .called: "Called number"
            case .message: "Message"
            case .query: "Query"
            case .carrier: "Carrier"
            case .units: "Billed units"
            case .callerPlace: "Where the calling number belongs"
            case .calledPlace: "Where the called number belongs"
            case .tollFree: "Toll-free number"
            case .jurisdiction: "Kind of usage"
            case .outcome: "Outcome"
            case .plan: "Plan"
            case .rate: "Rate"
            case .timeOfDay: "Time of day"
            case .billedTime: "Billed time"
            case .charge: "Charge"
            case .sku: "SKU"
            case .vendorRate: "Vendor's rate"
            case .vendorTime: "Vendor's billed time"
            case .cost: "Cost"
            case .margin: "Margin"
            case .flags: "Flags of the record"
            }
        }
    }
}

extension Explanation.Step {
    /// Adds a sentence.
    mutating func say(_ sentence: String) {
        // A decimal that does not end brings its own dots.
        sentences.append(sentence.hasSuffix("….") ? String(sentence.dropLast()) : sentence)
    }

    /// Names a further rule.
    mutating func cite(_ rule: String) {
        if !rules.contains(rule) { rules.append(rule) }
    }

    /// Adds a fact.
    mutating func fact(_ name: String, _ value: JSONValue) {
        facts.append(JSONValue.Field(name: name, value: value))
    }

    /// Adds a fact that is a text, or null.
    mutating func fact(_ name: String, _ text: String?) { fact(name, JSONValue(text)) }

    /// Adds a fact that is a whole number, or null.
    mutating func fact(_ name: String, _ number: Int?) {
        fact(name, number.map { .number(String($0)) } ?? .null)
    }

    /// Adds a fact that is true or false.
    mutating func fact(_ name: String, _ truth: Bool) { fact(name, .bool(truth)) }

    /// Adds an amount before its rounding, as a decimal and as the exact fraction.
    mutating func fact(_ name: String, _ exact: ExactQuotient) {
        fact(name, exact.text)
        fact(name + "_fraction", exact.fraction)
    }
}

extension JSONValue {
    /// A text, or null.
    init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }

    /// An object of a literal.
    init(fields: KeyValuePairs<String, JSONValue>) {
        self = .object(fields.map { Field(name: $0.key, value: $0.value) })
    }
}
