import Core

/// What a rated record means to the wallet: an amount that a customer owes, once.
struct RatedCharge: Hashable, Sendable {
    let id: UsageID
    let day: UsageDay
    /// Its `rated_seq`: the order in which charges meet a wallet.
    let sequence: Int64
    /// Nil where the BAN had no customer, which rating holds; such a row is parked.
    let customer: CustomerID?
    /// Five decimals; negative for a correction in the customer's favour.
    let charge: Money
    let service: Service
    /// The record that a re-rating corrects; such a row is posted as an adjustment (rule W13).
    let corrects: UsageID?
    /// When the usage was complete: the end of a call, else the rating instant.
    let endedAt: Instant
    /// The call that it is the charge of; nil for other usage.
    let call: Call?

    /// Where the record stands, as `transactions.reference_type` names it.
    enum Service: String, CaseIterable, Sendable {
        case cdr, mdr, api
    }

    /// What fraud control wants to know of a call.
    struct Call: Hashable, Sendable {
        let startedAt: Instant
        /// Where it went, if it is an international one (rule N10).
        let country: String?
        /// Billed seconds of an international call, those talked where it has no rate; nil for others.
        let internationalSeconds: Int?
    }
}

/// A call that costs nothing because nobody answered: fraud control counts its start all the same.
struct UnansweredCall: Hashable, Sendable {
    let id: UsageID
    let sequence: Int64
    let customer: CustomerID
    let startedAt: Instant
    /// Where it went, if it is an international one.
    let country: String?
}
