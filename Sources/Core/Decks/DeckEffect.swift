/// Minutes to numbers that begin alike, of one jurisdiction: what a change of rates is weighed with.
public struct DeckTraffic: Hashable, Sendable {
    public let scope: RateDeck.Scope
    /// The leading digits by which a call is priced: of the routing number at home, of the E.164 number abroad. The more digits,
    /// the more exactly a longer prefix of either deck is told from a shorter one.
    public let digits: Prefix
    /// The column of the rate.
    public let column: RateRow.Column
    /// Billed seconds.
    public let seconds: Int64

    /// Seconds of a jurisdiction.
    public init(digits: Prefix, jurisdiction: Jurisdiction, seconds: Int64) {
        scope = jurisdiction == .international ? .international : .domestic
        self.digits = digits
        column = jurisdiction == .international ? .rate : jurisdiction.column
        self.seconds = seconds
    }
}

/// What a deck's changes do to traffic: the same minutes at the old and at the new rates, fees and increments aside.
public struct DeckEffect: Sendable {
    /// The day whose new rates were used; the old ones are today's.
    public let day: UsageDay
    /// By place in the diff's changes, those with traffic: what more they cost.
    public let byChange: [Int: Part]
    /// All traffic at the old rates.
    public let before: Money
    /// All traffic at the new rates.
    public let after: Money
    /// Seconds that were priced and no longer are.
    public let unpricedSeconds: Int64
    /// Seconds that no rate of the old deck prices.
    public let newlyPricedSeconds: Int64

    /// What one change does.
    public struct Part: Hashable, Sendable {
        public let seconds: Int64
        /// After less before, five decimals.
        public let effect: Money
    }

    /// The places of the changes that weigh most, the heaviest first.
    public func greatest(_ count: Int) -> [Int] {
        Array(
            byChange.sorted {
                ($1.value.effect.units.magnitude, $0.key) < ($0.value.effect.units.magnitude, $1.key)
            }.prefix(count).map(\.key))
    }
}

extension DeckDiff {
    /// Prices traffic by both decks. Each item counts for the longer of the two prefixes that price it.
    public func effect(on traffic: [DeckTraffic], day: UsageDay? = nil) -> DeckEffect {
        let day = day ?? settled
        var places: [UInt64: Int] = [:]
        for (place, change) in changes.enumerated() where change.from <= day && change.until.map({ day < $0 }) ?? true {
            places[change.key] = place
        }
        var (oldWalk, newWalk) = (PrefixWalk(old, on: today), PrefixWalk(new, on: day))
        var sums: [Int: (seconds: Int64, units: Int128)] = [:]
        var (before, after): (Int128, Int128) = (0, 0)
        var (unpriced, newlyPriced): (Int64, Int64) = (0, 0)
        for item in traffic.sorted(by: { $0.key < $1.key }) {
            let oldRow = oldWalk.match(item.key).map { old.rows[$0] }
            let newRow = newWalk.match(item.key).map { new.rows[$0] }
            let (was, becomes) = (oldRow?.price(item.column), newRow?.price(item.column))
            let oldAmount = Int128(was?.units ?? 0) * Int128(item.seconds)
            let newAmount = Int128(becomes?.units ?? 0) * Int128(item.seconds)
            before += oldAmount
            after += newAmount
            if was != nil, becomes == nil { unpriced += item.seconds }
            if was == nil { newlyPriced += becomes == nil ? 0 : item.seconds }
            let (oldLength, newLength) = (oldRow?.prefix.length ?? 0, newRow?.prefix.length ?? 0)
            guard let row = newLength >= oldLength ? newRow : oldRow, let place = places[row.key] else { continue }
            let sum = sums[place] ?? (0, 0)
            sums[place] = (sum.seconds + item.seconds, sum.units + newAmount - oldAmount)
        }
        return DeckEffect(
            day: day,
            byChange: sums.mapValues {
                .init(seconds: $0.seconds, effect: Money(rounding: $0.units, dividedBy: 60, to: .charge))
            },
            before: Money(rounding: before, dividedBy: 60, to: .charge),
            after: Money(rounding: after, dividedBy: 60, to: .charge), unpricedSeconds: unpriced,
            newlyPricedSeconds: newlyPriced)
    }
}

extension DeckDiff.Change {
    /// Scope and prefix in one number, as of rows.
    fileprivate var key: UInt64 { prefix.key | (scope == .international ? RateSheet.internationalBit : 0) }
}

extension DeckTraffic {
    fileprivate var key: UInt64 { digits.key | (scope == .international ? RateSheet.internationalBit : 0) }
}
