import Core
import Foundation

/// The accounts of every linked bank. Their ids are the magic: each decides an authorization in its own way.
enum PlaidBankAccount: String, CaseIterable, Sendable {
    /// Approved.
    case good = "account-good"
    /// Declined: NSF.
    case nsf = "account-nsf"
    /// The customer must log in to the bank again.
    case relink = "account-relink"
    /// Approved, although nothing could be checked.
    case unchecked = "account-unchecked"
    /// A credit card, which ACH cannot debit.
    case card = "account-card"

    var document: JSONValue {
        let (mask, type, subtype) =
            switch self {
            case .good: ("0000", "depository", "checking")
            case .nsf: ("1111", "depository", "checking")
            case .relink: ("2222", "depository", "checking")
            case .unchecked: ("3333", "depository", "savings")
            case .card: ("4444", "credit", "credit card")
            }
        return .object([
            "account_id": .string(rawValue), "mask": .string(mask), "name": .string("Plaid \(subtype)"),
            "official_name": .null, "type": .string(type), "subtype": .string(subtype),
            "balances": .object([
                "available": .number("100.00"), "current": .number("110.00"), "limit": .null,
                "iso_currency_code": .string("USD"), "unofficial_currency_code": .null,
            ]),
        ])
    }

    /// Decision and rationale of an authorization.
    var decision: (word: String, code: String?) {
        switch self {
        case .good, .card: ("approved", nil)
        case .nsf: ("declined", "NSF")
        case .relink: ("user_action_required", "ITEM_LOGIN_REQUIRED")
        case .unchecked: ("approved", "MANUALLY_VERIFIED_ITEM")
        }
    }
}

/// What Plaid decided about a proposed transfer.
struct PlaidDecision: Sendable {
    let id: String
    /// The whole request, in one form: what a repeat of its key must be.
    let request: [UInt8]
    /// Milliseconds since 1970.
    let created: Int64
    let accessToken: String
    let account: PlaidBankAccount
    let type: String
    let network: String
    let achClass: String?
    let amount: PlaidAmount
    let legalName: String

    var document: JSONValue {
        let (word, code) = account.decision
        let rationale = code.map { code in
            JSONValue.object(["code": .string(code), "description": .string("the sandbox says \(code)")])
        }
        return .object([
            "id": .string(id), "created": .string(PlaidText.instant(created)), "decision": .string(word),
            "decision_rationale": rationale ?? .null, "guarantee_decision": .null,
            "guarantee_decision_rationale": .null, "payment_risk": .null,
            "proposed_transfer": .object([
                "ach_class": achClass.map { .string($0) } ?? .null, "account_id": .string(account.rawValue),
                "funding_account_id": .null, "type": .string(type), "user": PlaidText.user(legalName),
                "amount": .string(amount.text), "network": .string(network),
                "origination_account_id": .string(PlaidText.origination), "iso_currency_code": .string("USD"),
                "originator_client_id": .null, "credit_funds_source": .null,
            ]),
        ])
    }
}

/// A transfer, its refunds, and where they stand.
struct PlaidMovement: Sendable {
    let id: String
    let authorization: PlaidDecision
    let amount: PlaidAmount
    let description: String
    let metadata: JSONValue
    /// Milliseconds since 1970.
    let created: Int64
    var status = "pending"
    var failure: JSONValue = .null
    var refunds: [PlaidRefund] = []

    var document: JSONValue {
        var document: JSONObject = [
            "id": .string(id), "authorization_id": .string(authorization.id), "type": .string(authorization.type),
            "account_id": .string(authorization.account.rawValue), "funding_account_id": .null, "ledger_id": .null,
            "user": PlaidText.user(authorization.legalName), "amount": .string(amount.text),
            "description": .string(description), "created": .string(PlaidText.instant(created)),
            "status": .string(status), "sweep_status": .null, "network": .string(authorization.network),
            "cancellable": .bool(status == "pending"), "failure_reason": failure, "metadata": metadata,
            "origination_account_id": .string(PlaidText.origination), "guarantee_decision": .null,
            "guarantee_decision_rationale": .null, "iso_currency_code": .string("USD"),
            "standard_return_window": .null, "unauthorized_return_window": .null, "expected_settlement_date": .null,
            "originator_client_id": .null, "recurring_transfer_id": .null, "credit_funds_source": .null,
        ]
        if let achClass = authorization.achClass { document["ach_class"] = .string(achClass) }
        document["refunds"] = .array(refunds.map(\.document))
        return .object(document)
    }
}

/// Money that goes back to a customer.
struct PlaidRefund: Sendable {
    let id: String
    let key: String
    let transfer: String
    let amount: PlaidAmount
    let created: Int64

    var document: JSONValue {
        .object([
            "id": .string(id), "transfer_id": .string(transfer), "amount": .string(amount.text),
            "status": .string("pending"), "created": .string(PlaidText.instant(created)), "failure_reason": .null,
            "ledger_id": .null, "network_trace_id": .null,
        ])
    }
}

/// Texts that recur in Plaid's answers.
enum PlaidText {
    static let origination = "11111111-1111-1111-1111-111111111111"

    /// `2026-11-22T17:03:14Z`
    static func instant(_ milliseconds: Int64) -> String {
        Instant(milliseconds: milliseconds).text.prefix(19) + "Z"
    }

    static func user(_ legalName: String) -> JSONValue {
        .object([
            "legal_name": .string(legalName), "phone_number": .null, "email_address": .null, "address": .null,
        ])
    }

    static func newID() -> String { UUID().uuidString.lowercased() }
}
