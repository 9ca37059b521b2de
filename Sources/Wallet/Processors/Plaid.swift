import Core
import Drivers

/// Our account at Plaid, and how long to wait for it.
struct PlaidAccount: Sendable {
    /// `https://production.plaid.com`, without a slash at the end.
    let url: String
    let clientID: String
    let secret: Secret
    /// Where Plaid tells of news; nil leaves it to the polling of events.
    var webhook: String?
    /// What customers read in Link: at most 30 characters.
    var clientName = "WARP Billing"
    /// For one call, from the start to the last byte of the answer.
    var deadline = Duration.seconds(30)
    /// The status at which a transfer counts as money.
    var creditsAt = CreditPoint.settled

    /// When a debit of a bank account counts as paid. It can be returned after either.
    enum CreditPoint: Sendable {
        /// The banks have settled it.
        case settled
        /// Plaid lets us have it, some days later.
        case fundsAvailable
    }
}

/// Plaid Transfer: debits of bank accounts over ACH. Requests, answers, errors; no decisions and no database.
///
/// One value sends one request at a time; whoever wants more at once has more values.
struct Plaid: Sendable {
    let account: PlaidAccount
    let client = HTTPClient()

    init(account: PlaidAccount) {
        self.account = account
    }

    /// What a browser needs to let a customer choose a bank account; good for some hours.
    /// - Parameter accessToken: of an item whose login has ended, to bring that one up to date instead of making another.
    func linkToken(ban: String, updating accessToken: Secret? = nil) async throws(ProcessorError) -> String {
        var body = JSONWriter()
        body.object { body in
            body.field("client_name", account.clientName)
            body.field("language", "en")
            body.field("country_codes", ["US"])
            if let accessToken {
                body.field("access_token", accessToken.revealed)
            } else {
                body.field("products", ["auth", "transfer"])
            }
            body.key("user")
            body.object { $0.field("client_user_id", ban) }
            if let webhook = account.webhook { body.field("webhook", webhook) }
        }
        return try text("link_token", of: try await post("/link/token/create", body.bytes))
    }

    /// The lasting access token for the short-lived public one that a customer's browser brought, and the item's id.
    func exchange(publicToken: String) async throws(ProcessorError) -> (accessToken: Secret, item: String) {
        var body = JSONWriter()
        body.object { $0.field("public_token", publicToken) }
        let answer = try await post("/item/public_token/exchange", body.bytes, isLook: false)
        return (Secret(try text("access_token", of: answer)), try text("item_id", of: answer))
    }

    /// The item's accounts that ACH can debit.
    func accounts(accessToken: Secret) async throws(ProcessorError) -> [BankAccount] {
        var body = JSONWriter()
        body.object { $0.field("access_token", accessToken.revealed) }
        let answer = try await post("/accounts/get", body.bytes)
        guard let accounts = answer["accounts"]?.elements else { throw .unreadable("the answer lists no accounts") }
        var found: [BankAccount] = []
        for account in accounts where account["type"]?.string == "depository" {
            found.append(
                BankAccount(
                    id: try text("account_id", of: account), mask: account["mask"]?.string,
                    subtype: account["subtype"]?.string))
        }
        return found
    }

    private func text(_ name: String, of document: Core.JSONValue) throws(ProcessorError) -> String {
        guard let text = document[name]?.string, !text.isEmpty else { throw .unreadable("the answer has no \(name)") }
        return text
    }
}

/// A bank account that a customer has linked.
struct BankAccount: Sendable, Equatable {
    /// Plaid's id.
    let id: String
    /// The last two to four characters of its number; not unique.
    let mask: String?
    /// `checking`, `savings`, …
    let subtype: String?
}
