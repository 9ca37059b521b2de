/// What fraud control looks for (rules F1–F6). The order is the one in which checks are asked at one event.
public enum FraudCheck: String, Sendable, CaseIterable {
    case callsPerMinute = "calls_per_minute"
    case unusualDestination = "unusual_destination"
    case spendPerHour = "spend_per_hour"
    case internationalMinutes = "international_minutes"
    case rapidBalanceDepletion = "rapid_balance_depletion"
    case multiplePaymentFailures = "multiple_payment_failures"
}

/// What follows from a check that fires. Cases stand in ASCII order of their names.
public enum FraudAction: String, Sendable, CaseIterable {
    case notifyCustomer = "notify_customer"
    case requireManualReview = "require_manual_review"
    case suspendService = "suspend_service"
}

/// The limits of fraud control, the rules' defaults unless a customer has others (rules F7, F8).
public struct SpendLimits: Hashable, Sendable {
    /// More call starts than this in `callWindow` fire (rule F1).
    public var callsPerMinute = 10
    /// More charges than this in an hour fire (rule F2).
    public var spendPerHour = Money(units: 100 * 10_000_000)
    /// More international seconds than this in a day fire (rule F3).
    public var internationalSecondsPerDay = 60 * 60
    /// This share of the high-water mark in a quarter of an hour fires, in percent (rule F4).
    public var depletionPercent = 50
    /// So many failed payments in a day fire (rule F5).
    public var paymentFailuresPerDay = 3
    /// Calls to so many new countries in a day fire (rule F6).
    public var newCountriesPerDay = 3
    /// What each check leads to; absent is nothing but the record of it.
    public var actions: [FraudCheck: [FraudAction]] = [
        .callsPerMinute: [.notifyCustomer, .requireManualReview],
        .unusualDestination: [.notifyCustomer, .requireManualReview],
        .spendPerHour: [.notifyCustomer, .requireManualReview, .suspendService],
        .internationalMinutes: [.notifyCustomer, .requireManualReview, .suspendService],
        .rapidBalanceDepletion: [.notifyCustomer, .requireManualReview],
        .multiplePaymentFailures: [.notifyCustomer, .suspendService],
    ]

    static let callWindow: Int64 = 60_000
    /// A call's record comes when it ends: so long its start may find the starts beside it.
    static let callMemory: Int64 = 3_600_000
    static let spendWindow: Int64 = 3_600_000
    static let depletionWindow: Int64 = 900_000
    static let dayWindow: Int64 = 86_400_000
    /// A country called so long ago is no longer known (rule F6).
    static let countryMemory: Int64 = 30 * 86_400_000
    /// An older event is reviewed, not punished (rule F8).
    static let actionDelay: Int64 = 300_000
    /// Countries whose calls are domestic (rule N10).
    static let domesticCountries: Set<String> = ["US", "PR", "VI", "GU", "MP", "AS"]

    /// The rules' defaults.
    public init() {}

    /// How far a check looks back, in milliseconds.
    public static func window(of check: FraudCheck) -> Int64 {
        switch check {
        case .callsPerMinute: callWindow
        case .unusualDestination, .internationalMinutes, .multiplePaymentFailures: dayWindow
        case .spendPerHour: spendWindow
        case .rapidBalanceDepletion: depletionWindow
        }
    }
}

/// Something that fraud control sees.
public struct FraudEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        /// A call started to a country (ISO code, nil where there is none).
        case callStart(country: String?)
        /// A usage record was charged. `billedSeconds` of a call without a rate are the seconds talked; 0 for other records.
        /// `highWaterMark` of a prepaid customer, nil for others.
        case charge(Money, billedSeconds: Int, isInternational: Bool, highWaterMark: Money?)
        /// A processor refused a payment.
        case paymentFailed
    }

    public let at: Instant
    public let kind: Kind

    public init(at: Instant, _ kind: Kind) {
        self.at = at
        self.kind = kind
    }
}

/// A check that fired.
public struct FraudAlert: Hashable, Sendable {
    /// What was measured.
    public enum Value: Hashable, Sendable {
        case count(Int)
        case amount(Money)
        case seconds(Int)

        /// Amounts with five decimals, counts and seconds whole.
        public var text: String {
            switch self {
            case .count(let count): String(count)
            case .amount(let amount): amount.text(.charge)
            case .seconds(let seconds): String(seconds)
            }
        }
    }

    public let check: FraudCheck
    public let at: Instant
    public let value: Value
    /// What is to be done if the event is fresh, sorted by name.
    public let actions: [FraudAction]

    /// What is to be done by one who sees the event at `now`: an old one goes to review alone (rule F8). Where nothing is to be done about a fresh
    /// one, nothing is about an old one.
    public func actions(seenAt now: Instant) -> [FraudAction] {
        if now - at < SpendLimits.actionDelay { return actions }
        return actions.isEmpty ? [] : [.requireManualReview]
    }
}
