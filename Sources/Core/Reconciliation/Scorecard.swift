/// One vendor attempt, as far as a scorecard looks at it (rules Q1–Q5).
public struct AttemptMeasure: Hashable, Sendable {
    public var isAnswered: Bool
    public var sipResponseCode: Int?
    public var pddMilliseconds: Int?
    /// End − answer; nil where it was not answered.
    public var talkMilliseconds: Int64?
    public var quality: CallQuality
    /// Nil where it is not known; counts as 0.
    public var cost: Money?

    public init(
        isAnswered: Bool, sipResponseCode: Int?, pddMilliseconds: Int?, talkMilliseconds: Int64?, quality: CallQuality,
        cost: Money?
    ) {
        self.isAnswered = isAnswered
        self.sipResponseCode = sipResponseCode
        self.pddMilliseconds = pddMilliseconds
        self.talkMilliseconds = talkMilliseconds
        self.quality = quality
        self.cost = cost
    }

    /// An attempt as it was recorded; nil for a dirty one, which is left out of a vendor's figures (rules D3, Q2).
    public init?(
        disposition: String?, sipResponseCode: Int?, pddMilliseconds: Int?, start: Stamp, answer: Stamp, end: Stamp,
        created: Stamp = .absent, quality: CallQuality, cost: Money?
    ) {
        guard ![start, answer, end, created].contains(.unreadable),
            let ratingInstant = answer.instant ?? start.instant ?? end.instant
        else { return nil }
        if let created = created.instant, ratingInstant - created > 300_000 { return nil }
        isAnswered = disposition.map { ASCII.word($0) == "answered" } ?? false
        if let answered = answer.instant {
            guard let ended = end.instant, (0...86_400_000).contains(ended - answered) else { return nil }
            talkMilliseconds = ended - answered
        } else if isAnswered {
            return nil
        }
        self.sipResponseCode = sipResponseCode
        self.pddMilliseconds = pddMilliseconds
        self.quality = quality
        self.cost = cost
    }

    /// Failures of the called side, which are none of the network's (rule Q1).
    static let effectiveFailures: Set<Int> = [480, 486, 487, 600, 603]

    /// Answered, or failed for a reason that lies with the called side.
    var isEffective: Bool { isAnswered || sipResponseCode.map(AttemptMeasure.effectiveFailures.contains) ?? false }
}

/// A vendor's performance in a window (section Q). Dirty attempts are none of its measures.
public struct Scorecard: Hashable, Sendable {
    public let attempts: Int
    public let answered: Int
    /// Answer-seizure ratio; nil without attempts.
    public let asr: Percentage?
    /// Network effectiveness ratio; nil without attempts.
    public let ner: Percentage?
    /// Mean talk time of answered calls in hundredths of a second; nil without any.
    public let acdHundredths: Int64?
    /// Post-dial delay, nearest rank; nil where none was measured.
    public let pddP50Milliseconds: Int?
    public let pddP95Milliseconds: Int?
    /// Mean opinion score of answered calls in hundredths.
    public let mosHundredths: Int?
    /// Five decimals.
    public let totalCost: Money
    /// Per answered call, five decimals; nil without any.
    public let costPerSuccessfulCall: Money?
    /// 0–100; nil where no part is known (rule Q6).
    public let score: Percentage?

    /// A letter for the score, nil without one.
    public var grade: String? {
        guard let score else { return nil }
        switch score.hundredths {
        case 9_000...: return "A"
        case 8_000...: return "B"
        case 7_000...: return "C"
        case 6_000...: return "D"
        default: return "F"
        }
    }

