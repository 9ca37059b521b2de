/// What a vendor's side of a call costs (rule R14).
public struct VendorPrice: Hashable, Sendable {
    /// Digits, or `flat`; nil without a rate and for emergency calls.
    public var prefix: String?
    public var rate: Rate?
    public var billedSeconds: Int?
    /// Nil without a rate, and where the amount fits no column (rule G7).
    public var cost: Money?
    /// No vendor, one that is not known, or none of its rates: flag `NO_VENDOR_RATE`.
    public var isWithoutRate: Bool
    /// The cost is ten million dollars or more (rule G7).
    public var isOverflow: Bool

    /// No rate.
    static let unknown = VendorPrice(cost: nil, isWithoutRate: true, isOverflow: false)
    /// Nothing is said of the cost.
    static let withheld = VendorPrice(cost: nil, isWithoutRate: false, isOverflow: false)
    /// Nobody answered: nothing to pay.
    static let unanswered = VendorPrice(billedSeconds: 0, cost: .zero, isWithoutRate: false, isOverflow: false)
    /// Nothing to pay, and nothing looked up.
    static let free = VendorPrice(cost: .zero, isWithoutRate: false, isOverflow: false)
}

extension RatingTables {
    /// What a vendor's call of this length costs. Time bands don't apply; the grace is the vendor's own.
    public func vendorPrice(
        of target: CallTarget, by vendor: VendorName?, on day: UsageDay, durationMilliseconds: Int64
    ) -> VendorPrice {
        if target.kind == .emergency { return .free }
        guard let terms = self.vendor(vendor), let found = vendorRate(of: target, terms, on: day) else {
            return .unknown
        }
        let billed = found.terms.billedTime(durationMilliseconds: durationMilliseconds)
        let cost = found.terms.cost(rate: found.rate, billed: billed)
        return VendorPrice(
            prefix: found.prefix, rate: found.rate, billedSeconds: billed.seconds, cost: cost, isWithoutRate: false,
            isOverflow: cost == nil)
    }

    /// What one attempt of a rated call costs us: by the call's target and day, with the attempt's own vendor and length (M10). An
    /// attempt that was not answered costs nothing. A dirty one has no cost, nor has any of a call that is held or cannot be
    /// classified.
    public func vendorPrice(of attempt: VendorAttempt, call: RatedUsage) -> VendorPrice {
        guard call.status != .held, !attempt.isDirty else { return .withheld }
        guard let answered = attempt.answer.instant, let ended = attempt.end.instant else { return .unanswered }
        guard let target = CallTarget(call) else { return .withheld }
        return vendorPrice(
            of: target, by: attempt.vendor, on: call.usageDay ?? answered.usageDay,
            durationMilliseconds: ended - answered)
    }

    /// What a vendor asks for a call a minute: the row of its deck, else its table by class key.
    func vendorRate(of target: CallTarget, _ vendor: VendorTerms, on day: UsageDay)
        -> (prefix: String, rate: Rate, terms: Terms)?
    {
        let usesDeck =
            target.direction == .terminating
            && [.geographic, .nongeographic, .international].contains(target.kind)
        guard usesDeck else {
            return vendor.flat[target.classKey].map { ("flat", $0, vendor.billing) }
        }
        guard let deck = vendor.rows else { return nil }
        if target.jurisdiction == .international {
            guard let number = target.number,
                let found = RowSources(inline: nil, deck: deck.international).international(number, on: day),
                let rate = found.row.rate(for: .rate)
            else { return nil }
            return (found.prefix, rate, found.row.terms(over: vendor.billing))
        }
        guard let found = RowSources(inline: nil, deck: deck.domestic).domestic(target.domesticDigits, on: day),
            let rate = found.row.rate(for: target.jurisdiction.column)
        else { return nil }
        return (found.prefix.text, rate, found.row.terms(over: vendor.billing))
    }
}
