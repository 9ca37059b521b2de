import Core
import Drivers

/// Where Authorize.Net is and as whom we ask it.
struct AuthorizeNetAccount: Sendable {
    /// `https://api.authorize.net/xml/v1/request.api`
    let url: String
    /// The API login ID, at most 25 characters.
    let login: String
    /// At most 16 characters.
    let transactionKey: Secret
    /// How long one request may take.
    let deadline: Duration
}

/// A charge of a stored card, merchant-initiated.
struct CardCharge: Sendable {
    /// The attempt's name, its `invoiceNumber` there: 1…20 characters, unique, the same with each repeat.
    let reference: String
    /// Whole cents, more than zero.
    let amount: Money
    let customerProfile: String
    let paymentProfile: String
    /// What the card holder may read; cut at 255 characters.
    let description: String
}

/// A card that Authorize.Net keeps for us; its number never reaches us.
struct StoredCard: Sendable, Equatable {
    let paymentProfile: String
    let lastFour: String
    /// The last day on which it may be used.
    let expiry: UsageDay
}
