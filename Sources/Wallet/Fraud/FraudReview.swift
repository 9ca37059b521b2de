import Core
import Drivers
import Reference

/// A check that fired at one moment, and what came of it.
struct FraudReview: Sendable {
    let id: Identifier128
    let customer: CustomerID
    let check: FraudCheck
    let value: FraudAlert.Value
    let firedAt: Instant
    /// What followed: of an old event only the review (rule F8).
    let actions: [FraudAction]

    /// Where it stands.
    enum State: String, CaseIterable, Sendable {
        /// Somebody is to look at it.
        case open
        /// It was nothing.
        case released
        /// It was fraud.
        case confirmed
        /// Its actions ask nobody to look at it.
        case noted

        /// That of a new review.
        init(actions: [FraudAction]) {
            self = actions.contains { $0 == .requireManualReview || $0 == .suspendService } ? .open : .noted
        }
    }

    /// Writes what fired, once: what is there already is left as it is and not returned.
    static func raise(
        _ fired: [FiredCheck], at now: Instant, in transaction: PostgresTransaction
    ) throws -> [FraudReview] {
        guard !fired.isEmpty else { return [] }
        let evidence = try FraudEvidence.of(fired, in: transaction)
        let reviews = fired.map { check in
            FraudReview(
                id: .timeOrdered(at: now.milliseconds), customer: check.customer, check: check.alert.check,
                value: check.alert.value, firedAt: check.alert.at, actions: check.alert.actions(seenAt: now))
        }
        let rows = try transaction.query(
            """
            INSERT INTO billing.fraud_reviews (id, customer_id, check_name, value, fired_at, seen_at, actions, evidence, state)
            SELECT n.id, n.customer_id, n.check_name, n.value, n.fired_at, \(now), string_to_array(n.actions, ','),
                n.evidence::jsonb, n.state
            FROM unnest(
                \(reviews.map(\.id))::uuid[], \(reviews.map(\.customer))::uuid[],
                \(reviews.map(\.check.rawValue))::text[], \(reviews.map(\.value.text))::text[],
                \(reviews.map(\.firedAt))::timestamptz[],
                \(reviews.map { $0.actions.map(\.rawValue).joined(separator: ",") })::text[],
                \(evidence)::text[], \(reviews.map { State(actions: $0.actions).rawValue })::text[]
            ) AS n (id, customer_id, check_name, value, fired_at, actions, evidence, state)
            ON CONFLICT (customer_id, check_name, fired_at) DO NOTHING
            RETURNING id
            """)
        let written = Set(try rows.map { try $0.value("id") as Identifier128 })
        return reviews.filter { written.contains($0.id) }
    }
}

/// A check that fired, with what its evidence is made of.
struct FiredCheck: Sendable {
    let customer: CustomerID
    let alert: FraudAlert
    /// The limit that was in force, in the unit of the check.
    let limit: String
    let highWaterMark: Money?
    /// Records behind it that have no posting, the newest first.
    let unposted: [Identifier128]

    /// The records without a posting among those seen that stand in an alert's window.
    static func unposted(among seen: [FraudSighting], of alert: FraudAlert) -> [Identifier128] {
        let since = alert.at.advanced(milliseconds: -SpendLimits.window(of: alert.check))
        return seen.reversed().lazy.filter { sighting in
            guard sighting.at > since else { return false }
            return switch (alert.check, sighting.kind) {
            case (.callsPerMinute, .unansweredStart): true
            case (.unusualDestination, .unansweredStart(let country)): country != nil
            case (.multiplePaymentFailures, .paymentFailed): true
            default: false
            }
        }.prefix(FraudEvidence.recordLimit).map(\.record)
    }
}
