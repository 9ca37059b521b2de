/// What a comparison says of one record or pair (rule C3).
public enum MatchStatus: String, Sendable, CaseIterable {
    case matched
    /// They bill it, we never saw it.
    case missingOurs = "missing_ours"
    /// We saw it, they do not bill it.
    case missingTheirs = "missing_theirs"
    case durationMismatch = "duration_mismatch"
    case rateMismatch = "rate_mismatch"
    /// Neither seconds nor rate explain the difference: a fee, or a wrong extension.
    case costMismatch = "cost_mismatch"
    case duplicateOurs = "duplicate_ours"
    /// They bill it twice.
    case duplicateTheirs = "duplicate_theirs"
}

/// One line of a reconciliation: a pair, or a record alone.
public struct Match<Ours: Hashable & Comparable & Sendable, Theirs: Hashable & Comparable & Sendable>: Hashable,
    Sendable
{
    public let ours: StatementRecord<Ours>?
    public let theirs: StatementRecord<Theirs>?
    public let status: MatchStatus
    /// All that is wrong with a pair, none where it matched; a record alone has its status.
    public let issues: [MatchStatus]
    /// Their cost less ours, five decimals; an absent side is 0.
    public let costDelta: Money

    /// What of it can be disputed (rule C5).
    public var disputable: Money { status == .matched ? .zero : max(costDelta, .zero) }
}

/// Our records of a vendor's day set against its statement (rules C1–C3, C7): one to one, whatever order the records come in.
public struct Matching<Ours: Hashable & Comparable & Sendable, Theirs: Hashable & Comparable & Sendable>: Sendable {
    /// By their id, then what is ours alone by our id.
    public let matches: [Match<Ours, Theirs>]
    /// Records without seconds and cost.
    public let ignoredOurs: Int
    public let ignoredTheirs: Int
    public let totals: DiscrepancyTotals

    /// Pairs and compares two sides.
    public init(_ kind: StatementKind, ours: [StatementRecord<Ours>], theirs: [StatementRecord<Theirs>]) {
        let billedOurs = ours.filter { !$0.isIgnored }.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
        let billedTheirs = theirs.filter { !$0.isIgnored }.sorted { $0.id < $1.id }
        ignoredOurs = ours.count - billedOurs.count
        ignoredTheirs = theirs.count - billedTheirs.count
        let (firstOurs, repeatedOurs) = billedOurs.withoutDuplicates()
        let (firstTheirs, repeatedTheirs) = billedTheirs.withoutDuplicates()
        var search = PairSearch(ours: firstOurs, theirs: firstTheirs)
        search.matchByID(kind)
        switch kind {
        case .calls:
            // Pass 2 needs both numbers, pass 3 stands in where a side hides the caller's.
            search.match(
                Pairing(window: 5_000, billedWindow: nil, needsMissingANI: false),
                ours: { $0.ani == nil ? nil : NumberPair($0.ani, $0.dnis) },
                theirs: { $0.ani == nil ? nil : NumberPair($0.ani, $0.dnis) })
            search.match(
                Pairing(window: 2_000, billedWindow: 2, needsMissingANI: true),
                ours: { NumberPair(nil, $0.dnis) }, theirs: { NumberPair(nil, $0.dnis) })
        case .messages:
            search.match(
                Pairing(window: 60_000, billedWindow: nil, needsMissingANI: false),
                ours: { NumberPair(nil, $0.dnis) }, theirs: { NumberPair(nil, $0.dnis) })
        }
        var matches = search.pairs.map { Match(firstOurs[$0.ours], firstTheirs[$0.theirs], kind: kind) }
        matches += search.openTheirs.map { Match(theirs: firstTheirs[$0], .missingOurs) }
        matches += repeatedTheirs.map { Match(theirs: $0, .duplicateTheirs) }
        matches += search.openOurs.map { Match(ours: firstOurs[$0], .missingTheirs) }
        matches += repeatedOurs.map { Match(ours: $0, .duplicateOurs) }
        self.matches = matches.sorted(by: Match.inReportOrder)
        totals = DiscrepancyTotals(
            ours: VendorTotals(of: firstOurs), theirs: VendorTotals(of: billedTheirs))
    }

    /// What can be disputed, as long as the window is open (rule C5), five decimals.
    public var disputable: Money { matches.map(\.disputable).total().rounded(to: .charge) }
}

/// Two numbers by which records are grouped; nil where the called one is not known.
private struct NumberPair: Hashable {
    let ani: PhoneNumber?
    let dnis: PhoneNumber

    init?(_ ani: PhoneNumber?, _ dnis: PhoneNumber?) {
        guard let dnis else { return nil }
        self.ani = ani
        self.dnis = dnis
    }
}

/// What pass 1 pairs by; without a called number where the id alone decides.
private struct CallKey: Hashable {
    let callID: String
    let dnis: PhoneNumber?
}

