/// What one bundle covers of one record.
struct BundleShare {
    let bundle: String
    let key: UsageGroupKey
    let seconds: Int
    let credit: Money

    /// Bundles in list order take the records of their keys by (instant, id); each covers what the ones before left (rule I3).
    static func shares(
        of records: [BillableRecord], in bundles: [Bundle], usedBefore: [String: Int]
    ) -> [BundleShare] {
        guard !bundles.isEmpty else { return [] }
        let ordered = records.sorted { ($0.instant, $0.id) < ($1.instant, $1.id) }
        var uncovered = ordered.map(\.billedSeconds)
        var uncredited = ordered.map(\.charge)
        var shares: [BundleShare] = []
        for bundle in bundles {
            var left = bundle.seconds - (usedBefore[bundle.id] ?? 0)
            for (index, record) in ordered.enumerated() where bundle.keys.contains(record.key.classKey) {
                guard left > 0 else { break }
                guard let rate = record.ratePerMinute, uncovered[index] > 0 else { continue }
                let seconds = min(left, uncovered[index])
                let price = Money(rounding: Int128(rate.units) * Int128(seconds), dividedBy: 60, to: .charge)
                let credit = min(price, uncredited[index])
                left -= seconds
                uncovered[index] -= seconds
                uncredited[index] = uncredited[index] - credit
                shares.append(BundleShare(bundle: bundle.id, key: record.key, seconds: seconds, credit: credit))
            }
        }
        return shares
    }
}

extension VolumeDiscount {
    /// What the discount takes off each group, in the groups' order (rule I4). Bundles have been taken off.
    func discounts(on groups: [UsageGroup]) -> [Money] {
        let counted = groups.filter(applies)
        guard let fraction = effectivePercent(volume: volume(of: counted)) else { return groups.map { _ in .zero } }
        return groups.map { group in
            guard applies(to: group) else { return .zero }
            let net = group.gross - group.bundleCredit
            return Money(
                rounding: Int128(net.units) * fraction.numerator, dividedBy: fraction.denominator * 1_000_000_000,
                to: .charge)
        }
    }

    private func applies(to group: UsageGroup) -> Bool {
        keys?.contains(group.key.classKey) ?? true
    }

    /// The volume in 1e-7 of its unit times `scale`, so that minutes stay exact.
    private func volume(of groups: [UsageGroup]) -> Int128 {
        switch metric {
        case .minutes: groups.reduce(0) { $0 + Int128($1.billedSeconds - $1.coveredSeconds) * 10_000_000 }
        case .messages, .queries: groups.reduce(0) { $0 + Int128($1.units) * 10_000_000 }
        case .spend: groups.reduce(0) { $0 + Int128(($1.gross - $1.bundleCredit).units) }
        }
    }

    private var scale: Int128 { metric == .minutes ? 60 : 1 }

    /// The percentage in 1e-7 as a fraction; nil where it is 0.
    private func effectivePercent(volume: Int128) -> (numerator: Int128, denominator: Int128)? {
        switch mode {
        case .allUnits:
            guard let tier = tiers.last(where: { Int128($0.from) * scale <= volume }) else { return nil }
            return (Int128(tier.discount.units), 1)
        case .graduated:
            guard volume > 0 else { return nil }
            var weighted: Int128 = 0
            for (index, tier) in tiers.enumerated() {
                let from = Int128(tier.from) * scale
                guard volume > from else { break }
                let next = index + 1 < tiers.count ? Int128(tiers[index + 1].from) * scale : volume
                weighted += (min(volume, next) - from) * Int128(tier.discount.units)
            }
            // Reduced, so that the product with an amount stays within 128 bits.
            let divisor = greatestCommonDivisor(weighted, volume)
            return (weighted / divisor, volume / divisor)
        }
    }
}

extension Promotion {
    /// What the promotion takes off each amount that is left, in order (rule I4).
    func credits(on rests: [Money]) -> [Money] {
        switch kind {
        case .percent(let percent): rests.map { percent.of($0, to: .charge) }
        case .credit(let value): Promotion.spread(min(value, rests.total()), over: rests)
        }
    }

    /// A credit spread in proportion, to the last digit: each share is the rounded cumulative share less what went before.
    static func spread(_ credit: Money, over rests: [Money]) -> [Money] {
        let total = rests.total()
        guard credit > .zero, total > .zero else { return rests.map { _ in .zero } }
        var cumulative = Money.zero
        var given = Money.zero
        return rests.map { rest in
            cumulative = cumulative + rest
            let due = Money(
                rounding: Int128(credit.units) * Int128(cumulative.units), dividedBy: Int128(total.units), to: .charge)
            defer { given = due }
            return due - given
        }
    }
}

/// The greatest common divisor of two numbers that are not both 0, positive.
func greatestCommonDivisor(_ left: Int128, _ right: Int128) -> Int128 {
    var (a, b) = (left < 0 ? -left : left, right < 0 ? -right : right)
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
