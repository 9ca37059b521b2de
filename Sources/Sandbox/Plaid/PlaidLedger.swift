import Core
import DaemonKit

/// Everything that the stood-in Plaid knows, in memory: linked banks, authorizations, transfers, events.
actor PlaidLedger {
    /// How long an authorization can be used: one hour.
    static let authorizationMilliseconds: Int64 = 3_600_000
    /// How long a key brings the same authorization: 48 hours.
    static let keyMilliseconds: Int64 = 48 * 3_600_000

    private var offset: Int64 = 0
    /// Item ids by public token, until it is exchanged.
    private var publicTokens: [String: String] = [:]
    /// Item ids by access token.
    private var accessTokens: [String: String] = [:]
    private var decisions: [String: PlaidDecision] = [:]
    private var decisionByKey: [String: String] = [:]
    private(set) var transfers: [PlaidMovement] = []
    private var events: [JSONValue] = []

    /// Milliseconds since 1970; a test moves it on.
    var now: Int64 { Clock.system.now() + offset }

    func advance(seconds: Int) {
        offset += Int64(seconds) * 1_000
    }

    // MARK: Linked banks

    func newPublicToken() -> String {
        let token = "public-sandbox-\(PlaidText.newID())"
        publicTokens[token] = PlaidText.newID()
        return token
    }

    /// A bank that a customer has linked: its access token.
    func link() -> String {
        let token = "access-sandbox-\(PlaidText.newID())"
        accessTokens[token] = PlaidText.newID()
        return token
    }

    func exchange(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        guard let item = body["public_token"]?.string.flatMap({ publicTokens.removeValue(forKey: $0) }) else {
            throw .input("INVALID_PUBLIC_TOKEN", "could not find matching public token")
        }
        let token = "access-sandbox-\(PlaidText.newID())"
        accessTokens[token] = item
        return ["access_token": .string(token), "item_id": .string(item)]
    }

    func accounts(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        let item = try item(of: body)
        let wanted = body["options"]?["account_ids"]?.elements?.compactMap(\.string)
        let found = PlaidBankAccount.allCases.filter { wanted?.contains($0.rawValue) ?? true }
        return [
            "accounts": .array(found.map(\.document)),
            "item": .object([
                "item_id": .string(item), "institution_id": .string("ins_109508"), "webhook": .null, "error": .null,
                "available_products": .array([]), "billed_products": .array([.string("auth"), .string("transfer")]),
                "consent_expiration_time": .null, "update_type": .string("background"),
            ]),
        ]
    }

    // MARK: Authorizations and transfers

    func authorize(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        _ = try item(of: body)
        let (type, network) = (body["type"]?.string ?? "", body["network"]?.string ?? "")
        let achClass = body["ach_class"]?.string
        if network == "ach" || network == "same-day-ach" {
            guard let achClass else { throw .missing("ach_class") }
            let classes = type == "debit" ? ["ccd", "tel", "web"] : ["ccd", "ppd"]
            guard classes.contains(achClass) else {
                throw .transfer("TRANSFER_FORBIDDEN_ACH_CLASS", "\(achClass) is not for a \(type)")
            }
        }
        guard let account = body["account_id"]?.string.flatMap({ PlaidBankAccount(rawValue: $0) }) else {
            throw .input("INVALID_ACCOUNT_ID", "failed to find requested account ID for requested item")
        }
        guard account != .card else {
            throw .transfer("TRANSFER_UNSUPPORTED_ACCOUNT_TYPE", "transfers are for checking and savings accounts")
        }
        let key = body["idempotency_key"]?.string ?? ""
        if let earlier = decisionByKey[key].flatMap({ decisions[$0] }), now - earlier.created < Self.keyMilliseconds {
            // What Plaid does then is not documented: nobody may rely on it.
            guard earlier.request == body.canonicalBytes else {
                throw .invalid("idempotency_key", "was used with other parameters")
            }
            return ["authorization": earlier.document]
        }
        let decision = PlaidDecision(
            id: PlaidText.newID(), request: body.canonicalBytes, created: now,
            accessToken: body["access_token"]?.string ?? "", account: account, type: type, network: network,
            achClass: achClass, amount: PlaidAmount(body["amount"]?.string ?? "") ?? PlaidAmount(cents: 0),
            legalName: body["user"]?["legal_name"]?.string ?? "")
        decisions[decision.id] = decision
        if account.decision.word != "user_action_required" { decisionByKey[key] = decision.id }
        return ["authorization": decision.document]
    }

    func transfer(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        guard let decision = body["authorization_id"]?.string.flatMap({ decisions[$0] }) else {
            throw .input("INVALID_AUTHORIZATION_ID", "could not find matching authorization")
        }
        guard decision.accessToken == body["access_token"]?.string,
            decision.account.rawValue == body["account_id"]?.string
        else { throw .invalid("authorization_id", "is of another account") }
        if let made = transfers.first(where: { $0.authorization.id == decision.id }) {
            return ["transfer": made.document]
        }
        guard decision.account.decision.word == "approved" else {
            throw .transfer("TRANSFER_NOT_AUTHORIZED", "the authorization is not approved")
        }
        guard now - decision.created < Self.authorizationMilliseconds else {
            throw .transfer("TRANSFER_AUTHORIZATION_EXPIRED", "the authorization has expired")
        }
        let description = body["description"]?.string ?? ""
        guard !decision.network.hasSuffix("ach") || description.unicodeScalars.count <= 10 else {
            throw .invalid("description", "must have at most 10 characters on ACH")
        }
        let amount = body["amount"]?.string.flatMap(PlaidAmount.init) ?? decision.amount
        guard amount.cents <= decision.amount.cents else {
            throw .invalid("amount", "is above the authorized amount")
        }
        let transfer = PlaidMovement(
            id: PlaidText.newID(), authorization: decision, amount: amount, description: description,
            metadata: body["metadata"] ?? .null, created: now)
        transfers.append(transfer)
        add("pending", of: transfer)
        return ["transfer": transfer.document]
    }

    func get(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        let (id, authorization) = (body["transfer_id"]?.string, body["authorization_id"]?.string)
        guard (id == nil) != (authorization == nil) else {
            throw .invalid("transfer_id", "or authorization_id must be given, and not both")
        }
        guard let transfer = transfers.first(where: { $0.id == id || $0.authorization.id == authorization }) else {
            throw .input("TRANSFER_NOT_FOUND", "could not find matching transfer")
        }
        return ["transfer": transfer.document]
    }

    /// Newest first.
    func list(_ body: JSONValue) -> JSONObject {
        func instant(_ name: String) -> Int64? {
            body[name]?.string.flatMap { Instant(parsing: $0) }?.milliseconds
        }
        let (start, end) = (instant("start_date") ?? 0, instant("end_date") ?? Int64.max)
        let found = transfers.reversed().filter { (start...max(start, end)).contains($0.created) }
        let page = found.dropFirst(body["offset"]?.integer ?? 0).prefix(body["count"]?.integer ?? 25)
        return ["transfers": .array(page.map(\.document))]
    }

    func cancel(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        let index = try index(of: body)
        guard transfers[index].status == "pending" else {
            throw .transfer("TRANSFER_NOT_CANCELLABLE", "this transfer can no longer be cancelled")
        }
        transfers[index].status = "cancelled"
        add("cancelled", of: transfers[index])
        return [:]
    }

    func refund(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        let index = try index(of: body)
        let transfer = transfers[index]
        let key = body["idempotency_key"]?.string ?? ""
        let amount = PlaidAmount(body["amount"]?.string ?? "") ?? PlaidAmount(cents: 0)
        if let earlier = transfers.flatMap(\.refunds).first(where: { $0.key == key }) {
            guard earlier.transfer == transfer.id, earlier.amount == amount else {
                throw .invalid("idempotency_key", "was used with other parameters")
            }
            return ["refund": earlier.document]
        }
        guard !["cancelled", "failed", "returned"].contains(transfer.status), transfer.authorization.type == "debit",
            now - transfer.created <= 180 * 86_400_000
        else { throw .transfer("TRANSFER_NOT_REFUNDABLE", "this transfer cannot be refunded") }
        let refunded = transfer.refunds.reduce(0) { $0 + $1.amount.cents }
        guard refunded + amount.cents <= transfer.amount.cents else {
            throw .invalid("amount", "is more than what is left of the transfer")
        }
        let refund = PlaidRefund(
            id: PlaidText.newID(), key: key, transfer: transfer.id, amount: amount, created: now)
        transfers[index].refunds.append(refund)
        add("refund.pending", of: transfers[index], refund: refund.id)
        return ["refund": refund.document]
    }

    // MARK: Events

    /// Moves a transfer on, as a bank would.
    func simulate(_ body: JSONValue) throws(PlaidFault) -> JSONObject {
        let next = [
            "pending": ["posted", "failed"], "posted": ["settled", "returned"],
            "settled": ["funds_available", "returned"], "funds_available": ["returned"],
        ]
        let index = try index(of: body)
        let type = body["event_type"]?.string ?? ""
        guard next[transfers[index].status]?.contains(type) == true else {
            throw PlaidFault(
                type: "SANDBOX_ERROR", code: "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID",
                message: "\(type) cannot follow \(transfers[index].status)")
        }
        let reason = body["failure_reason"]
        let code = reason?["failure_code"]?.string ?? reason?["ach_return_code"]?.string ?? "R01"
        if type == "returned" || type == "failed" {
            let given: JSONValue = type == "returned" ? .string(code) : .null
            transfers[index].failure = .object([
                "failure_code": given, "ach_return_code": given,
                "description": .string(reason?["description"]?.string ?? "the sandbox was told so"),
            ])
        }
        transfers[index].status = type
        add(type, of: transfers[index])
        return [:]
    }

    func sync(_ body: JSONValue) -> JSONObject {
        let later = events.dropFirst(body["after_id"]?.integer ?? 0)
        let page = later.prefix(body["count"]?.integer ?? 100)
        return ["transfer_events": .array(Array(page)), "has_more": .bool(page.count < later.count)]
    }

    private func add(_ type: String, of transfer: PlaidMovement, refund: String? = nil) {
        events.append(
            .object([
                // The ids are 1, 2, 3, …: the place in the list.
                "event_id": .number("\(events.count + 1)"), "timestamp": .string(PlaidText.instant(now)),
                "event_type": .string(type), "account_id": .string(transfer.authorization.account.rawValue),
                "funding_account_id": .null, "ledger_id": .null, "transfer_id": .string(transfer.id),
                "origination_account_id": .string(PlaidText.origination),
                "transfer_type": .string(transfer.authorization.type), "transfer_amount": .string(transfer.amount.text),
                "failure_reason": refund == nil ? transfer.failure : .null, "sweep_id": .null, "sweep_amount": .null,
                "refund_id": refund.map { .string($0) } ?? .null, "originator_client_id": .null,
            ]))
    }

    private func item(of body: JSONValue) throws(PlaidFault) -> String {
        guard let item = body["access_token"]?.string.flatMap({ accessTokens[$0] }) else {
            throw .input("INVALID_ACCESS_TOKEN", "could not find matching access token")
        }
        return item
    }

    private func index(of body: JSONValue) throws(PlaidFault) -> Int {
        guard let index = transfers.firstIndex(where: { $0.id == body["transfer_id"]?.string }) else {
            throw .input("TRANSFER_NOT_FOUND", "could not find matching transfer")
        }
        return index
    }
}
