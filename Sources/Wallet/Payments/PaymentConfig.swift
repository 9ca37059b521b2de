import DaemonKit
import Drivers

/// The keys of payments. A processor without its credentials is not asked.
enum PaymentConfig {
    static let cardURL = ConfigKey.text(
        "payments.cardUrl", default: "https://api.authorize.net/xml/v1/request.api", help: "Where Authorize.Net is.")
    static let cardLogin = ConfigKey.optionalText(
        "payments.cardLogin", help: "The API login ID at Authorize.Net; no card is charged without it.")
    static let cardKey = ConfigKey.secret("payments.cardTransactionKey", help: "The transaction key at Authorize.Net.")
    static let cardWebhookKey = ConfigKey.secret(
        "payments.cardWebhookKey", help: "The signature key of Authorize.Net's webhooks; none is believed without it.")
    static let achURL = ConfigKey.text(
        "payments.achUrl", default: "https://production.plaid.com", help: "Where Plaid is.")
    static let achClientID = ConfigKey.optionalText(
        "payments.achClientId", help: "Our client id at Plaid; no bank account is debited without it.")
    static let achSecret = ConfigKey.secret("payments.achSecret", help: "Our secret at Plaid.")
    static let achWebhook = ConfigKey.optionalText(
        "payments.achWebhookUrl", help: "The public address of /webhooks/v1/plaid, which Plaid is told.")
    static let vaultKey = ConfigKey.secret(
        "payments.vaultKey", help: "The keys that seal banks' access tokens, as docs/integrations/ach.md has it.")
    static let timeout = ConfigKey.integer(
        "payments.timeoutSeconds", default: 30, in: 1...120, help: "How long one request to a processor may take.")
    static let interval = ConfigKey.integer(
        "payments.intervalSeconds", default: 5, in: 1...600, help: "Seconds between looks for payments that are due.")
    static let perDay = ConfigKey.integer(
        "payments.autoRechargesPerDay", default: 10, in: 1...1_000,
        help: "Automatic recharges that one customer gets in 24 hours at most.")
    static let feeTime = ConfigKey.schedule(
        "payments.feeSchedule", default: "daily 18:00 America/New_York", help: "When processors' fees are booked.")

    static let keys = ConfigKeys(
        cardURL, cardLogin, cardKey, cardWebhookKey, achURL, achClientID, achSecret, achWebhook, vaultKey, timeout,
        interval, perDay, feeTime)

    /// Authorize.Net, where it is configured.
    static func cards(_ config: Config) -> AuthorizeNet? {
        guard let login = config[cardLogin], let key = config[cardKey] else { return nil }
        return AuthorizeNet(
            account: AuthorizeNetAccount(
                url: config[cardURL], login: login, transactionKey: key, deadline: .seconds(config[timeout])))
    }

    /// Plaid, where it is configured.
    static func bankAccount(_ config: Config) -> PlaidAccount? {
        guard let client = config[achClientID], let secret = config[achSecret] else { return nil }
        return PlaidAccount(
            url: config[achURL], clientID: client, secret: secret, webhook: config[achWebhook],
            deadline: .seconds(config[timeout]))
    }
}
