/// Pairs records of two sides by nearness: the nearest pair first, each record once (rule C2).
///
/// What is asked does not depend on the order of the records. Records are sorted by time, so a pair is only looked at within
/// the window, and records of different keys or further apart than the window are never compared.
struct Pairing<Ours: Hashable & Comparable & Sendable, Theirs: Hashable & Comparable & Sendable> {
    /// How far apart the starts of a pair may be, in milliseconds.
    let window: Int64
    /// How far apart what was billed may be; nil is no matter how far.
    let billedWindow: Int?
    /// Whether a pair needs a missing ANI on one side (pass 3).
    let needsMissingANI: Bool

    /// A possible pair, by positions in the two lists.
    private struct Candidate {
        let apart: Int64
        let billedApart: Int
        let ours: Int
        let theirs: Int
    }

    /// The pairs among records that share a key. Both lists hold positions into `ours` and `theirs`.
    func pairs(
        _ ourPositions: [Int], _ theirPositions: [Int], ours: [StatementRecord<Ours>], theirs: [StatementRecord<Theirs>]
    ) -> [(ours: Int, theirs: Int)] {
        let ourPositions = ourPositions.sorted { (ours[$0].start, ours[$0].id) < (ours[$1].start, ours[$1].id) }
        let theirPositions = theirPositions.sorted {
            (theirs[$0].start, theirs[$0].id) < (theirs[$1].start, theirs[$1].id)
        }
        var candidates: [Candidate] = []
        var first = 0
        for our in ourPositions {
            let record = ours[our]
            while first < theirPositions.count, theirs[theirPositions[first]].start - record.start < -window {
                first += 1
            }
            for their in theirPositions[first...] {
                let other = theirs[their]
                guard other.start - record.start <= window else { break }
                if needsMissingANI, record.ani != nil, other.ani != nil { continue }
                let billedApart = abs(other.billed - record.billed)
                if let billedWindow, billedApart > billedWindow { continue }
                candidates.append(
                    Candidate(
                        apart: abs(other.start - record.start), billedApart: billedApart, ours: our, theirs: their))
            }
        }
        candidates.sort {
            if $0.apart != $1.apart { return $0.apart < $1.apart }
            if $0.billedApart != $1.billedApart { return $0.billedApart < $1.billedApart }
            if $0.ours != $1.ours { return (ours[$0.ours].id, $0.ours) < (ours[$1.ours].id, $1.ours) }
            return (theirs[$0.theirs].id, $0.theirs) < (theirs[$1.theirs].id, $1.theirs)
        }
        var usedOurs: Set<Int> = []
        var usedTheirs: Set<Int> = []
        var pairs: [(ours: Int, theirs: Int)] = []
        for candidate in candidates where !usedOurs.contains(candidate.ours) && !usedTheirs.contains(candidate.theirs) {
            usedOurs.insert(candidate.ours)
            usedTheirs.insert(candidate.theirs)
            pairs.append((candidate.ours, candidate.theirs))
        }
        return pairs
    }
}