/// The records that are still without a partner, and the pairs found so far.
private struct PairSearch<Ours: Hashable & Comparable & Sendable, Theirs: Hashable & Comparable & Sendable> {
    let ours: [StatementRecord<Ours>]
    let theirs: [StatementRecord<Theirs>]
    var openOurs: [Int]
    var openTheirs: [Int]
    var pairs: [(ours: Int, theirs: Int)] = []

    init(ours: [StatementRecord<Ours>], theirs: [StatementRecord<Theirs>]) {
        self.ours = ours
        self.theirs = theirs
        openOurs = Array(ours.indices)
        openTheirs = Array(theirs.indices)
    }

    /// Pass 1: the same id, and of calls the same called number. Each key stands once on a side, duplicates being gone.
    mutating func matchByID(_ kind: StatementKind) {
        func key(_ callID: String, _ dnis: PhoneNumber?) -> CallKey {
            switch kind {
            case .calls: CallKey(callID: callID, dnis: dnis)
            case .messages: CallKey(callID: callID, dnis: nil)
            }
        }
        var waiting: [CallKey: [Int]] = [:]
        for position in openTheirs.reversed() where !theirs[position].callID.isEmpty {
            waiting[key(theirs[position].callID, theirs[position].dnis), default: []].append(position)
        }
        var found: [(ours: Int, theirs: Int)] = []
        for position in openOurs where !ours[position].callID.isEmpty {
            if let their = waiting[key(ours[position].callID, ours[position].dnis)]?.popLast() {
                found.append((position, their))
            }
        }
        take(found)
    }

    /// A pass by nearness among records that share a key; records without one stay out.
    mutating func match(
        _ pairing: Pairing<Ours, Theirs>, ours ourKey: (StatementRecord<Ours>) -> NumberPair?,
        theirs theirKey: (StatementRecord<Theirs>) -> NumberPair?
    ) {
        var theirGroups: [NumberPair: [Int]] = [:]
        for position in openTheirs {
            if let key = theirKey(theirs[position]) { theirGroups[key, default: []].append(position) }
        }
        var ourGroups: [NumberPair: [Int]] = [:]
        for position in openOurs {
            if let key = ourKey(ours[position]), theirGroups[key] != nil {
                ourGroups[key, default: []].append(position)
            }
        }
        take(
            ourGroups.flatMap { key, group in pairing.pairs(group, theirGroups[key] ?? [], ours: ours, theirs: theirs) }
        )
    }

    private mutating func take(_ found: [(ours: Int, theirs: Int)]) {
        pairs += found
        let takenOurs = Set(found.map(\.ours))
        let takenTheirs = Set(found.map(\.theirs))
        openOurs.removeAll(where: takenOurs.contains)
        openTheirs.removeAll(where: takenTheirs.contains)
    }
}

extension Match {
    init(ours: StatementRecord<Ours>, _ status: MatchStatus) {
        self.init(
            ours: ours, theirs: nil, status: status, issues: [status], costDelta: (-ours.cost).rounded(to: .charge))
    }

    init(theirs: StatementRecord<Theirs>, _ status: MatchStatus) {
        self.init(
            ours: nil, theirs: theirs, status: status, issues: [status], costDelta: theirs.cost.rounded(to: .charge))
    }

    /// A pair, compared (rule C3).
    init(_ ours: StatementRecord<Ours>, _ theirs: StatementRecord<Theirs>, kind: StatementKind) {
        var issues: [MatchStatus] = []
        let billedDelta = abs(theirs.billed - ours.billed)
        if billedDelta > kind.billedTolerance { issues.append(.durationMismatch) }
        if let ourRate = ours.rate, let theirRate = theirs.rate, ourRate != theirRate { issues.append(.rateMismatch) }
        let delta = theirs.cost - ours.cost
        // What the seconds between the two cost is no fault of the cost; 0.00010 more is.
        let rate = theirs.rate ?? ours.rate ?? .zero
        let explained = Int128(rate.units) * Int128(billedDelta) + 1_000 * kind.unitsPerRate
        if issues.isEmpty, Int128(delta.units.magnitude) * kind.unitsPerRate > explained { issues = [.costMismatch] }
        self.init(
            ours: ours, theirs: theirs, status: issues.first ?? .matched, issues: issues,
            costDelta: delta.rounded(to: .charge))
    }

    /// By their id; what is ours alone last, by our id.
    static func inReportOrder(_ left: Match, _ right: Match) -> Bool {
        switch (left.theirs?.id, right.theirs?.id) {
        case (let left?, let right?): return left < right
        case (.some, nil): return true
        case (nil, .some): return false
        case (nil, nil): break
        }
        guard let left = left.ours?.id, let right = right.ours?.id else { return false }
        return left < right
    }
}

extension Sequence {
    /// The first record of each duplicate key, and the others.
    fileprivate func withoutDuplicates<ID>() -> (first: [Element], others: [Element])
    where Element == StatementRecord<ID> {
        var seen: Set<StatementRecord<ID>.DuplicateKey> = []
        var first: [Element] = []
        var others: [Element] = []
        for record in self {
            if seen.insert(record.duplicateKey).inserted { first.append(record) } else { others.append(record) }
        }
        return (first, others)
    }
}
