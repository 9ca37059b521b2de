/// An exact amount of US dollars: an `Int64` of 1e-7 USD (M12). Operators trap on overflow; nothing here rounds silently.
public struct Money: Hashable, Sendable {
    /// The amount in 1e-7 USD.
    public let units: Int64

    /// Digits after the point that `units` holds.
    public static let scale = 7
    /// No money.
    public static let zero = Money(units: 0)

    /// An amount of so many 1e-7 USD.
    @inlinable
    public init(units: Int64) {
        self.units = units
    }

    /// An amount from decimal text such as `12.50` or `-0.00712`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        units = try FixedPoint.parse(text, decimals: Money.scale)
    }

    /// Half away from zero to so many decimals (rule G2): 5 for a charge, 2 for an invoice line.
    public func rounded(to decimals: MoneyScale) -> Money {
        Money(rounding: Int128(units), dividedBy: 1, to: decimals)
    }

    /// The one rounding of an exact quotient: `numerator` (in 1e-7 USD) over `divisor`, half away from zero at `decimals`.
    @inlinable
    public init(rounding numerator: Int128, dividedBy divisor: Int128, to decimals: MoneyScale) {
        let step = Int128(decimals.units)
        units = Int64(Rounding.halfAwayFromZero(numerator, dividedBy: divisor * step) * step)
    }

    /// Towards minus infinity at so many decimals (rule W1).
    public func roundedDown(to decimals: MoneyScale) -> Money {
        Money(units: Int64(Rounding.floor(Int128(units), dividedBy: Int128(decimals.units))) * decimals.units)
    }

    /// Towards plus infinity at so many decimals (rule W6).
    public func roundedUp(to decimals: MoneyScale) -> Money {
        Money(units: Int64(Rounding.ceiling(Int128(units), dividedBy: Int128(decimals.units))) * decimals.units)
    }

    /// The amount with exactly so many decimals, such as `0.00712`. The digits behind must be zero.
    public func text(_ decimals: MoneyScale) -> String {
        FixedPoint.text(units, scale: Money.scale, decimals: decimals.rawValue)
    }

    /// Whether no digit stands behind the given decimals.
    public func isWhole(at decimals: MoneyScale) -> Bool {
        units % decimals.units == 0
    }
}

/// The decimals at which amounts are kept (rule G3).
public enum MoneyScale: Int, Sendable {
    /// Invoice lines and taxes.
    case cents = 2
    /// Wallet and ledger.
    case ledger = 4
    /// Charge and cost of one record.
    case charge = 5
    /// Everything an amount holds.
    case full = 7

    /// One step at this scale, in 1e-7 USD.
    @inlinable public var units: Int64 {
        switch self {
        case .cents: 100_000
        case .ledger: 1_000
        case .charge: 100
        case .full: 1
        }
    }
}

extension Money: Comparable, AdditiveArithmetic {
    @inlinable
    public static func < (left: Money, right: Money) -> Bool { left.units < right.units }
    @inlinable
    public static func + (left: Money, right: Money) -> Money { Money(units: left.units + right.units) }
    @inlinable
    public static func - (left: Money, right: Money) -> Money { Money(units: left.units - right.units) }
    @inlinable
    public static prefix func - (amount: Money) -> Money { Money(units: -amount.units) }
    /// So many times the amount.
    @inlinable
    public static func * (amount: Money, count: Int) -> Money { Money(units: amount.units * Int64(count)) }
}

extension Sequence<Money> {
    /// The exact sum.
    public func total() -> Money { reduce(.zero, +) }
}
