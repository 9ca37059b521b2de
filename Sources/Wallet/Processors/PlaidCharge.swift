import Core
import Drivers

/// A debit of a customer's bank account that we ask for.
struct PlaidCharge: Sendable {
    /// The attempt's id, at most 50 characters: the same for every repeat, another one for another attempt.
    let key: String
    /// Greater than zero, two decimals.
    let amount: Money
    let accessToken: Secret
    /// Plaid's id of the bank account.
    let account: String
    /// The name of the account's holder.
    let legalName: String
    /// What stands beside the transfer at Plaid: ASCII, at most 49 members of 40 and 500 characters.
    let metadata: [String: String]

    /// The member of a transfer's metadata that names the attempt: the client sets it, and finds the transfer by it.
    static let attemptMember = "attempt_id"
}

/// Whether a debit may be made. An approval moves no money yet, and ends after an hour.
enum PlaidAuthorization: Sendable, Equatable {
    /// - isChecked: whether Plaid could look at the account; where it could not, our own rule decides.
    case approved(id: String, isChecked: Bool)
    case declined(code: String, text: String)
    /// The customer must log in to the bank again: `Plaid.linkToken` with the item's access token.
    case userActionRequired
    /// Nobody knows; the same call brings the same authorization for 48 hours.
    case unknown(reason: String)
    case notSent(reason: String)
}

extension Plaid {
    /// What an ACH description has room for.
    static let longestDescription = 10

    /// Asks whether the debit may be made. A repeat with the same key gets the same authorization for 48 hours.
    func authorize(_ charge: PlaidCharge) async -> PlaidAuthorization {
        var body = JSONWriter()
        body.object { body in
            body.field("access_token", charge.accessToken.revealed)
            body.field("account_id", charge.account)
            body.field("type", "debit")
            body.field("network", "ach")
            body.field("ach_class", "ccd")
            body.field("amount", charge.amount.text(.cents))
            body.key("user")
            body.object { $0.field("legal_name", charge.legalName) }
            body.field("user_present", false)
            body.field("idempotency_key", charge.key)
        }
        do throws(ProcessorError) {
            let answer = try await post("/transfer/authorization/create", body.bytes, isLook: false)
            return Plaid.decision(answer["authorization"], on: charge)
        } catch {
            switch error {
            case .refused(let code, _) where Plaid.loginCodes.contains(code): return .userActionRequired
            case .refused(let code, let text): return .declined(code: code, text: text)
            case .notReached, .busy, .credentials, .badRequest: return .notSent(reason: error.account)
            case .timedOut, .failing, .unreadable: return .unknown(reason: error.account)
            }
        }
    }

    /// Makes the authorized transfer. Plaid knows a repeat by the authorization and answers with the transfer that is there.
    ///
    /// A made transfer is not money: `.pending` until its events say otherwise. `.declined` is certain: before a refusal counts, it is
    /// looked whether an earlier call of the same authorization made the transfer. `.notSent` speaks of this call only.
    func transfer(_ charge: PlaidCharge, authorization: String, description: String) async -> ChargeAnswer {
        var metadata = charge.metadata
        metadata[PlaidCharge.attemptMember] = charge.key
        var body = JSONWriter()
        body.object { body in
            body.field("access_token", charge.accessToken.revealed)
            body.field("account_id", charge.account)
            body.field("authorization_id", authorization)
            body.field("amount", charge.amount.text(.cents))
            body.field("description", String(description.prefix(Plaid.longestDescription)))
            body.key("metadata")
            body.object { body in
                for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { body.field(name, value) }
            }
        }
        do throws(ProcessorError) {
            let answer = try await post("/transfer/create", body.bytes, isLook: false)
            return try PlaidTransfer(answer["transfer"]).answer(creditedAt: account.creditsAt)
        } catch {
            guard case .refused(let code, let text) = error else { return ChargeAnswer(error) }
            return await find(charge, authorization: authorization) ?? .declined(code: code, text: text)
        }
    }

    /// Codes of an item whose customer must log in to the bank again.
    private static let loginCodes: Set<String> = [
        "ITEM_LOGIN_REQUIRED", "PAYMENT_PROFILE_LOGIN_REQUIRED", "ACCESS_NOT_GRANTED", "USER_PERMISSION_REVOKED",
    ]

    private static func decision(_ authorization: Core.JSONValue?, on charge: PlaidCharge) -> PlaidAuthorization {
        guard let authorization, let id = authorization["id"]?.string else {
            return .unknown(reason: "the answer holds no authorization")
        }
        // An authorization of another amount would be that of a key used twice.
        let amount = authorization["proposed_transfer"]?["amount"]?.string
        guard amount == nil || amount == charge.amount.text(.cents) else {
            return .unknown(reason: "authorization \(id) is over another amount")
        }
        let rationale = authorization["decision_rationale"]
        let code = rationale?["code"]?.string
        switch authorization["decision"]?.string {
        case "approved": return .approved(id: id, isChecked: code == nil)
        case "declined":
            return .declined(code: code ?? "DECLINED", text: rationale?["description"]?.string ?? "no reason given")
        case "user_action_required": return .userActionRequired
        case let decision:
            return .unknown(reason: "authorization \(id) has a decision nobody knows: \(decision ?? "none")")
        }
    }
}
