/// What a call would cost: the rate and the terms that rating found for it. It stays with the call's hold.
public struct CallPrice: Hashable, Sendable {
    /// Per minute, after a time band.
    public let rate: Rate
    public let terms: Terms

    /// The longest call that is let through in one piece, in seconds (rule W5).
    public static let defaultCap = 14_400

    public init(rate: Rate, terms: Terms) {
        self.rate = rate
        self.terms = terms
    }

    /// The charge of a call that is cut off at a boundary; nil from 10^7 dollars on. Grace is not counted on.
    func charge(boundary seconds: Int) -> Money? {
        terms.charge(rate: rate, billedSeconds: max(seconds, terms.minimumSeconds))
    }

    /// The charge of a call that lasted so many whole seconds; 0 for 0 seconds. Grace is not counted on.
    func charge(talkSeconds: Int) -> Money? {
        guard talkSeconds > 0 else { return .zero }
        return charge(boundary: terms.increments.seconds(forMilliseconds: Int64(talkSeconds) * 1_000))
    }

    /// The largest boundary at or below a limit; nil where the first one is above it.
    func boundary(atOrBelow limit: Int) -> Int? {
        let increments = terms.increments
        guard limit >= increments.initial else { return nil }
        return increments.initial + (limit - increments.initial) / increments.subsequent * increments.subsequent
    }

    /// How long a call may last for an amount of money (rule W5): the largest boundary within `cap` whose charge is covered.
    /// 0 is a refusal; `available` nil is without limit.
    public func maximumSeconds(available: Money?, cap: Int = CallPrice.defaultCap) -> Int {
        guard let last = boundary(atOrBelow: cap) else { return 0 }
        guard let available else { return last }
        let increments = terms.increments
        // The charge never falls with the boundary, so the steps behind the initial seconds can be searched in halves.
        var affordable = -1
        var tooDear = (last - increments.initial) / increments.subsequent + 1
        while tooDear - affordable > 1 {
            let step = (affordable + tooDear) / 2
            if let charge = charge(boundary: increments.initial + step * increments.subsequent), charge <= available {
                affordable = step
            } else {
                tooDear = step
            }
        }
        return affordable < 0 ? 0 : increments.initial + affordable * increments.subsequent
    }
}
