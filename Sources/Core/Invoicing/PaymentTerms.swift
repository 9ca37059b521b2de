/// How long a customer may take to pay (rule I6): calendar days, not moved for weekends.
public enum PaymentTerms: String, Sendable, CaseIterable {
    case net0 = "NET_0"
    case net30 = "NET_30"
    case net60 = "NET_60"

    /// Days from invoice date to due date.
    public var days: Int {
        switch self {
        case .net0: 0
        case .net30: 30
        case .net60: 60
        }
    }

    /// When an invoice of this date is due.
    public func dueDate(invoiceDate: UsageDay) -> UsageDay { invoiceDate.advanced(days: days) }
}

/// How old an open invoice is (rule I6).
public enum AgingBucket: String, Sendable, CaseIterable {
    case current
    case upTo30 = "1-30"
    case upTo60 = "31-60"
    case upTo90 = "61-90"
    case over90 = "over_90"

    /// The bucket of an invoice so many days behind its due date; a negative number is not due yet.
    public init(daysPastDue days: Int) {
        switch days {
        case ...0: self = .current
        case 1...30: self = .upTo30
        case 31...60: self = .upTo60
        case 61...90: self = .upTo90
        default: self = .over90
        }
    }
}

/// An invoice as it stands on a day (rule I6).
public struct InvoiceAging: Hashable, Sendable {
    /// Total less what was paid.
    public let open: Money
    /// 0 until the due date.
    public let daysLate: Int
    /// Nil where nothing is open.
    public let bucket: AgingBucket?
    public let isOverdue: Bool
    /// What lateness costs so far; zero without a percentage.
    public let lateFee: Money

    /// An invoice on a day. `lateFeePercent` falls due for each whole 30 days of lateness; nil is off.
    public init(total: Money, paid: Money, dueDate: UsageDay, asOf day: UsageDay, lateFeePercent: Percent? = nil) {
        let days = day - dueDate
        open = total - paid
        daysLate = max(0, days)
        isOverdue = days > 0 && open > .zero
        bucket = open > .zero ? AgingBucket(daysPastDue: days) : nil
        let monthly = open > .zero ? lateFeePercent?.of(open, to: .cents) ?? .zero : .zero
        lateFee = monthly * (daysLate / 30)
    }
}

/// How a customer pays.
public enum PaymentMethodKind: String, Sendable, CaseIterable {
    case card, ach, wire

    /// What the processor keeps of a payment (rule I8); nil for wires, whose fee is booked as the bank charges it.
    public func fee(on amount: Money) -> Money? {
        switch self {
        case .card:
            // 2.9 % and 30 cents, rounded once.
            Money(
                rounding: Int128(amount.units) * 29 + 300 * Int128(Money(units: 10_000_000).units), dividedBy: 1_000,
                to: .cents)
        case .ach:
            min(Money(rounding: Int128(amount.units) * 8, dividedBy: 1_000, to: .cents), Money(units: 50_000_000))
        case .wire: nil
        }
    }
}