    /// The figures of a window's attempts.
    public init(_ measures: some Sequence<AttemptMeasure>, targets: ScoreTargets = ScoreTargets()) {
        var attempts = 0
        var answered = 0
        var effective = 0
        var talk: Int128 = 0
        var delays: [Int] = []
        var opinions: (sum: Int128, count: Int128) = (0, 0)
        var cost = Money.zero
        for measure in measures {
            attempts += 1
            if measure.isEffective { effective += 1 }
            if let delay = measure.pddMilliseconds { delays.append(delay) }
            cost = cost + (measure.cost ?? .zero)
            guard measure.isAnswered else { continue }
            answered += 1
            talk += Int128(measure.talkMilliseconds ?? 0)
            if let opinion = measure.quality.opinionScoreHundredths {
                opinions.sum += Int128(opinion)
                opinions.count += 1
            }
        }
        delays.sort()
        self.attempts = attempts
        self.answered = answered
        asr = Percentage(Int128(answered), of: Int128(attempts))
        ner = Percentage(Int128(effective), of: Int128(attempts))
        acdHundredths =
            answered == 0 ? nil : Int64(Rounding.halfAwayFromZero(talk, dividedBy: Int128(answered) * 10))
        pddP50Milliseconds = Scorecard.nearestRank(50, in: delays)
        pddP95Milliseconds = Scorecard.nearestRank(95, in: delays)
        mosHundredths =
            opinions.count == 0 ? nil : Int(Rounding.halfAwayFromZero(opinions.sum, dividedBy: opinions.count))
        totalCost = cost.rounded(to: .charge)
        costPerSuccessfulCall =
            answered == 0 ? nil : Money(rounding: Int128(cost.units), dividedBy: Int128(answered), to: .charge)
        score = targets.score(
            asr: asr, ner: ner, pddP95Milliseconds: pddP95Milliseconds, mosHundredths: mosHundredths,
            acdHundredths: acdHundredths, cost: costPerSuccessfulCall)
    }

    /// Value number ceil(p / 100 × n) of the ascending values (rule Q3); nil of none.
    static func nearestRank(_ percent: Int, in ascending: [Int]) -> Int? {
        guard !ascending.isEmpty else { return nil }
        return ascending[(percent * ascending.count + 99) / 100 - 1]
    }
}

/// What a vendor's figures are measured against (rule Q6); the defaults are the rule's. All in 1e-5 of their unit.
public struct ScoreTargets: Hashable, Sendable {
    /// Percent.
    public var asr: Int64 = 50_00000
    public var ner: Int64 = 90_00000
    /// Milliseconds.
    public var pdd: Int64 = 3_000_00000
    public var mos: Int64 = 4_00000
    /// Seconds.
    public var acd: Int64 = 180_00000
    /// Dollars for a successful call.
    public var cost: Int64 = 2_000

    /// The rule's defaults.
    public init() {}

    /// Each known part as a share of its target, at most 1, weighted; the weights of missing parts are left out.
    func score(
        asr: Percentage?, ner: Percentage?, pddP95Milliseconds: Int?, mosHundredths: Int?, acdHundredths: Int64?,
        cost: Money?
    ) -> Percentage? {
        var sum = Fraction.zero
        var weights: Int128 = 0
        func add(_ weight: Int128, _ part: Fraction?) {
            guard let part else { return }
            weights += weight
            sum = sum + Fraction(part.numerator * weight, part.denominator)
        }
        add(30, asr.map { ScoreTargets.more($0.hundredths * 1_000, than: self.asr) })
        add(20, ner.map { ScoreTargets.more($0.hundredths * 1_000, than: self.ner) })
        add(15, pddP95Milliseconds.map { ScoreTargets.less(Int64($0) * 100_000, than: self.pdd) })
        add(15, mosHundredths.map { ScoreTargets.more(Int64($0) * 1_000, than: self.mos) })
        add(10, acdHundredths.map { ScoreTargets.more($0 * 1_000, than: self.acd) })
        add(10, cost.map { ScoreTargets.less($0.units / 100, than: self.cost) })
        guard weights > 0 else { return nil }
        return Percentage(sum.numerator, of: sum.denominator * weights)
    }

    /// A value that should be high: its share of the target, at most 1.
    private static func more(_ value: Int64, than target: Int64) -> Fraction {
        value >= target ? .one : Fraction(Int128(value), Int128(target))
    }

    /// A value that should be low: the target's share of it, at most 1.
    private static func less(_ value: Int64, than target: Int64) -> Fraction {
        value <= target || value <= 0 ? .one : Fraction(Int128(target), Int128(value))
    }
}

/// An exact fraction, reduced, with a positive denominator.
struct Fraction: Hashable {
    let numerator: Int128
    let denominator: Int128

    static let zero = Fraction(0, 1)
    static let one = Fraction(1, 1)

    init(_ numerator: Int128, _ denominator: Int128) {
        precondition(denominator > 0, "a denominator is positive")
        let divisor = greatestCommonDivisor(numerator, denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    static func + (left: Fraction, right: Fraction) -> Fraction {
        let shared = greatestCommonDivisor(left.denominator, right.denominator)
        let scale = right.denominator / shared
        return Fraction(
            left.numerator * scale + right.numerator * (left.denominator / shared), left.denominator * scale)
    }
}
