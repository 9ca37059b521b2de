/// The requests that are taken, by path. The stand-in is stricter than Plaid where Plaid lets through what costs money: an authorization
/// needs its idempotency key, and credentials go as headers only.
extension PlaidShape {
    static let linkToken = PlaidShape(
        required: [
            "client_name": .text(longest: 30), "language": .text(longest: 2), "country_codes": .texts,
            "user": .object(
                PlaidShape(
                    required: ["client_user_id": .text()],
                    optional: ["legal_name": .text(), "phone_number": .text(), "email_address": .text()])),
        ],
        optional: [
            "products": .texts, "webhook": .webAddress, "access_token": .text(), "redirect_uri": .webAddress,
            "link_customization_name": .text(), "account_filters": .anything,
        ],
        nullable: ["products", "access_token"])

    static let exchange = PlaidShape(required: ["public_token": .text()])

    static let accounts = PlaidShape(
        required: ["access_token": .text()],
        optional: ["options": .object(PlaidShape(optional: ["account_ids": .texts]))])

    static let authorization = PlaidShape(
        required: [
            "access_token": .text(), "account_id": .text(), "type": .choice(["debit", "credit"]), "network": networks,
            "amount": .amount, "idempotency_key": .text(longest: 50),
            "user": .object(
                PlaidShape(
                    required: ["legal_name": .text()],
                    optional: ["phone_number": .text(), "email_address": .text(), "address": .anything])),
        ],
        optional: [
            "ach_class": .choice(["ccd", "ppd", "tel", "web"]), "user_present": .flag, "device": .anything,
            "funding_account_id": .text(), "ledger_id": .text(), "iso_currency_code": .choice(["USD"]),
            "origination_account_id": .text(), "originator_client_id": .text(), "request_guarantee": .flag,
            "ruleset_key": .text(), "custom_attributes": .anything, "wire_details": .anything,
        ],
        nullable: [
            "user_present", "funding_account_id", "ledger_id", "originator_client_id", "request_guarantee",
            "ruleset_key", "custom_attributes", "wire_details",
        ])

    static let transfer = PlaidShape(
        required: [
            "access_token": .text(), "account_id": .text(), "authorization_id": .text(),
            "description": .text(longest: 15),
        ],
        optional: [
            "amount": .amount, "metadata": .metadata, "type": .choice(["debit", "credit"]), "network": networks,
            "ach_class": .choice(["ccd", "ppd", "tel", "web"]), "idempotency_key": .text(longest: 50),
            "iso_currency_code": .choice(["USD"]), "origination_account_id": .text(), "facilitator_fee": .amount,
        ],
        nullable: ["metadata", "origination_account_id"])

    static let transferGet = PlaidShape(
        optional: ["transfer_id": .text(), "authorization_id": .text(), "originator_client_id": .text()],
        nullable: ["originator_client_id"])

    static let transferList = PlaidShape(
        optional: [
            "start_date": .instant, "end_date": .instant, "count": .whole(1...25), "offset": .whole(0...Int.max),
            "origination_account_id": .text(), "originator_client_id": .text(), "funding_account_id": .text(),
        ],
        nullable: ["start_date", "end_date", "origination_account_id", "originator_client_id", "funding_account_id"])

    static let cancel = PlaidShape(
        required: ["transfer_id": .text()], optional: ["originator_client_id": .text(), "reason_code": .text()],
        nullable: ["originator_client_id"])

    static let eventSync = PlaidShape(
        required: ["after_id": .whole(0...Int.max)], optional: ["count": .whole(1...500)], nullable: ["count"])

    static let refund = PlaidShape(
        required: ["transfer_id": .text(), "amount": .amount, "idempotency_key": .text(longest: 50)])

    static let verificationKey = PlaidShape(required: ["key_id": .text()])

    static let publicToken = PlaidShape(
        required: ["institution_id": .text(), "initial_products": .texts],
        optional: ["options": .anything, "user_token": .text(), "user_id": .text()])

    static let simulate = PlaidShape(
        required: [
            "transfer_id": .text(),
            "event_type": .choice(["posted", "settled", "failed", "funds_available", "returned"]),
        ],
        optional: [
            "failure_reason": .object(
                PlaidShape(
                    optional: [
                        "failure_code": .text(longest: 10), "ach_return_code": .text(longest: 10),
                        "description": .text(),
                    ],
                    nullable: ["failure_code", "ach_return_code"])),
            "webhook": .webAddress, "test_clock_id": .text(),
        ],
        nullable: ["failure_reason", "test_clock_id"])

    static let fireWebhook = PlaidShape(required: ["webhook": .webAddress])

    private static let networks = PlaidField.choice(["ach", "same-day-ach", "rtp", "wire"])
}
