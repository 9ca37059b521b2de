/// What a call costs that is about to begin.
public enum CallOffer: Hashable, Sendable {
    /// Free whatever a plan says: an emergency call, whoever makes it, or a free service code (rule R7).
    case free
    /// Charged while it lasts.
    case priced(CallPrice, customer: CustomerID)
    /// Nobody could charge it: a rule's code, `UNKNOWN_CUSTOMER`, `NO_RATE` or what is wrong with its numbers.
    case refused(String)
}

/// What a vendor's price for a call does to its margin.
public enum MarginVerdict: String, Hashable, Sendable {
    case ok
    /// Below the customer's alert level.
    case alert = "MARGIN_ALERT"
    /// It would cost more than it brings.
    case negative = "NEGATIVE_MARGIN"
    /// The vendor has no rate for it.
    case noRate = "NO_VENDOR_RATE"
}

extension RatingTables {
    /// The offer for a call that begins now, and, where it names a vendor, what that one's price does to the margin of a minute.
    ///
    /// The call is rated as if it had been answered at its start and had lasted a minute, so the same numbers, plans and decks are
    /// found as for its record later.
    public func offer(_ call: RawCDR, at now: Instant) -> (offer: CallOffer, margin: MarginVerdict?) {
        var call = call
        call.start = .at(now)
        call.answer = .at(now)
        call.end = .at(now.advanced(seconds: 60))
        let usage = rate(call)
        return (offer(usage, at: now), usage.vendor == nil ? nil : MarginVerdict(usage.flags))
    }

    private func offer(_ usage: RatedUsage, at now: Instant) -> CallOffer {
        if usage.call?.dnisKind == .emergency { return .free }
        guard let customer = customer(usage.customerBAN) else { return .refused(Flag.unknownCustomer.name) }
        guard usage.status != .held, let target = CallTarget(usage) else {
            return .refused(usage.flags.names.first ?? Flag.noRate.name)
        }
        switch price(of: target, for: customer, at: now) {
        case .free: return .free
        case .unrated: return .refused(Flag.noRate.name)
        case .quoted(let quote): return .priced(CallPrice(quote), customer: customer.id)
        }
    }
}

extension MarginVerdict {
    fileprivate init(_ flags: Flags) {
        if flags.contains(.noVendorRate) {
            self = .noRate
        } else if flags.contains(.negativeMargin) {
            self = .negative
        } else {
            self = flags.contains(.marginAlert) ? .alert : .ok
        }
    }
}

extension CallPrice {
    /// The price of a quote. A charge for a call of any length is a fee for its connection.
    init(_ quote: CallQuote) {
        var terms = quote.terms
        if let flat = quote.flatCharge { terms.connectFee = flat }
        self.init(rate: quote.rate, terms: terms)
    }
}
