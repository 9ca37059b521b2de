/// The terms under which a rate is charged (rule R9). What a plan does not say is 1/1, no grace, no fees and no bounds.
public struct Terms: Hashable, Sendable {
    public var increments = Increments.second
    /// At least so many seconds are billed; not rounded to increments.
    public var minimumSeconds = 0
    /// Calls up to so many seconds are free.
    public var graceSeconds = 0
    public var connectFee = Money.zero
    public var minimumCharge = Money.zero
    /// Nil is no bound.
    public var maximumCharge: Money?

    /// 1/1 and nothing else.
    public init() {}
}

/// What billing makes of a call's length (rules D6–D8).
public enum BilledTime: Hashable, Sendable {
    /// Answered for 0 ms: free.
    case zeroDuration
    /// Within the grace period: free.
    case grace
    /// So many seconds.
    case seconds(Int)

    /// The seconds that are billed.
    public var seconds: Int {
        switch self {
        case .zeroDuration, .grace: 0
        case .seconds(let seconds): seconds
        }
    }
}

extension Terms {
    /// How long an answered call is billed. The duration is not negative.
    public func billedTime(durationMilliseconds: Int64) -> BilledTime {
        if durationMilliseconds == 0 { return .zeroDuration }
        if durationMilliseconds <= Int64(graceSeconds) * 1_000 { return .grace }
        return .seconds(max(increments.seconds(forMilliseconds: durationMilliseconds), minimumSeconds))
    }

    /// The charge of billed seconds above 0 (rule R11): fee and usage, at least the minimum, rounded once to five decimals, at
    /// most the maximum. Nil where it does not fit an amount (rule G7).
    public func charge(rate: Rate, billedSeconds: Int) -> Money? {
        // In 1e-7 USD times 60, so that nothing is divided before the rounding.
        let usage = Int128(rate.units) * Int128(billedSeconds)
        let sum = max(Int128(connectFee.units) * 60 + usage, Int128(minimumCharge.units) * 60)
        let bound = maximumCharge.map { Int128($0.units) * 60 } ?? sum
        return Terms.rounded(min(sum, bound), dividedBy: 60)
    }

    /// The charge of a call of this length: 0 within grace and for 0 ms.
    public func charge(rate: Rate, billed: BilledTime) -> Money? {
        switch billed {
        case .zeroDuration, .grace: .zero
        case .seconds(let seconds): charge(rate: rate, billedSeconds: seconds)
        }
    }

    /// A vendor's cost (rule R14): fee and usage, no bounds; 0 for 0 billed seconds.
    public func cost(rate: Rate, billed: BilledTime) -> Money? {
        switch billed {
        case .zeroDuration, .grace: .zero
        case .seconds(let seconds):
            Terms.rounded(Int128(connectFee.units) * 60 + Int128(rate.units) * Int128(seconds), dividedBy: 60)
        }
    }

    /// Half away from zero at five decimals; nil from 10^7 dollars on (rule G7).
    static func rounded(_ numerator: Int128, dividedBy divisor: Int128) -> Money? {
        let step = Int128(MoneyScale.charge.units)
        let rounded = Rounding.halfAwayFromZero(numerator, dividedBy: divisor * step) * step
        guard rounded.magnitude < Terms.overflow else { return nil }
        return Money(units: Int64(rounded))
    }

    /// 10^7 dollars in 1e-7 USD.
    private static let overflow: UInt128 = 100_000_000_000_000
}
