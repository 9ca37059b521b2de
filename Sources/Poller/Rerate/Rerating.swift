import Core
import Reference

/// Rates stored records again by one set of tables.
struct Rerating: Sendable {
    let enricher: Enricher
    let tables: RatingTables

    /// A record as it would be stored now.
    struct Again: Sendable {
        /// Nil where it has no price any more: held, unrated, or not readable.
        let stored: StoredUsage?
        let facts: RatedFacts
    }

    /// Rates a record again.
    func again(_ standing: StandingUsage) -> Again {
        let row = standing.row
        var outcomes = BatchOutcomes(kind: row.kind)
        do throws(RejectReason) {
            switch try enricher.enriched(row).record {
            case .call(let call):
                outcomes.add(tables.rate(call, dip: standing.dip, received: row.receivedAt), call, in: row)
            case .message(let message): outcomes.add(tables.rate(message, received: row.receivedAt), message, in: row)
            case .query(let query): outcomes.add(tables.rate(query, received: row.receivedAt), query, in: row)
            case .attempt, .receipt: preconditionFailure("only charged records are rated again")
            }
        } catch {
            return Again(stored: nil, facts: standing.facts.unpriced)
        }
        guard let stored = outcomes.usage.first else { return Again(stored: nil, facts: standing.facts.unpriced) }
        return Again(stored: stored, facts: RatedFacts(stored.usage))
    }

    /// What would change; nil where nothing does.
    func difference(of standing: StandingUsage) -> RerateDifference? {
        let again = again(standing)
        guard again.facts != standing.facts else { return nil }
        return RerateDifference(
            standing: standing, changes: standing.facts.changes(to: again.facts), after: again.facts,
            isPriced: again.stored != nil)
    }
}

/// A record that another rating would change.
struct RerateDifference: Sendable {
    let standing: StandingUsage
    /// The columns that differ.
    let changes: [String]
    let after: RatedFacts
    /// Whether it has a price: a record without one stays as it is.
    let isPriced: Bool
}

extension RatedFacts {
    /// The same record without a price.
    fileprivate var unpriced: RatedFacts {
        var facts = self
        facts.status = .unrated
        facts.ratePlan = nil
        facts.rate = nil
        facts.charge = nil
        return facts
    }

    /// What a preview keeps of them.
    var digest: Identifier128 { .digest(of: Array(text.utf8)) }
}
