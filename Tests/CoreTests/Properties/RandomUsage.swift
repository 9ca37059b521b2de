import Core
import TestSupport

/// What properties are asked of: terms, usage and plans as carriers have them, with the odd ones more often than in life.
extension SeededGenerator {
    /// Terms of a plan, from 1/1 without fees to all of them at once.
    mutating func terms() -> Terms {
        var terms = Terms()
        terms.increments = Increments(pick([1, 6, 30, 60, .random(in: 1...90, using: &self)]), pick([1, 6, 60]))
        terms.minimumSeconds = pick([0, 0, .random(in: 0...90, using: &self)])
        terms.graceSeconds = pick([0, 0, .random(in: 1...12, using: &self)])
        terms.connectFee = pick([.zero, Money(units: .random(in: 0...300_000, using: &self))])
        terms.minimumCharge = pick([.zero, Money(units: .random(in: 0...300_000, using: &self))])
        terms.maximumCharge = pick([nil, nil, Money(units: .random(in: 0...900_000, using: &self))])
        return terms
    }

    /// A rate per minute, 0 and seven digits included.
    mutating func rate() -> Rate { pick([.zero, Rate(units: .random(in: 1...3_000_000, using: &self))]) }

    /// Records of one month, some of them messages, in no order of time.
    mutating func records(_ count: Int) -> [BillableRecord] {
        (0..<count).map { number in
            let key = pick(RandomUsage.keys)
            let isCall = !key.classKey.isNonTelecom
            let seconds = isCall ? Int.random(in: 0...400, using: &self) : 0
            let rate = rate()
            let exact = seconds == 0 ? Money.zero : Terms().charge(rate: rate, billedSeconds: seconds) ?? .zero
            // Fees and bounds make a charge differ from its rate times its seconds.
            let charge = pick([exact, Money(units: .random(in: 0...20_000, using: &self) * 100)])
            return BillableRecord(
                id: UsageID(Identifier128(high: 0, low: UInt64(number))), key: key,
                instant: wednesday.advanced(seconds: .random(in: 0...500, using: &self)), billedSeconds: seconds,
                units: isCall ? 0 : .random(in: 1...4, using: &self), ratePerMinute: isCall ? rate : nil,
                charge: charge)
        }
    }

    /// Up to two bundles over some of the keys.
    mutating func bundles() -> [Bundle] {
        (0..<Int.random(in: 0...2, using: &self)).map { number in
            Bundle(
                id: "b\(number)", keys: Set(RandomUsage.keys.map(\.classKey).filter { _ in Bool.random(using: &self) }),
                seconds: .random(in: 1...6_000, using: &self))
        }
    }

    /// A discount whose tiers ascend in volume and percentage.
    mutating func volume(_ mode: VolumeDiscount.Mode) -> VolumeDiscount {
        let metric = pick(VolumeDiscount.Metric.allCases)
        var from: Int64 = 0
        var percent: Int64 = .random(in: 0...10, using: &self)
        let tiers = (0..<Int.random(in: 1...4, using: &self)).map { _ in
            defer {
                from += .random(in: 1...400_000_000, using: &self)
                percent += .random(in: 0...30, using: &self)
            }
            return VolumeDiscount.Tier(from: from, discount: Percent(units: percent * 10_000_000))
        }
        return VolumeDiscount(metric: metric, mode: mode, keys: pick([nil, [.terminatingInterstate]]), tiers: tiers)
    }

    /// Up to three promotions of both kinds.
    mutating func promotions() -> [Promotion] {
        (0..<Int.random(in: 0...3, using: &self)).map { number in
            let percent = Percent(units: .random(in: 0...1_000_000_000, using: &self))
            let credit = Money(units: .random(in: 0...2_000, using: &self) * 100_000)
            return Promotion(id: "p\(number)", pick([.percent(percent), .credit(credit)]))
        }
    }

    /// One of several.
    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: values.indices, using: &self)] }

    /// The values in some parts, which may be empty.
    mutating func split<Value>(_ values: [Value]) -> [[Value]] {
        var parts: [[Value]] = Array(repeating: [], count: .random(in: 1...5, using: &self))
        for value in values { parts[Int.random(in: parts.indices, using: &self)].append(value) }
        return parts
    }
}

/// The keys that random usage falls on: several tax jurisdictions of one class, and several classes.
enum RandomUsage {
    static let keys = [
        UsageGroupKey(.terminatingInterstate, .interstate), UsageGroupKey(.terminatingIntrastate, .intrastate),
        UsageGroupKey(.terminatingLocal, .intrastate), UsageGroupKey(.terminatingLocal, .interstate),
        UsageGroupKey(.terminatingIndeterminate, .international), UsageGroupKey(.originatingTollFree, .indeterminate),
        UsageGroupKey(.smsOutbound, .none), UsageGroupKey(.api("LRN"), .none),
    ]
}
