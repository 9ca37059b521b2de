/// What a vendor has promised; a part without a value is not promised (rule Q7).
public struct VendorSLA: Hashable, Sendable {
    public var asrMinimum: Percentage?
    public var nerMinimum: Percentage?
    public var pddP95MaximumMilliseconds: Int?
    public var mosMinimumHundredths: Int?

    public init(
        asrMinimum: Percentage? = nil, nerMinimum: Percentage? = nil, pddP95MaximumMilliseconds: Int? = nil,
        mosMinimumHundredths: Int? = nil
    ) {
        self.asrMinimum = asrMinimum
        self.nerMinimum = nerMinimum
        self.pddP95MaximumMilliseconds = pddP95MaximumMilliseconds
        self.mosMinimumHundredths = mosMinimumHundredths
    }
}

/// A promise that can be broken, in the order in which breaches are listed.
public enum SLAPart: String, Sendable, CaseIterable {
    case asr, ner, pdd, mos
}

/// A vendor's malus or bonus (rule Q7). It applies only where the contract says so, to what is payable after disputes.
public struct VendorAdjustment: Hashable, Sendable {
    public let breaches: [SLAPart]
    /// Whole percent: −2 for each breach, at most −10; +1 without any and a score of 95.
    public let percent: Int

    public init(_ scorecard: Scorecard, sla: VendorSLA) {
        breaches = SLAPart.allCases.filter { $0.isBreached(by: scorecard, sla) }
        if breaches.isEmpty {
            percent = (scorecard.score?.hundredths ?? 0) >= 9_500 ? 1 : 0
        } else {
            percent = max(-10, -2 * breaches.count)
        }
    }

    /// What it comes to on a payable amount, two decimals, signed.
    public func amount(on payable: Money) -> Money {
        Percent(units: Int64(percent) * 10_000_000).of(payable, to: .cents)
    }
}

extension SLAPart {
    /// A figure that is missing breaks no promise.
    fileprivate func isBreached(by scorecard: Scorecard, _ sla: VendorSLA) -> Bool {
        func isBelow<Value: Comparable>(_ value: Value?, _ minimum: Value?) -> Bool {
            guard let value, let minimum else { return false }
            return value < minimum
        }
        return switch self {
        case .asr: isBelow(scorecard.asr, sla.asrMinimum)
        case .ner: isBelow(scorecard.ner, sla.nerMinimum)
        case .pdd: isBelow(sla.pddP95MaximumMilliseconds, scorecard.pddP95Milliseconds)
        case .mos: isBelow(scorecard.mosHundredths, sla.mosMinimumHundredths)
        }
    }
}
