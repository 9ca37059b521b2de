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

    /// Where the record stands, as `transactions.reference_type` names it.
    enum Service: String, CaseIterable, Sendable {
        case cdr, mdr, api
    }
}
