/// Limits and actions of fraud control as people write them (rule F8): a JSON object with a field for each check that is to differ,
/// `{"spend_per_hour": {"limit": "500.00", "actions": ["require_manual_review"]}}`. What it does not name stays as it is.
public struct SpendLimitsDocument: Hashable, Sendable {
    /// What differs of a check.
    public struct Rule: Hashable, Sendable {
        /// In the unit of the check: calls, countries, dollars, minutes, percent, failures.
        public var limit: Money?
        /// Sorted by name; nil leaves them as they are.
        public var actions: [FraudAction]?

        public init(limit: Money? = nil, actions: [FraudAction]? = nil) {
            self.limit = limit
            self.actions = actions
        }
    }

    /// Why a document or a part of it is refused, as a person reads it.
    public struct Fault: Error, Hashable, Sendable {
        public let message: String

        public init(message: String) {
            self.message = message
        }
    }

    public private(set) var rules: [FraudCheck: Rule] = [:]

    /// Nothing differs.
    public init() {}

    /// The document in this text.
    public init(parsing text: String) throws(Fault) {
        let document: JSONValue
        do throws(JSONValue.ParsingError) { document = try JSONValue(parsing: text) } catch {
            throw Fault(message: "no JSON: \(error.message) at byte \(error.offset)")
        }
        guard let fields = document.fields else { throw Fault(message: "limits are a JSON object") }
        for field in fields {
            let check = try Self.check(field.name)
            guard let members = field.value.fields else { throw Fault(message: "\(field.name) is no object") }
            for member in members {
                switch (member.name, member.value) {
                case ("limit", .string(let text)), ("limit", .number(let text)):
                    try set(limit: text, of: check)
                case ("actions", .array(let names)):
                    try set(actions: names.map { $0.string ?? "" }, of: check)
                default: throw Fault(message: "\(field.name)/\(member.name) is neither a limit nor a list of actions")
                }
            }
        }
    }

    /// A check by its name.
    public static func check(_ name: String) throws(Fault) -> FraudCheck {
        if let check = FraudCheck(rawValue: name) { return check }
        let names = FraudCheck.allCases.map(\.rawValue).joined(separator: ", ")
        throw Fault(message: "\(name) is no check: \(names)")
    }

    /// Sets the limit of a check.
    public mutating func set(limit text: String, of check: FraudCheck) throws(Fault) {
        let limit: Money?
        do throws(FixedPoint.ParsingError) { limit = try Money(parsing: text) } catch { limit = nil }
        let isWhole = limit.map { check == .spendPerHour ? $0.isWhole(at: .charge) : $0.units % Self.one.units == 0 }
        guard let limit, isWhole == true, limit >= check.smallestLimit, limit <= Self.one * 10_000_000 else {
            throw Fault(message: "\(text) is no limit of \(check.rawValue)")
        }
        rules[check, default: Rule()].limit = limit
    }

    /// Sets what a check leads to; nothing is the record of it alone.
    public mutating func set(actions names: [String], of check: FraudCheck) throws(Fault) {
        var actions: Set<FraudAction> = []
        for name in names {
            guard let action = FraudAction(rawValue: name) else {
                let known = FraudAction.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(message: "\(name) is no action: \(known)")
            }
            actions.insert(action)
        }
        rules[check, default: Rule()].actions = actions.sorted { $0.rawValue < $1.rawValue }
    }

    /// Leaves a check as it is.
    public mutating func clear(_ check: FraudCheck) { rules[check] = nil }

    /// The JSON object.
    public var text: String {
        var json = JSONWriter()
        json.object { json in
            for check in FraudCheck.allCases {
                guard let rule = rules[check] else { continue }
                json.key(check.rawValue)
                json.object { json in
                    if let limit = rule.limit { json.field("limit", check.text(of: limit)) }
                    if let actions = rule.actions { json.field("actions", actions.map(\.rawValue)) }
                }
            }
        }
        return json.text
    }

    static let one = Money(units: 10_000_000)
}

extension SpendLimits {
    /// These limits, with what a document says in their place.
    public func with(_ document: SpendLimitsDocument) -> SpendLimits {
        var limits = self
        for (check, rule) in document.rules {
            if let limit = rule.limit { limits.set(limit, of: check) }
            if let actions = rule.actions { limits.actions[check] = actions }
        }
        return limits
    }

    /// A check's limit as people read it, in its unit.
    public func text(of check: FraudCheck) -> String { check.text(of: limit(of: check)) }

    private func limit(of check: FraudCheck) -> Money {
        let one = SpendLimitsDocument.one
        return switch check {
        case .callsPerMinute: one * callsPerMinute
        case .unusualDestination: one * newCountriesPerDay
        case .spendPerHour: spendPerHour
        case .internationalMinutes: one * (internationalSecondsPerDay / 60)
        case .rapidBalanceDepletion: one * depletionPercent
        case .multiplePaymentFailures: one * paymentFailuresPerDay
        }
    }

    private mutating func set(_ limit: Money, of check: FraudCheck) {
        let count = Int(limit.units / SpendLimitsDocument.one.units)
        switch check {
        case .callsPerMinute: callsPerMinute = count
        case .unusualDestination: newCountriesPerDay = count
        case .spendPerHour: spendPerHour = limit
        case .internationalMinutes: internationalSecondsPerDay = count * 60
        case .rapidBalanceDepletion: depletionPercent = count
        case .multiplePaymentFailures: paymentFailuresPerDay = count
        }
    }
}

extension FraudCheck {
    /// What a limit of this check counts.
    public var unit: String {
        switch self {
        case .callsPerMinute: "calls in a minute, more than"
        case .unusualDestination: "new countries in a day, at least"
        case .spendPerHour: "USD in an hour, more than"
        case .internationalMinutes: "international minutes in a day, more than"
        case .rapidBalanceDepletion: "percent of the high-water mark in 15 minutes, at least"
        case .multiplePaymentFailures: "failed payments in a day, at least"
        }
    }

    /// Checks that fire at their limit need one above zero: otherwise they are true of nothing.
    fileprivate var smallestLimit: Money {
        switch self {
        case .callsPerMinute, .spendPerHour, .internationalMinutes: .zero
        case .unusualDestination, .rapidBalanceDepletion, .multiplePaymentFailures: SpendLimitsDocument.one
        }
    }

    fileprivate func text(of limit: Money) -> String {
        if self == .spendPerHour { return limit.isWhole(at: .cents) ? limit.text(.cents) : limit.text(.charge) }
        return String(limit.units / SpendLimitsDocument.one.units)
    }
}
