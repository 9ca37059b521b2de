/// One customer's recent events, as fraud control needs them (rules F1–F7): feed it each event, act on what it returns.
///
/// Events are kept by their own time, so a late one is measured against its own window. What no window can reach is forgotten.
public struct SpendWindows: Hashable, Sendable, Codable {
    private var callStarts = SlidingSum(window: SpendLimits.callWindow)
    private var newCountries = SlidingSum(window: SpendLimits.dayWindow)
    private var spend = SlidingSum(window: SpendLimits.spendWindow)
    private var depletion = SlidingSum(window: SpendLimits.depletionWindow)
    private var internationalSeconds = SlidingSum(window: SpendLimits.dayWindow)
    private var paymentFailures = SlidingSum(window: SpendLimits.dayWindow)
    /// When each foreign country was last called, in milliseconds.
    private var lastCalled: [String: Int64] = [:]
    /// Checks that have fired and whose condition has not been false since.
    private var fired: Set<FraudCheck> = []

    /// No events.
    public init() {}

    /// Takes an event in and returns the checks that it fires, in their order.
    public mutating func observe(_ event: FraudEvent, limits: SpendLimits = SpendLimits()) -> [FraudAlert] {
        let now = event.at.milliseconds
        var alerts: [FraudAlert] = []
        func judge(_ check: FraudCheck, _ isTrue: Bool, _ value: FraudAlert.Value) {
            guard isTrue else {
                fired.remove(check)
                return
            }
            guard fired.insert(check).inserted else { return }
            let actions = (limits.actions[check] ?? []).sorted { $0.rawValue < $1.rawValue }
            alerts.append(FraudAlert(check: check, at: event.at, value: value, actions: actions))
        }
        switch event.kind {
        case .callStart(let country):
            let calls = callStarts.insert(1, at: now)
            judge(.callsPerMinute, calls > limits.callsPerMinute, .count(Int(calls)))
            let countries = newCountries.insert(isNew(country, at: now) ? 1 : 0, at: now)
            judge(.unusualDestination, countries >= limits.newCountriesPerDay, .count(Int(countries)))
        case .charge(let amount, let billedSeconds, let isInternational, let highWaterMark):
            let spent = Money(units: spend.insert(amount.units, at: now))
            judge(.spendPerHour, spent > limits.spendPerHour, .amount(spent))
            let seconds = internationalSeconds.insert(isInternational ? Int64(billedSeconds) : 0, at: now)
            judge(.internationalMinutes, seconds > limits.internationalSecondsPerDay, .seconds(Int(seconds)))
            let recent = Money(units: depletion.insert(amount.units, at: now))
            let mark = highWaterMark ?? .zero
            let share = Int128(mark.units) * Int128(limits.depletionPercent)
            let isDepleting = mark > .zero && Int128(recent.units) * 100 >= share
            judge(.rapidBalanceDepletion, isDepleting, .amount(recent))
        case .paymentFailed:
            let failures = paymentFailures.insert(1, at: now)
            judge(.multiplePaymentFailures, failures >= limits.paymentFailuresPerDay, .count(Int(failures)))
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

/// The sum of amounts within a window that ends at any event: (t − window, t].
struct SlidingSum: Hashable, Sendable, Codable {
    /// One moment with what fell on it.
    struct Entry: Hashable, Sendable, Codable {
        let at: Int64
        var amount: Int64
    }

    let window: Int64
    private var entries: [Entry] = []
    /// The first entry that still counts; those before it are dropped when there are many.
    private var head = 0
    /// The sum of the entries from `head` on.
    private var total: Int64 = 0

    init(window: Int64) {
        self.window = window
    }

    /// Takes an amount in (0 only looks) and returns the sum of the window that ends at `now`.
    mutating func insert(_ amount: Int64, at now: Int64) -> Int64 {
        guard let last = entries.last, now < last.at else {
            if amount != 0 { append(amount, at: now) }
            drop(through: now - window)
            return total
        }
        if amount != 0 {
            let index = entries[head...].firstIndex { $0.at > now } ?? entries.endIndex
            entries.insert(Entry(at: now, amount: amount), at: index)
            total += amount
        }
        return entries[head...].reduce(0) { sum, entry in
            entry.at <= now && entry.at > now - window ? sum + entry.amount : sum
        }
    }

    private mutating func append(_ amount: Int64, at now: Int64) {
        total += amount
        if head < entries.count, entries[entries.count - 1].at == now {
            entries[entries.count - 1].amount += amount
        } else {
            entries.append(Entry(at: now, amount: amount))
        }
    }

    private mutating func drop(through limit: Int64) {
        while head < entries.count, entries[head].at <= limit {
            total -= entries[head].amount
            head += 1
        }
        if head > 64, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}
