/// One customer's recent events, as fraud control needs them (rules F1–F7): feed it each event, act on what it returns.
///
/// Events are kept by their own time. A late one counts in every window that holds it; it can make a check true, but not arm it again: what came
/// before it knows better what is now. What no window can reach is forgotten, so the size is bounded.
public struct SpendWindows: Hashable, Sendable {
    var callStarts = SlidingSum(window: SpendLimits.callWindow, memory: SpendLimits.callMemory)
    var newCountries = SlidingSum(window: SpendLimits.dayWindow)
    var spend = SlidingSum(window: SpendLimits.spendWindow)
    var depletion = SlidingSum(window: SpendLimits.depletionWindow)
    var internationalSeconds = SlidingSum(window: SpendLimits.dayWindow)
    var paymentFailures = SlidingSum(window: SpendLimits.dayWindow)
    /// When each foreign country was last called, in milliseconds.
    var lastCalled: [String: Int64] = [:]
    /// Checks that have fired and whose condition has not been false since.
    var fired: Set<FraudCheck> = []

    /// No events.
    public init() {}

    /// Takes an event in and returns the checks that it fires, in their order.
    public mutating func observe(_ event: FraudEvent, limits: SpendLimits = SpendLimits()) -> [FraudAlert] {
        let now = event.at.milliseconds
        var alerts: [FraudAlert] = []
        func judge(
            _ check: FraudCheck, _ reading: SlidingSum.Reading, _ value: FraudAlert.Value,
            isTrue: (Int64) -> Bool
        ) {
            guard isTrue(reading.sum) else {
                if !reading.isLate { fired.remove(check) }
                return
            }
            // What was true before a late event came has been seen.
            guard !reading.isLate || !isTrue(reading.before) else { return }
            guard fired.insert(check).inserted else { return }
            let actions = (limits.actions[check] ?? []).sorted { $0.rawValue < $1.rawValue }
            alerts.append(FraudAlert(check: check, at: event.at, value: value, actions: actions))
        }
        switch event.kind {
        case .callStart(let country):
            let most = Int64(limits.callsPerMinute)
            let calls = callStarts.insert(1, at: now, limit: most)
            judge(.callsPerMinute, calls, .count(Int(calls.sum))) { $0 > most }
            let few = Int64(limits.newCountriesPerDay)
            let countries = newCountries.insert(isNew(country, at: now) ? 1 : 0, at: now, limit: few - 1)
            judge(.unusualDestination, countries, .count(Int(countries.sum))) { $0 >= few }
        case .charge(let amount, let billedSeconds, let isInternational, let highWaterMark):
            let spent = spend.insert(amount.units, at: now, limit: limits.spendPerHour.units)
            judge(.spendPerHour, spent, .amount(Money(units: spent.sum))) { $0 > limits.spendPerHour.units }
            let most = Int64(limits.internationalSecondsPerDay)
            let seconds = internationalSeconds.insert(
                isInternational ? Int64(billedSeconds) : 0, at: now, limit: most)
            judge(.internationalMinutes, seconds, .seconds(Int(seconds.sum))) { $0 > most }
            // The mark moves with every top-up, so that no amount is known to be beyond it.
            let recent = depletion.insert(highWaterMark == nil ? 0 : amount.units, at: now, limit: .max)
            let mark = highWaterMark ?? .zero
            let share = Int128(mark.units) * Int128(limits.depletionPercent)
            judge(.rapidBalanceDepletion, recent, .amount(Money(units: recent.sum))) {
                mark > .zero && Int128($0) * 100 >= share
            }
        case .paymentFailed:
            let few = Int64(limits.paymentFailuresPerDay)
            let failures = paymentFailures.insert(1, at: now, limit: few - 1)
            judge(.multiplePaymentFailures, failures, .count(Int(failures.sum))) { $0 >= few }
        }
        return alerts
    }

    /// Whether a foreign country was not called in the 30 days before (rule F6); it is known from now on.
    private mutating func isNew(_ country: String?, at now: Int64) -> Bool {
        guard let country, !SpendLimits.domesticCountries.contains(country) else { return false }
        let last = lastCalled[country]
        lastCalled[country] = max(last ?? now, now)
        guard let last else { return true }
        return last < now - SpendLimits.countryMemory
    }
}
