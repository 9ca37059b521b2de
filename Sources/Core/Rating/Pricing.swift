// The steps that all services share once charge and cost are known (rules G6–G9, R12, R15).

extension RatedUsage {
    /// Flags that hold a record (rule D3 and its like).
    static let holding: Flags = [
        .badTimestamp, .noTimestamp, .missingEnd, .negativeDuration, .excessiveDuration, .futureTimestamp,
        .unknownCustomer, .badStatus, .badType, .badQuantity, .duplicateConflict, .tooOld, .amountOverflow,
    ]

    /// Sets the key and the SKU that it maps to; a key without one is flagged and still rated (rule K4).
    mutating func map(_ key: ClassKey, to sku: String?) {
        classKey = key
        self.sku = sku
        if sku == nil { flags.insert(.skuUnmapped) }
    }

    /// Charge 0: unanswered, or a failed message or query (rules D5, S4, A1).
    mutating func setNotBillable() {
        status = .notBillable
        charge = .zero
        vendorCost = .zero
        margin = .zero
    }

    /// Amounts of which one does not fit its column (rule G7).
    mutating func setOverflow() {
        status = .held
        flags.insert(.amountOverflow)
        // Rule R12 speaks of rated charges.
        flags.remove(.zeroRated)
        charge = nil
        vendorCost = nil
        margin = nil
        marginPercentage = nil
    }

    /// Margin and its alerts, where charge and cost are known (rule R15).
    mutating func setMargin(alertBelow threshold: Percentage) {
        guard let charge, let vendorCost else { return }
        let margin = charge - vendorCost
        self.margin = margin
        marginPercentage = Percentage(Int128(margin.units), of: Int128(charge.units))
        if margin < .zero { flags.insert(.negativeMargin) }
        // margin / charge × 100 < threshold, without the rounding of the shown percentage.
        if charge > .zero, Int128(margin.units) * 10_000 < Int128(threshold.hundredths) * Int128(charge.units) {
            flags.insert(.marginAlert)
        }
    }
}

/// Margin of two rates per minute (rule R15): at seven decimals, with the percentage of the rate.
public struct RateMargin: Hashable, Sendable {
    public let margin: Rate
    public let percentage: Percentage?

    /// What is left of a rate after its cost.
    public init(rate: Rate, cost: Rate) {
        margin = Rate(units: rate.units - cost.units)
        percentage = Percentage(Int128(margin.units), of: Int128(rate.units))
    }
}

/// When a record counts and why it may have to wait for a person (rules D2, D3, G8).
struct RecordTimes {
    var instant: Instant?
    var flags = Flags.none

    /// `hasUnreadable` says so of the record's other stamps; `instant` is the one it is rated by. A record without `created_at` was made when it
    /// was received.
    init(instant: Instant?, hasUnreadable: Bool, created: Stamp, received: Instant?) {
        self.instant = instant
        if hasUnreadable || created == .unreadable { flags.insert(.badTimestamp) }
        guard let instant else {
            flags.insert(.noTimestamp)
            return
        }
        if let created = created.instant ?? received, instant > created.advanced(seconds: 300) {
            flags.insert(.futureTimestamp)
        }
        var now = received
        if let created = created.instant { now = max(created, now ?? created) }
        // Nothing is too old within a year; the calendar is asked for the rest.
        if let now, now - instant > 31_536_000_000, instant < now.keyHorizon { flags.insert(.tooOld) }
    }
}

extension Instant {
    /// Since when keys are kept at this moment: 13 months before it (rule G8).
    var keyHorizon: Instant {
        usageDay.oldestKept.startUTC.advanced(milliseconds: self - usageDay.startUTC)
    }
}
